/**
 * The ops beneath the random functions: Threefry words and derived keys, words as numbers in the unit interval, ranks.
 *
 * The words are those of `threefry.ts`, so tensors and the host draw the same numbers from the same key.
 */

import { normalQuantileEmit } from '../backends/wasm/functions/index.ts';
import { lowerBits, lowerBlocks, lowerRank } from '../backends/wasm/lower-random.ts';
import { emitNormalDouble } from '../backends/wasm/normal-emitters.ts';
import {
  emitFlags,
  emitMulHigh,
  emitOpenUnit,
  emitSigns,
  emitUnit,
  emitUnitDouble,
} from '../backends/wasm/random-emitters.ts';
import type { CheckRow } from '../check-row.ts';
import type { Dtype, TypedArray } from '../dtype.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { normalQuantile } from '../portable.ts';
import type { Shape } from '../shape.ts';
import { showShape, sizeOf } from '../shape.ts';
import type { Aval } from '../tensor.ts';
import { showAval } from '../tensor.ts';
import { bits as hostBits, threefry2x32 } from '../threefry.ts';
import { bind1 } from '../trace.ts';
import { mul } from './arithmetic.ts';
import { cast } from './cast.ts';
import type { None } from './makers.ts';
import { checkDtypes, elementwise, NONE } from './makers.ts';
import { broadcastTo } from './movement.ts';

interface BitsParams {
  readonly shape: Shape;
}

/** Key (…, 2) → words (…, …shape): word i of each key's stream in row-major order. */
export const bitsOp: Op<BitsParams> = /* @__PURE__ */ defineOp<BitsParams>({
  name: 'bits',
  version: 1,
  infer: ([key], { shape }) => {
    checkKey('bits', key!);
    return [{ shape: [...key!.shape.slice(0, -1), ...shape], dtype: 'u32' }];
  },
  batch: ({ inputs, params }) => ({ outs: [bind1(bitsOp, inputs, params)], batched: [true] }),
  cost: (_, outs) => ({ flops: sizeOf(outs[0]!.shape) }),
  js: ([keys], [out], { params: { shape } }) => {
    const n = sizeOf(shape);
    for (let k = 0; 2 * k < keys!.length; k++) out!.set(hostBits([keys![2 * k]!, keys![2 * k + 1]!], n), k * n);
  },
  wasm: lowerBits,
});

/** Refuses what is no key: keys are u32 with a last axis of 2. */
export function checkKey(name: string, key: Aval): void {
  if (key.dtype !== 'u32')
    throw new DtypeError(`${name}: ${showAval(key)} is no random key, which is u32`, {
      dtype: key.dtype,
      help: 'make one with random.key(seed)',
    });
  if (key.shape.at(-1) !== 2)
    throw new ShapeError(`${name}: ${showAval(key)} is no random key, whose shape is [2]`, {
      shape: key.shape,
      help: 'make one with random.key(seed); use vmap for many keys at once',
    });
}

interface BlocksParams {
  /** High word of the counter: which family of derived keys. */
  readonly high: number;
}

/** Keys (B…, 2) and counters (B…, T…) → derived keys (B…, T…, 2). */
export const blocksOp: Op<BlocksParams> = /* @__PURE__ */ defineOp<BlocksParams>({
  name: 'blocks',
  version: 1,
  infer: ([key, counters]) => {
    checkKey('blocks', key!);
    checkDtypes('blocks', ['u32', 'i32'], [counters!.dtype]);
    return [{ shape: [...counters!.shape, 2], dtype: 'u32' }];
  },
  batch: ({ inputs: [key, counters], batched: [hasKey, hasCounters], size, params }) => {
    const keys = hasKey || key!.rank === 1 ? key! : broadcastTo(key!, [size, ...key!.shape]);
    const all = hasCounters ? counters! : broadcastTo(counters!, [size, ...counters!.shape]);
    return { outs: [bind1(blocksOp, [keys, all], params)], batched: [true] };
  },
  cost: (_, outs) => ({ flops: sizeOf(outs[0]!.shape) }),
  js: ([keys, counters], [out], { params: { high } }) => {
    const perKey = counters!.length / (keys!.length / 2);
    for (let i = 0; i < counters!.length; i++) {
      const k = 2 * Math.floor(i / perKey);
      out!.set(threefry2x32([keys![k]!, keys![k + 1]!], counters![i]!, high), 2 * i);
    }
  },
  wasm: lowerBlocks,
});

/** A word as one of 2²⁴ evenly spaced f32 in [0, 1). */
export const unitOp: Op<None> = /* @__PURE__ */ elementwise('unit', {
  arity: 1,
  dtypes: ['u32'],
  result: () => 'f32',
  js: () => (word) => (word! >>> 8) * 2 ** -24,
  wasm: emitUnit,
});

/** A word as one of 2²³ evenly spaced f32 in (0, 1), symmetric about ½. */
export const openUnitOp: Op<None> = /* @__PURE__ */ elementwise('openUnit', {
  arity: 1,
  dtypes: ['u32'],
  result: () => 'f32',
  js: () => (word) => ((word! >>> 9) + 0.5) * 2 ** -23,
  wasm: emitOpenUnit,
});

/** (word, mask): whether they share a bit. */
export const flagsOp: Op<None> = /* @__PURE__ */ elementwise('flags', {
  arity: 2,
  dtypes: ['u32'],
  result: () => 'bool',
  js: () => (word, mask) => Number((word! & mask!) !== 0),
  wasm: emitFlags,
});

/** (word, mask): −1 where they share a bit, else 1, as f32. */
export const signsOp: Op<None> = /* @__PURE__ */ elementwise('signs', {
  arity: 2,
  dtypes: ['u32'],
  result: () => 'f32',
  js: () => (word, mask) => ((word! & mask!) !== 0 ? -1 : 1),
  wasm: emitSigns,
});

