/** Line charts of braille characters, two by four dots each, with axes and units, as lines of text. */
import { linearTicks, roundRange } from './ticks.ts';
import { formatNumber } from './units.ts';

export interface TerminalSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number | null])[];
}

export interface TerminalChartOptions {
  /** Of the whole picture, in characters. */
  readonly width?: number;
  /** Of the plotting area, in lines. */
  readonly height?: number;
  readonly xLabel?: string;
  readonly yLabel?: string;
  readonly yRange?: readonly [number, number];
  /** Colours a piece of series i; the identity where it is left out. */
  readonly paint?: (text: string, series: number) => string;
}

interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** A line chart: the y label, the plot with its y axis, the x axis with its ends, and a legend. */
export function terminalChart(series: readonly TerminalSeries[], options: TerminalChartOptions = {}): string[] {
  const { width = 72, height = 12, xLabel = '', yLabel = '', paint = (text) => text } = options;
  const known = series.flatMap((s) => s.points.filter(isKnown));
  if (known.length === 0) return [`${yLabel} (nothing to draw)`.trim()];
  const y = options.yRange ?? roundRange(...extent(known.map((p) => p[1])), height / 3);
  const labels = yLabels(y, height);
  const gutter = Math.max(...labels.map((l) => l.length));
  const columns = Math.max(8, width - gutter - 2);
  const frame: Frame = { columns, rows: height, x: extent(known.map((p) => p[0])), y };
  const cells = rasterise(series, frame);
  const body = cells.map(
    (row, r) => `${labels[r]!.padStart(gutter)} ${labels[r] === '' ? '│' : '┤'}${paintRow(row, paint)}`,
  );
  return [...(yLabel === '' ? [] : [yLabel]), ...body, ...xAxisLines(frame, gutter, xLabel), legend(series, paint)];
}

const isKnown = (p: readonly [number, number | null]): p is readonly [number, number] =>
  p[1] !== null && Number.isFinite(p[1]) && Number.isFinite(p[0]);

const extent = (values: readonly number[]): [number, number] => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
  return [low, high];
};

/** The label of each line of the plot, empty where no tick falls on it. */
function yLabels([low, high]: readonly [number, number], rows: number): string[] {
  const labels = new Array<string>(rows).fill('');
  for (const tick of linearTicks(low, high, rows / 3)) {
    const row = Math.round((1 - (tick - low) / (high - low)) * (rows - 1));
    labels[Math.min(rows - 1, Math.max(0, row))] =
      tick === 0
        ? '0'
        : formatNumber(tick)
            .replace(/(\.\d*?)0+$/, '$1')
            .replace(/\.$/, '');
  }
  return labels;
}

interface Cell {
  dots: number;
  series: number;
}

/** Sets the dots of every series; a later series takes the colour of a cell it shares. */
function rasterise(series: readonly TerminalSeries[], frame: Frame): Cell[][] {
  const cells = Array.from({ length: frame.rows }, () =>
    Array.from({ length: frame.columns }, (): Cell => ({ dots: 0, series: -1 })),
  );
  const set = (px: number, py: number, s: number) => {
    const cell = cells[py >> 2]?.[px >> 1];
    if (cell === undefined) return;
    cell.dots |= dotBit(px & 1, py & 3);
    cell.series = s;
  };
  for (const [i, { points }] of series.entries()) {
    const dots = points.map((p) => (isKnown(p) ? project(p, frame) : null));
    for (const [k, dot] of dots.entries()) {
      const before = dots[k - 1];
      if (dot !== null) strokeTo(before ?? dot, dot, (px, py) => set(px, py, i));
    }
  }
  return cells;
}

/** The bit of a dot in a braille cell: column 0 or 1, row 0 to 3 from the top (Unicode block 2800). */
const dotBit = (column: number, row: number): number => (row === 3 ? 0x40 << column : (1 << row) << (3 * column));

function project([x, y]: readonly [number, number], frame: Frame): [number, number] {
  const along = (v: number, [low, high]: readonly [number, number], dots: number) =>
    Math.round((high > low ? (v - low) / (high - low) : 0.5) * (dots - 1));
  return [along(x, frame.x, 2 * frame.columns), 4 * frame.rows - 1 - along(y, frame.y, 4 * frame.rows)];
}

function strokeTo([x0, y0]: readonly number[], [x1, y1]: readonly number[], set: (x: number, y: number) => void): void {
  const steps = Math.max(1, Math.abs(x1! - x0!), Math.abs(y1! - y0!));
  for (let i = 0; i <= steps; i++) {
    set(Math.round(x0! + ((x1! - x0!) * i) / steps), Math.round(y0! + ((y1! - y0!) * i) / steps));
  }
}

/** Runs of cells of one series are painted together, so that a line of text holds few colour codes. */
function paintRow(row: readonly Cell[], paint: (text: string, series: number) => string): string {
  let out = '';
  for (let from = 0; from < row.length; ) {
    const { series } = row[from]!;
    let to = from;
    while (to < row.length && row[to]!.series === series) to++;
    const text = row.slice(from, to).map((c) => (c.dots === 0 ? ' ' : String.fromCodePoint(0x2800 + c.dots)));
    out += series < 0 ? text.join('') : paint(text.join(''), series);
    from = to;
  }
  return out.trimEnd();
}

function xAxisLines({ x, columns }: Frame, gutter: number, label: string): string[] {
  const [left, right] = x.map((v) => (Number.isInteger(v) ? String(v) : formatNumber(v)));
  const room = columns - left!.length - right!.length;
  const middle = label.length + 2 > room ? '' : label;
  const before = Math.floor((room - middle.length) / 2);
  const text = `${left}${' '.repeat(Math.max(1, before))}${middle}${' '.repeat(Math.max(1, room - middle.length - before))}${right}`;
  return [`${' '.repeat(gutter)} └${'─'.repeat(columns)}`, `${' '.repeat(gutter + 2)}${text}`];
}

const legend = (series: readonly TerminalSeries[], paint: (text: string, series: number) => string): string =>
  series.map((s, i) => `${paint('━━', i)} ${s.name}`).join('   ');
