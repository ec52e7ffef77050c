/** Tables that fit the width they are given: the least important columns go first, then the first column is cut. */
import { pad, type Style, textWidth, truncate } from './text.ts';

export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
  /** Columns of high rank are left out first when the table is too wide; rank 0 always stays. */
  readonly rank?: number;
}

export interface TableOptions {
  readonly width: number;
  readonly style: Style;
}

const gap = '  ';

/** Lays out rows of cells as lines of text no wider than the width; a last line names columns left out. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string[] {
  const { width, style } = options;
  const needed = columns.map((c, i) => Math.max(textWidth(c.head), ...rows.map((row) => textWidth(row[i]!))));
  const kept = keptColumns(columns, needed, width);
  const rest = sum(kept.slice(1).map((i) => needed[i]! + gap.length));
  const widths = new Map(kept.map((i) => [i, needed[i]!]));
  widths.set(kept[0]!, Math.min(needed[kept[0]!]!, Math.max(8, width - rest)));
  const line = (cells: readonly string[]) =>
    truncate(
      kept
        .map((i) => pad(truncate(cells[i]!, widths.get(i)!), widths.get(i)!, columns[i]!.align))
        .join(gap)
        .trimEnd(),
      width,
    );
  const head = line(columns.map((c) => c.head));
  const rule = '─'.repeat(Math.min(width, sum([...widths.values()]) + gap.length * (kept.length - 1)));
  const out = columns.filter((_, i) => !kept.includes(i)).map((c) => c.head);
  const note = out.length === 0 ? [] : [style.dim(truncate(`not shown for want of width: ${out.join(', ')}`, width))];
  return [style.dim(head), style.dim(rule), ...rows.map(line), ...note];
}

function keptColumns(columns: readonly Column[], needed: readonly number[], width: number): number[] {
  let kept = columns.map((_, i) => i);
  const total = () => sum(kept.map((i) => needed[i]!)) + gap.length * (kept.length - 1);
  while (total() > width) {
    const rank = Math.max(...kept.map((i) => columns[i]!.rank ?? 0));
    if (rank === 0) break;
    const last = kept.findLast((i) => (columns[i]!.rank ?? 0) === rank);
    kept = kept.filter((i) => i !== last);
  }
  return kept;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
