/** Many small line charts in one picture, on the same scales, each with its name above it. */
import { type AxisOptions, heading, type Scale, scale, xAxis, yGutter } from './axes.ts';
import type { LineSeries } from './line-chart.ts';
import { seriesColor } from './palette.ts';
import { element, label, picture, polyline, textLength } from './svg.ts';

/** One small chart. */
export interface Panel {
  readonly name: string;
  /** A word on the right of the name. */
  readonly note?: string;
  readonly series: readonly LineSeries[];
}

export interface SmallMultiplesOptions {
  readonly title: string;
  readonly description?: string;
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly columns?: number;
  readonly width?: number;
  /** Of one panel's plot. */
  readonly height?: number;
  /** A dotted line of reference at this y. */
  readonly reference?: number;
  /** Names in the order of the colours; those of the first panel unless said. */
  readonly legend?: readonly string[];
}

const GAP = 18;
const NAME = 20;
const TOP = 76;

/** Draws panels in rows; series of the same place share a colour. */
export function smallMultiples(panels: readonly Panel[], options: SmallMultiplesOptions): string {
  const { title, columns = 4, width = 1000, height = 84, reference } = options;
  const points = panels.flatMap((p) => p.series.flatMap((s) => s.points));
  const values = points.flatMap((p) => (p.y === null ? [] : [p.y, p.low ?? p.y, p.high ?? p.y]));
  const y = scale([...values, ...(reference === undefined ? [] : [reference])], [height, 0], options.y, 3);
  const left = 8 + yGutter(y);
  const across = (width - left - 12 - GAP * (columns - 1)) / columns;
  const xs = points.map((p) => p.x);
  const range: [number, number] = xs.length === 0 ? [0, 1] : [Math.min(...xs), Math.max(...xs)];
  const x = scale(xs, [0, across], { range, ...options.x }, 2);
  const rows = Math.ceil(panels.length / columns);
  const pitch = height + NAME + GAP;
  const foot = TOP + rows * pitch - GAP;
  const drawn = panels.map((panel, i) => {
    const at = [left + (i % columns) * (across + GAP), TOP + NAME + Math.floor(i / columns) * pitch] as const;
    const isLast = i + columns >= panels.length;
    return panelAt(panel, at, { x, y, across, height, reference, hasY: i % columns === 0, hasX: isLast });
  });
  return picture(
    {
      title,
      description: options.description ?? `${panels.length} charts of ${options.y.label} by ${options.x.label}.`,
      width,
      height: foot + 46,
    },
    heading(title),
    label(y.title, { x: 16, y: 46, class: 'muted' }),
    ...legendOf(options.legend ?? panels[0]?.series.map((s) => s.name) ?? [], width),
    ...drawn,
    label(x.title, { x: width - 12, y: foot + 38, 'text-anchor': 'end', class: 'muted' }),
  );
}

interface PanelFrame {
  readonly x: Scale;
  readonly y: Scale;
  readonly across: number;
  readonly height: number;
  readonly reference: number | undefined;
  readonly hasX: boolean;
  readonly hasY: boolean;
}

function panelAt({ name, note, series }: Panel, [left, top]: readonly [number, number], frame: PanelFrame): string {
  const { x, y, across, height, reference, hasX, hasY } = frame;
  const rules = y.ticks.map((t) =>
    element('line', { x1: 0, x2: across, y1: y.at(t), y2: y.at(t), stroke: 'var(--line)' }),
  );
  const marks = hasY
    ? y.ticks.map((t) => label(y.format(t), { x: -8, y: y.at(t), dy: '.32em', 'text-anchor': 'end', class: 'muted' }))
    : [];
  const dotted =
    reference === undefined
      ? []
      : [
          element('line', {
            x1: 0,
            x2: across,
            y1: y.at(reference),
            y2: y.at(reference),
            stroke: 'var(--muted)',
            'stroke-dasharray': '1 3',
          }),
        ];
  return element(
    'g',
    { transform: `translate(${left.toFixed(1)},${top.toFixed(1)})` },
    label(fitted(name, across - (note === undefined ? 0 : textLength(note) + 6)), { x: 0, y: -7 }),
    ...(note === undefined ? [] : [label(note, { x: across, y: -7, 'text-anchor': 'end', class: 'muted' })]),
    ...rules,
    ...marks,
    ...(hasX ? [xAxis({ ...x, title: '' }, { left: 0, right: across, top: 0, bottom: height })] : []),
    ...dotted,
    ...series.map((s, i) => line(s, i, x, y)),
  );
}

/** A line with its band; the first is the thickest. */
function line({ points }: LineSeries, i: number, x: Scale, y: Scale): string {
  const color = seriesColor(i);
  const at = (px: number, v: number | null | undefined): [number, number] | null =>
    v === null || v === undefined || !Number.isFinite(y.at(v)) ? null : [x.at(px), y.at(v)];
  const banded = points.filter((p) => at(p.x, p.low) !== null && at(p.x, p.high) !== null);
  const outline = [...banded.map((p) => at(p.x, p.high)), ...banded.toReversed().map((p) => at(p.x, p.low))];
  const band =
    banded.length > 1
      ? [element('path', { d: `${polyline(outline)}Z`, fill: color, 'fill-opacity': 0.16, stroke: 'none' })]
      : [];
  const path = element('path', {
    d: polyline(points.map((p) => at(p.x, p.y))),
    'stroke-width': i === 0 ? 2 : 1.4,
    'stroke-linejoin': 'round',
  });
  return element('g', { fill: 'none', stroke: color }, ...band, path);
}

/** Names beside short strokes, from the right. */
function legendOf(names: readonly string[], width: number): string[] {
  let right = width - 12;
  return names
    .map((name, i) => ({ name, i }))
    .toReversed()
    .flatMap(({ name, i }) => {
      const start = right - textLength(name);
      right = start - 42;
      return [
        element('line', {
          x1: start - 24,
          x2: start - 6,
          y1: 42,
          y2: 42,
          stroke: seriesColor(i),
          'stroke-width': i === 0 ? 2 : 1.4,
        }),
        label(name, { x: start, y: 46 }),
      ];
    });
}

function fitted(text: string, width: number): string {
  let shown = text;
  while (shown.length > 1 && textLength(shown) > width) shown = `${shown.replace(/…$/, '').slice(0, -1)}…`;
  return shown;
}
