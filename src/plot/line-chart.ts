/** A static line chart with bands, each line named at its end. */
import { type Area, type AxisOptions, heading, type Scale, scale, xAxis, yAxis, yGutter } from './axes.ts';
import { seriesColor, seriesDash } from './palette.ts';
import { element, label, picture, polyline, textLength } from './svg.ts';

export interface LinePoint {
  readonly x: number;
  /** Null leaves a gap. */
  readonly y: number | null;
  /** The band around y, where there is one. */
  readonly low?: number;
  readonly high?: number;
}

export interface LineSeries {
  readonly name: string;
  readonly points: readonly LinePoint[];
}

export interface LineChartOptions {
  readonly title: string;
  readonly description?: string;
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly width?: number;
  readonly height?: number;
  /** A dotted line of reference at this y. */
  readonly reference?: number;
}

/** Draws lines with bands as an SVG document; at most some twenty series stay readable. */
export function lineChart(series: readonly LineSeries[], options: LineChartOptions): string {
  const { title, width = 640, height = 360 } = options;
  const points = series.flatMap((s) => s.points);
  const reference = options.reference === undefined ? [] : [options.reference];
  const yValues = points.flatMap((p) => (p.y === null ? [] : [p.y, p.low ?? p.y, p.high ?? p.y]));
  const y = scale([...yValues, ...reference], [height - 52, 66], options.y);
  const names = Math.max(0, ...series.map((s) => textLength(s.name)));
  const area: Area = { left: 8 + yGutter(y), right: width - 26 - names, top: 66, bottom: height - 52 };
  const xs = points.map((p) => p.x);
  const fit: AxisOptions = { range: [Math.min(...xs), Math.max(...xs)], ...options.x };
  const x = scale(
    xs,
    [area.left, area.right],
    xs.length > 0 && new Set(xs).size > 1 ? fit : options.x,
    Math.floor(width / 110),
  );
  return picture(
    { title, description: options.description ?? describeLines(series, options), width, height },
    heading(title),
    yAxis(y, area),
    xAxis(x, area),
    ...reference.map((at) =>
      element('line', {
        x1: area.left,
        x2: area.right,
        y1: y.at(at),
        y2: y.at(at),
        stroke: 'var(--muted)',
        'stroke-dasharray': '1 3',
      }),
    ),
    ...series.map((s, i) => seriesMarks(s, i, x, y)),
    ...endLabels(series, y, area),
  );
}

function seriesMarks(series: LineSeries, i: number, x: Scale, y: Scale): string {
  const at = (p: LinePoint, v: number | null | undefined): [number, number] | null => {
    if (v === null || v === undefined) return null;
    const spot: [number, number] = [x.at(p.x), y.at(v)];
    return spot.every(Number.isFinite) ? spot : null; // off a logarithmic axis
  };
  const spots = series.points.map((p) => at(p, p.y));
  const banded = series.points.filter((p) => at(p, p.low) !== null && at(p, p.high) !== null);
  const outline = [...banded.map((p) => at(p, p.high)), ...banded.toReversed().map((p) => at(p, p.low))];
  const color = seriesColor(i);
  const lone = spots.flatMap((p, k) =>
    p !== null && (spots[k - 1] ?? null) === null && (spots[k + 1] ?? null) === null ? [p] : [],
  );
  return element(
    'g',
    { fill: 'none', stroke: color },
    ...(banded.length > 1
      ? [element('path', { d: `${polyline(outline)}Z`, fill: color, 'fill-opacity': 0.16, stroke: 'none' })]
      : []),
    element('path', {
      d: polyline(spots),
      'stroke-width': 2,
      'stroke-linejoin': 'round',
      'stroke-dasharray': seriesDash(i) || undefined,
    }),
    ...lone.map(([cx, cy]) => element('circle', { cx, cy, r: 3, fill: color, stroke: 'none' })),
  );
}

/** The names beside the ends of the lines, pushed apart where they would overlap. */
function endLabels(series: readonly LineSeries[], y: Scale, area: Area): string[] {
  const ends = series.flatMap((s, i) => {
    const last = s.points.findLast((p) => p.y !== null && Number.isFinite(y.at(p.y)));
    return last === undefined ? [] : [{ name: s.name, i, at: y.at(last.y!) }];
  });
  const spread = pushApart(
    ends.map((e) => e.at),
    Math.min(15, (area.bottom - area.top) / Math.max(1, ends.length)),
    area,
  );
  return ends.map((e, k) =>
    label(e.name, { x: area.right + 8, y: spread[k]!, dy: '.32em', style: `fill:${seriesColor(e.i)}` }),
  );
}

/** Places near the wanted ones, at least `gap` apart and inside the area; order is kept. */
export function pushApart(wanted: readonly number[], gap: number, area: Pick<Area, 'top' | 'bottom'>): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let floor = area.top - gap;
  for (const i of order) {
    placed[i] = Math.max(wanted[i]!, floor + gap);
    floor = placed[i]!;
  }
  let ceiling = area.bottom + gap;
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i]!, ceiling - gap);
    ceiling = placed[i]!;
  }
  return placed;
}

function describeLines(series: readonly LineSeries[], { x, y }: LineChartOptions): string {
  const ends = series.map((s) => `${s.name} ends at ${s.points.findLast((p) => p.y !== null)?.y ?? 'no value'}`);
  return `Lines of ${y.label} by ${x.label}: ${ends.join(', ')}.`;
}
