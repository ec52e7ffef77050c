/** SVG as text: elements, safe escaping, and the frame of a picture with its title, description and colours. */
import { themeCss } from './palette.ts';

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Text made safe for XML content and quoted attributes. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[^\P{Cc}\t\n\r]/gu, '');

/** One element; attributes that are undefined are left out, numbers are rounded to hundredths. */
export function element(tag: string, attributes: Attributes, ...children: readonly string[]): string {
  const pairs = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [` ${name}="${typeof value === 'number' ? number(value) : escapeXml(value)}"`],
  );
  return children.length === 0
    ? `<${tag}${pairs.join('')}/>`
    : `<${tag}${pairs.join('')}>${children.join('')}</${tag}>`;
}

/** A text element. */
export const label = (text: string, attributes: Attributes): string => element('text', attributes, escapeXml(text));

const number = (value: number): string => String(Math.round(value * 100) / 100 + 0);

/** A path through points, in straight pieces, broken at null. */
export function polyline(points: readonly (readonly [number, number] | null)[]): string {
  return points
    .map((p, i) => (p === null ? '' : `${(points[i - 1] ?? null) === null ? 'M' : 'L'}${number(p[0])},${number(p[1])}`))
    .join('');
}

/** About how wide a text is in the sans-serif of the pictures, in pixels. */
export function textLength(text: string, size = 12): number {
  let em = 0;
  for (const c of text)
    em += /[ijlI.,:;'|!()[\]]/.test(c) ? 0.32 : /[mwMW@%]/.test(c) ? 0.9 : /[A-Z0-9]/.test(c) ? 0.66 : 0.56;
  return em * size;
}

export interface PictureOptions {
  /** Says what is shown; also the accessible name. */
  readonly title: string;
  /** Says what is to be seen, for readers who cannot see it. */
  readonly description?: string;
  readonly width: number;
  readonly height: number;
}

export const fontFamily = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";

/** A complete SVG document with title, description, and colours that follow the reader's theme. */
export function picture(
  { title, description = '', width, height }: PictureOptions,
  ...body: readonly string[]
): string {
  const id = `p${hash(`${title}\n${description}\n${body.join('')}`)}`;
  const style = `${themeCss('.cotangent')}
.cotangent{font:12px ${fontFamily};font-variant-numeric:tabular-nums}
.cotangent text{fill:var(--ink)}.cotangent .muted{fill:var(--muted)}.cotangent .title{font-size:14px;font-weight:600}`;
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'cotangent',
      width,
      height,
      viewBox: `0 0 ${number(width)} ${number(height)}`,
      role: 'img',
      'aria-labelledby': `${id}t ${id}d`,
    },
    element('title', { id: `${id}t` }, escapeXml(title)),
    element('desc', { id: `${id}d` }, escapeXml(description)),
    `<style>${style}</style>`,
    element('rect', { width, height, rx: 8, fill: 'var(--surface)' }),
    ...body,
  );
}

/** FNV-1a, so that the ids of two pictures in one page differ and the same picture is always the same text. */
function hash(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h.toString(36);
}
