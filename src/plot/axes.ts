/** Scales and axes of the static charts: where a value stands, which ticks are drawn, and what they say. */
import { element, label, textLength } from './svg.ts';
import { linearTicks, logTicks, roundRange } from './ticks.ts';
import { formatNumber } from './units.ts';

export interface AxisOptions {
  /** What is measured. */
  readonly label: string;
  /** Written behind the label in parentheses. */
  readonly unit?: string;
  readonly log?: boolean;
  readonly range?: readonly [number, number];
  readonly format?: (value: number) => string;
}

export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
  /** Label and unit. */
  readonly title: string;
}

/** The rectangle that data are drawn in, in pixels. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A scale that holds the values and runs over pixels [from, to]; a logarithmic one leaves out what is not positive. */
export function scale(
  values: readonly number[],
  [from, to]: readonly [number, number],
  axis: AxisOptions,
  count = 5,
): Scale {
  const isLog = axis.log === true;
  const known = values.filter((v) => Number.isFinite(v) && (!isLog || v > 0));
  const [low, high] =
    axis.range ?? (known.length === 0 ? [isLog ? 1 : 0, isLog ? 10 : 1] : widened(known, isLog, count));
  const place = isLog ? Math.log10 : (v: number) => v;
  const at = (v: number) => from + ((place(v) - place(low)) / (place(high) - place(low))) * (to - from);
  const ticks = isLog ? logTicks(low, high, count + 2) : linearTicks(low, high, count);
  const title = axis.unit === undefined ? axis.label : `${axis.label} (${axis.unit})`;
  return { at, ticks, format: axis.format ?? tickText, title };
}

function widened(values: readonly number[], isLog: boolean, count: number): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (!isLog) return roundRange(low, high, count);
  return low === high ? [low / 2, high * 2] : [low * 0.95, high * 1.05];
}

/** A tick as it would be written by hand: no zeros that say nothing. */
export const tickText = (value: number): string => {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value).replace('-', '−');
  const text = formatNumber(value);
  return text.includes('e') || !text.includes('.') ? text : text.replace(/\.?0+$/, '');
};

/** Pixels that the tick labels of a vertical axis need. */
export const yGutter = (y: Scale): number => Math.max(...y.ticks.map((t) => textLength(y.format(t)))) + 12;

/** A vertical axis: its title above, a line of the grid and a label for every tick. */
export function yAxis(y: Scale, area: Area): string {
  const ticks = y.ticks.map(
    (t) =>
      element('line', { x1: area.left, x2: area.right, y1: y.at(t), y2: y.at(t), stroke: 'var(--line)' }) +
      label(y.format(t), { x: area.left - 8, y: y.at(t), dy: '.32em', 'text-anchor': 'end', class: 'muted' }),
  );
  return element('g', { 'aria-hidden': 'true' }, label(y.title, { x: 16, y: area.top - 14, class: 'muted' }), ...ticks);
}

/** A horizontal axis: a mark and a label for every tick, its title below on the right. */
export function xAxis(x: Scale, area: Area, withGrid = false): string {
  const ticks = x.ticks.map(
    (t) =>
      element('line', {
        x1: x.at(t),
        x2: x.at(t),
        y1: withGrid ? area.top : area.bottom,
        y2: area.bottom + 4,
        stroke: 'var(--line)',
      }) + label(x.format(t), { x: x.at(t), y: area.bottom + 18, 'text-anchor': 'middle', class: 'muted' }),
  );
  const title = label(x.title, { x: area.right, y: area.bottom + 36, 'text-anchor': 'end', class: 'muted' });
  return element('g', { 'aria-hidden': 'true' }, ...ticks, title);
}

/** The title of a picture. */
export const heading = (title: string): string => label(title, { x: 16, y: 25, class: 'title' });