/** Two words as one of 2⁵³ evenly spaced f64 in [0, 1). */
export const unitDoubleOp: Op<None> = /* @__PURE__ */ elementwise('unitDouble', {
  arity: 2,
  dtypes: ['u32'],
  result: () => 'f64',
  js: () => (high, low) => ((high! >>> 5) * 2 ** 26 + (low! >>> 6)) * 2 ** -53,
  wasm: emitUnitDouble,
});

/** A word as a standard normal f32: the quantile of the middle of its cell. */
export const normalOp: Op<None> = /* @__PURE__ */ elementwise('normal', {
  arity: 1,
  dtypes: ['u32'],
  result: () => 'f32',
  js: () => (word) => normalQuantile((word! + 0.5) * 2 ** -32),
  wasm: (w, _, profile) => normalQuantileEmit(w, 'f32', profile),
  isCheap: false,
});

/** Two words as a standard normal f64, with 52 random bits. */
export const normalDoubleOp: Op<None> = /* @__PURE__ */ elementwise('normalDouble', {
  arity: 2,
  dtypes: ['u32'],
  result: () => 'f64',
  js: () => (high, low) => normalQuantile((high! * 2 ** 20 + (low! >>> 12) + 0.5) * 2 ** -52),
  wasm: emitNormalDouble,
  isCheap: false,
});

/** The upper 32 bits of a product of u32. */
export const mulHighOp: Op<None> = /* @__PURE__ */ elementwise('mulHigh', {
  arity: 2,
  dtypes: ['u32'],
  js: () => (x, y) => Number((BigInt(x!) * BigInt(y!)) >> 32n),
  wasm: emitMulHigh,
});

/** The place each element of the last axis takes when it is sorted, i32; equal elements keep their order. */
export const rankOp: Op<None> = /* @__PURE__ */ defineOp<None>({
  name: 'rank',
  version: 1,
  infer: ([x]) => {
    checkDtypes('rank', ['u32'], [x!.dtype]);
    if (x!.shape.length === 0) throw new ShapeError(`rank: ${showShape(x!.shape)} has no axis`, { shape: x!.shape });
    return [{ shape: x!.shape, dtype: 'i32' }];
  },
  batch: ({ inputs }) => ({ outs: [bind1(rankOp, inputs, NONE)], batched: [true] }),
  cost: ([x]) => ({ flops: sizeOf(x!.shape) * x!.shape.at(-1)! }),
  js: ([x], [out], { ins }) => {
    const n = ins[0]!.shape.at(-1)!;
    for (let row = 0; row < out!.length; row += n) out!.set(ranksOf(x!.subarray(row, row + n)), row);
  },
  wasm: lowerRank,
});

/** The place of each word in sorted order; equal words keep their order. */
export function ranksOf(words: TypedArray): Int32Array {
  const order = Int32Array.from(words, (_, i) => i).sort((a, b) => words[a]! - words[b]! || a - b);
  const ranks = new Int32Array(words.length);
  order.forEach((i, place) => {
    ranks[i] = place;
  });
  return ranks;
}

const words = (shape: Shape, last = 2 ** 32 - 1) => ({
  shape,
  kind: 'u32' as Extract<Dtype, 'u32'>,
  domain: [0, last] as const,
});

export const randomOpChecks: readonly CheckRow[] = /* @__PURE__ */ randomOpRows();

function randomOpRows(): CheckRow[] {
  return [
    { name: 'bits', f: (key) => bind1(bitsOp, [key!], { shape: [3, 7] }), args: [words([2])], order: 0 },
    { name: 'bits.keys', f: (key) => bind1(bitsOp, [key!], { shape: [35] }), args: [words([3, 2])], order: 0 },
    {
      name: 'blocks',
      f: (key, n) => bind1(blocksOp, [key!, n!], { high: 5 }),
      args: [words([3, 2]), words([3, 4])],
      order: 0,
    },
    { name: 'unit', f: (x) => bind1(unitOp, [x!], NONE), args: [words([9])], order: 0, tol: { f32: 0 } },
    {
      name: 'openUnit',
      f: (x) => bind1(openUnitOp, [x!], NONE),
      args: [words([9])],
      order: 0,
      tol: { f32: 0 },
    },
    {
      name: 'flags',
      f: (x, m) => bind1(flagsOp, [x!, m!], NONE),
      args: [words([3, 1], 7), words([5], 7)],
      order: 0,
    },
    {
      name: 'signs',
      f: (x, m) => bind1(signsOp, [x!, m!], NONE),
      args: [words([3, 1], 7), words([5], 7)],
      order: 0,
      tol: { f32: 0 },
    },
    {
      name: 'unitDouble',
      f: (x, y) => bind1(unitDoubleOp, [x!, y!], NONE),
      args: [words([9]), words([9])],
      order: 0,
      tol: { f32: 0, f64: 0 },
    },
    { name: 'normal', f: (x) => cast(mul(bind1(normalOp, [x!], NONE), 256), 'i32'), args: [words([90])], order: 0 },
    {
      name: 'normalDouble',
      f: (x, y) => bind1(normalDoubleOp, [x!, y!], NONE),
      args: [words([90]), words([90])],
      order: 0,
    },
    {
      name: 'mulHigh',
      f: (x, y) => bind1(mulHighOp, [x!, y!], NONE),
      args: [words([2, 9]), words([9])],
      order: 0,
    },
    { name: 'rank', f: (x) => bind1(rankOp, [x!], NONE), args: [words([2, 21], 15)], order: 0 },
  ];
}
