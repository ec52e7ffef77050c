/** Pictures of characters: sparklines, bars and progress meters, as plain text without colour. */

const blocks = '▁▂▃▄▅▆▇█';
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export interface SparklineOptions {
  /** Number of characters at most; longer series are averaged into that many buckets. */
  readonly width?: number;
  readonly min?: number;
  readonly max?: number;
}

/** One character per value, by height; what is not finite is a gap. */
export function sparkline(values: readonly (number | null)[], options: SparklineOptions = {}): string {
  const buckets = resample(values, options.width ?? values.length);
  const known = buckets.filter((v): v is number => v !== null);
  const low = options.min ?? Math.min(...known);
  const high = options.max ?? Math.max(...known);
  const level = (v: number) => (high > low ? Math.round(((v - low) / (high - low)) * 7) : 0);
  return buckets.map((v) => (v === null ? ' ' : blocks[Math.min(7, Math.max(0, level(v)))]!)).join('');
}

/** Averages a series into `width` buckets of nearly equal length; shorter series stay as they are. */
export function resample(values: readonly (number | null)[], width: number): (number | null)[] {
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * values.length) / count);
    const to = Math.floor(((i + 1) * values.length) / count);
    const known = values.slice(from, to).filter((v): v is number => v !== null && Number.isFinite(v));
    return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
  });
}

/** A horizontal bar of value / max · width characters, to an eighth of a character. */
export function bar(value: number, max: number, width: number): string {
  const length = max > 0 && Number.isFinite(value) ? Math.round(8 * width * Math.min(1, Math.max(0, value / max))) : 0;
  return '█'.repeat(Math.floor(length / 8)) + eighths[length % 8]!;
}

/** A progress meter in two parts, done and left, together `width` characters. */
export function meter(fraction: number, width: number): { readonly done: string; readonly left: string } {
  const halves = Math.round(2 * width * Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0)));
  const done = '━'.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '╸' : '');
  return { done, left: '─'.repeat(width - done.length) };
}
