/** A static chart of horizontal bars with intervals and the numbers written beside them. */
import { type AxisOptions, heading, scale, xAxis } from './axes.ts';
import { seriesColor } from './palette.ts';
import { element, label, picture, textLength } from './svg.ts';
import { formatNumber } from './units.ts';

export interface Bar {
  readonly name: string;
  /** Null draws no bar and writes an en dash. */
  readonly value: number | null;
  /** The ends of an interval around the value. */
  readonly low?: number;
  readonly high?: number;
}

export interface BarChartOptions {
  readonly title: string;
  readonly description?: string;
  readonly x: AxisOptions;
  readonly width?: number;
  /** Gives every bar a colour of its own, in the order of the series colours. */
  readonly colored?: boolean;
}

const rowHeight = 26;

/** Draws bars from zero as an SVG document; the height follows from their number. */
export function barChart(bars: readonly Bar[], options: BarChartOptions): string {
  const { title, width = 640 } = options;
  const show = options.x.format ?? ((v: number) => formatNumber(v));
  const [top, bottom] = [42, 42 + rowHeight * bars.length];
  const texts = bars.map((b) => (b.value === null ? '–' : show(b.value)));
  const left = 28 + Math.max(0, ...bars.map((b) => textLength(b.name)));
  const right = width - 30 - Math.max(0, ...texts.map((t) => textLength(t)));
  const values = bars.flatMap((b) => (b.value === null ? [] : [b.value, b.low ?? b.value, b.high ?? b.value]));
  const x = scale([0, ...values], [left, right], options.x, Math.max(2, Math.floor(width / 140)));
  const rows = bars.map((bar, i) => {
    const middle = top + rowHeight * (i + 0.5);
    const color = seriesColor(options.colored === true ? i : 0);
    const end = bar.value === null ? left : Math.max(x.at(bar.value), x.at(bar.high ?? bar.value));
    return (
      label(bar.name, { x: left - 10, y: middle, dy: '.32em', 'text-anchor': 'end' }) +
      (bar.value === null ? '' : barMarks(bar, bar.value, middle, x.at, color)) +
      label(texts[i]!, { x: end + 8, y: middle, dy: '.32em', class: 'muted' })
    );
  });
  return picture(
    { title, description: options.description ?? describeBars(bars, texts, options), width, height: bottom + 48 },
    heading(title),
    xAxis(x, { left, right, top, bottom }, true),
    ...rows,
  );
}

function barMarks(bar: Bar, value: number, middle: number, at: (v: number) => number, color: string): string {
  const [from, to] = [at(0), at(value)].sort((a, b) => a - b) as [number, number];
  const body = element('rect', {
    x: from,
    y: middle - 8,
    width: to - from,
    height: 16,
    rx: 2,
    fill: color,
    'fill-opacity': 0.85,
  });
  if (bar.low === undefined || bar.high === undefined) return body;
  const whisker = `M${at(bar.low)},${middle}H${at(bar.high)}M${at(bar.low)},${middle - 4}v8M${at(bar.high)},${middle - 4}v8`;
  return body + element('path', { d: whisker, fill: 'none', stroke: 'var(--ink)', 'stroke-width': 1.5 });
}

const describeBars = (bars: readonly Bar[], texts: readonly string[], { x }: BarChartOptions): string =>
  `Bars of ${x.label}: ${bars.map((b, i) => `${b.name} ${texts[i]}`).join(', ')}.`;
