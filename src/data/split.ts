/** Splits rows into a training and a test part by key, evenly over the classes. */
import { ConfigError } from '../engine/errors.ts';
import { foldIn, HostRandom, type KeyWords } from '../engine/threefry.ts';
import { type Part, takeRows } from './part.ts';

export interface SplitOptions {
  readonly key: KeyWords;
  /** Share of the training part; default 0.7. */
  readonly share?: number;
}

export interface SplitRows {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/** Splits row numbers so that each class gives its share (rounded) to the training part; both come in random order. */
export function stratifiedRows(labels: ArrayLike<number>, { key, share = 0.7 }: SplitOptions): SplitRows {
  requireShare(share);
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const rows = byClass.get(labels[i]!) ?? [];
    rows.push(i);
    byClass.set(labels[i]!, rows);
  }
  const train: number[] = [];
  const test: number[] = [];
  for (const [label, rows] of [...byClass].sort(([a], [b]) => a - b)) {
    const shuffled = shuffle(rows, foldIn(key, label));
    const cut = Math.round(share * rows.length);
    train.push(...shuffled.slice(0, cut));
    test.push(...shuffled.slice(cut));
  }
  return { train: shuffle(train, foldIn(key, 0xffff_fffe)), test: shuffle(test, foldIn(key, 0xffff_ffff)) };
}

/** Splits row numbers without regard to targets. */
export function randomRows(n: number, { key, share = 0.7 }: SplitOptions): SplitRows {
  requireShare(share);
  const order = new HostRandom(key).permutation(n);
  const cut = Math.round(share * n);
  return { train: order.slice(0, cut), test: order.slice(cut) };
}

/** Splits a part, stratified where the targets are labels. */
export function splitPart(part: Part, options: SplitOptions): { train: Part; test: Part } {
  const rows = part.y instanceof Int32Array ? stratifiedRows(part.y, options) : randomRows(part.n, options);
  return { train: takeRows(part, rows.train), test: takeRows(part, rows.test) };
}

const shuffle = (rows: readonly number[], key: KeyWords): Int32Array =>
  new HostRandom(key).permutation(rows.length).map((i) => rows[i]!);

function requireShare(share: number): void {
  if (share > 0 && share < 1) return;
  throw new ConfigError(`the share of the training part must lie between 0 and 1, got ${share}`, {
    share,
    help: 'use 0.7',
  });
}
