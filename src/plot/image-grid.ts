/** A grid of small images with captions, such as digits beside what a model says about them. */
import { heading } from './axes.ts';
import { type Pixels, pngDataUrl } from './png.ts';
import { element, label, picture, textLength } from './svg.ts';

export interface GridImage {
  readonly pixels: Pixels;
  readonly caption?: string;
  /** Sets the caption in the colour of a warning, such as for a wrong answer. */
  readonly isMarked?: boolean;
}

export interface ImageGridOptions {
  readonly title: string;
  readonly description?: string;
  readonly columns?: number;
  /** Screen pixels per image pixel; 2 by default. */
  readonly zoom?: number;
}

const gap = 10;

/** Draws images row by row as an SVG document; all cells have the size of the largest image. */
export function imageGrid(images: readonly GridImage[], options: ImageGridOptions): string {
  const { title, columns = Math.min(10, Math.max(1, images.length)), zoom = 2 } = options;
  const wide = Math.max(1, ...images.map((m) => m.pixels.width)) * zoom;
  const tall = Math.max(1, ...images.map((m) => m.pixels.height)) * zoom;
  const captionHeight = images.some((m) => m.caption !== undefined) ? 18 : 0;
  const rows = Math.ceil(images.length / columns);
  const cells = images.map((image, i) => {
    const x = 16 + (i % columns) * (wide + gap);
    const y = 42 + Math.floor(i / columns) * (tall + captionHeight + gap);
    return gridCell(image, { x, y, zoom, captionY: y + tall + 13, middle: x + wide / 2 });
  });
  const captions = images.flatMap((m) => m.caption ?? []).join(', ');
  return picture(
    {
      title,
      description: options.description ?? `${images.length} images${captions === '' ? '' : `: ${captions}`}.`,
      width: Math.max(32 + columns * (wide + gap) - gap, 32 + textLength(title, 14)),
      height: 52 + rows * (tall + captionHeight + gap) - gap,
    },
    heading(title),
    ...cells,
  );
}

function gridCell(
  { pixels, caption, isMarked }: GridImage,
  at: { x: number; y: number; zoom: number; captionY: number; middle: number },
): string {
  const image = element('image', {
    x: at.x,
    y: at.y,
    width: pixels.width * at.zoom,
    height: pixels.height * at.zoom,
    href: pngDataUrl(pixels),
    style: 'image-rendering:pixelated',
  });
  if (caption === undefined) return image;
  const style = isMarked === true ? 'fill:var(--series-1);font-weight:600' : undefined;
  return image + label(caption, { x: at.middle, y: at.captionY, 'text-anchor': 'middle', style });
}
