/** Windows of a row of ids with the ids that follow, and texts as rows of equal length. */
import { ConfigError } from '../../engine/errors.ts';
import { makePart, type Part } from '../part.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface WindowsOptions {
  /** Ids in a window. */
  readonly context: number;
  /** Ids from the start of one window to the next; default the context: each id is a target once. */
  readonly stride?: number;
  /** Where the first window starts; default 0. */
  readonly from?: number;
  /** `each` asks for the next id at every place, `last` only after the window; default `each`. */
  readonly target?: 'each' | 'last';
}

/**
 * Cuts ids into windows [n, context] with their next ids as targets: [n, context], or [n] for the last place alone.
 * Windows that lie side by side are views of the ids, not copies.
 */
export function textWindows(ids: Int32Array, options: WindowsOptions): Part {
  const { context, stride = context, from = 0, target = 'each' } = options;
  for (const [name, value, least] of [
    ['context', context, 1] as const,
    ['stride', stride, 1] as const,
    ['from', from, 0] as const,
  ])
    requireInteger(name, value, least);
  const n = Math.floor((ids.length - from - 1 - context) / stride) + 1;
  if (n < 1) {
    throw new ConfigError(`${ids.length - from} ids are too few for a window of ${context} and the id after it`, {
      ids: ids.length,
      from,
      context,
      help: 'use a shorter context or a longer text',
    });
  }
  const at = (row: number): number => from + row * stride;
  const x = cut(ids, n, at, stride, context);
  if (target === 'each') {
    const y = cut(ids, n, (row) => at(row) + 1, stride, context);
    return makePart({ x, featureShape: [context], y, targetShape: [context] });
  }
  return makePart({
    x,
    featureShape: [context],
    y: Int32Array.from({ length: n }, (_, row) => ids[at(row) + context]!),
  });
}

function cut(ids: Int32Array, n: number, at: (row: number) => number, stride: number, width: number): Int32Array {
  if (stride === width) return ids.subarray(at(0), at(0) + n * width);
  const out = new Int32Array(n * width);
  for (let row = 0; row < n; row++) out.set(ids.subarray(at(row), at(row) + width), row * width);
  return out;
}

/** Encodes texts as rows of `length` ids: longer ones are cut at the end, shorter ones filled with the vocabulary's padding. */
export function encodeRows(texts: readonly string[], vocabulary: Vocabulary, length: number): Int32Array {
  requireInteger('length', length, 1);
  const rows = new Int32Array(texts.length * length);
  texts.forEach((text, i) => {
    const ids = vocabulary.encode(text).subarray(0, length);
    if (ids.length < length && vocabulary.padding === null) {
      throw new ConfigError(
        `text ${i} has ${ids.length} tokens, fewer than ${length}, and the vocabulary has no padding`,
        {
          row: i,
          tokens: ids.length,
          help: "make the vocabulary with padding: '<pad>'",
        },
      );
    }
    rows.fill(vocabulary.padding ?? 0, i * length, (i + 1) * length);
    rows.set(ids, i * length);
  });
  return rows;
}

function requireInteger(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new ConfigError(`${name} must be an integer of ${least} or more, got ${value}`, { [name]: value });
}
