/** A static heat map: a table of numbers as colours, with a colour bar that tells what they mean. */
import { heading, tickText } from './axes.ts';
import { divergingColor, sequentialColor } from './palette.ts';
import { element, label, picture, textLength } from './svg.ts';
import { linearTicks } from './ticks.ts';

export interface HeatMapOptions {
  readonly title: string;
  readonly description?: string;
  /** What a cell measures, with its unit. */
  readonly label: string;
  readonly rows?: readonly string[];
  readonly columns?: readonly string[];
  readonly rowLabel?: string;
  readonly columnLabel?: string;
  /** Diverging for signed values (zero is neutral), sequential for magnitudes; by default what the values call for. */
  readonly colors?: 'sequential' | 'diverging';
  readonly range?: readonly [number, number];
  /** Pixels; by default what fills some 420 pixels, at most 34. */
  readonly cell?: number;
}

/** Draws a row-major table as an SVG document; null and NaN cells stay empty. */
export function heatMap(values: readonly (readonly (number | null)[])[], options: HeatMapOptions): string {
  const across = Math.max(1, ...values.map((row) => row.length));
  const cell = options.cell ?? Math.max(2, Math.min(34, 420 / Math.max(across, values.length)));
  const { range, color } = coloring(values.flat(), options);
  const left =
    20 + (options.rowLabel === undefined ? 0 : 18) + Math.max(0, ...(options.rows ?? []).map((r) => textLength(r) + 6));
  const top = 48 + (options.columns === undefined ? 0 : 18);
  const [right, bottom] = [left + cell * across, top + cell * values.length];
  const height = Math.max(bottom, top + 96) + (options.columnLabel === undefined ? 18 : 36);
  const cells = values.flatMap((row, r) =>
    row.map((v, c) =>
      v === null || Number.isNaN(v)
        ? ''
        : element(
            'rect',
            { x: left + c * cell, y: top + r * cell, width: cell, height: cell, fill: color(v) },
            element('title', {}, cellText(v, r, c, options)),
          ),
    ),
  );
  const barTop = Math.max(bottom, top + 96);
  const bar = colorBar(range, color, { left: right + 22, top, bottom: barTop });
  const width = Math.max(
    right + 40 + bar.width,
    textLength(options.title, 14) + 32,
    right + 22 + textLength(options.label) + 16,
  );
  return picture(
    {
      title: options.title,
      description:
        options.description ??
        `Heat map of ${options.label}, ${values.length} by ${across} cells from ${tickText(range[0])} to ${tickText(range[1])}.`,
      width,
      height,
    },
    heading(options.title),
    ...names(options, { left, top, right, bottom, cell }),
    // Neighbouring cells would show a seam where their edge falls between two pixels.
    element('g', { 'shape-rendering': 'crispEdges' }, ...cells),
    label(options.label, { x: right + 22, y: top - 8, class: 'muted' }),
    bar.svg,
  );
}

interface Coloring {
  readonly range: readonly [number, number];
  readonly color: (value: number) => string;
}

function coloring(values: readonly (number | null)[], options: HeatMapOptions): Coloring {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of values) if (v !== null && Number.isFinite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (!(high >= low)) [low, high] = [0, 1];
  const isDiverging = (options.colors ?? (low < 0 && high > 0 ? 'diverging' : 'sequential')) === 'diverging';
  const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const range = options.range ?? (isDiverging ? [-reach, reach] : low === high ? [low, low + 1] : [low, high]);
  const ramp = isDiverging ? divergingColor : sequentialColor;
  return { range, color: (v) => ramp((v - range[0]) / (range[1] - range[0])) };
}

const cellText = (value: number, r: number, c: number, { rows, columns }: HeatMapOptions): string =>
  `${rows?.[r] ?? `row ${r}`}, ${columns?.[c] ?? `column ${c}`}: ${tickText(value)}`.replace(/[&<>]/g, ' ');

function names(
  options: HeatMapOptions,
  at: { left: number; top: number; right: number; bottom: number; cell: number },
): string[] {
  const { left, top, right, bottom, cell } = at;
  const middle = (top + bottom) / 2;
  return [
    ...(options.rows ?? []).map((r, i) =>
      label(r, { x: left - 6, y: top + cell * (i + 0.5), dy: '.32em', 'text-anchor': 'end' }),
    ),
    ...(options.columns ?? []).map((c, i) =>
      label(c, { x: left + cell * (i + 0.5), y: top - 6, 'text-anchor': 'middle' }),
    ),
    ...(options.rowLabel === undefined
      ? []
      : [
          label(options.rowLabel, {
            transform: `translate(24 ${middle}) rotate(-90)`,
            'text-anchor': 'middle',
            class: 'muted',
          }),
        ]),
    ...(options.columnLabel === undefined
      ? []
      : [
          label(options.columnLabel, {
            x: (left + right) / 2,
            y: bottom + 20,
            'text-anchor': 'middle',
            class: 'muted',
          }),
        ]),
  ];
}

function colorBar(
  range: readonly [number, number],
  color: (v: number) => string,
  at: { left: number; top: number; bottom: number },
): { svg: string; width: number } {
  const steps = 48;
  const size = (at.bottom - at.top) / steps;
  const value = (t: number) => range[0] + t * (range[1] - range[0]);
  const blocks = Array.from({ length: steps }, (_, i) =>
    element('rect', {
      x: at.left,
      y: at.bottom - (i + 1) * size,
      width: 12,
      height: size + 0.5,
      fill: color(value((i + 0.5) / steps)),
    }),
  );
  const ticks = linearTicks(range[0], range[1], 4);
  const place = (t: number) => at.bottom - ((t - range[0]) / (range[1] - range[0])) * (at.bottom - at.top);
  const texts = ticks.map((t) => label(tickText(t), { x: at.left + 18, y: place(t), dy: '.32em', class: 'muted' }));
  return {
    svg: element('g', { 'aria-hidden': 'true', 'shape-rendering': 'crispEdges' }, ...blocks, ...texts),
    width: 18 + Math.max(...ticks.map((t) => textLength(tickText(t)))),
  };
}
