/**
 * Random numbers from explicit keys: the same key gives the same numbers on every backend, eager or compiled, one by one or under vmap.
 *
 * A key is a u32 tensor of shape [2]. A key that was drawn from is used up: split it, or fold a step into it, to go on.
 */
import type { FloatDtype } from '../dtype.ts';
import { defaultDtype } from '../dtype.ts';
import { ConfigError } from '../errors.ts';
import type { Op } from '../op.ts';
import type { Shape } from '../shape.ts';
import { checkShape, normalizeAxis, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { keyFrom } from '../threefry.ts';
import { bind1 } from '../trace.ts';
import { add, mul, neg } from './arithmetic.ts';
import { cast } from './cast.ts';
import { lt } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { scalar } from './constant.ts';
import { full, tensor } from './create.ts';
import { log } from './exponential.ts';
import { argmax } from './extrema.ts';
import { shiftLeft } from './integer.ts';
import { iota } from './iota.ts';
import { NONE, type None } from './makers.ts';
import { reshape, slice, sliceAxis } from './movement.ts';
import { floatDtypeOf } from './promote.ts';
import {
  bitsOp,
  blocksOp,
  flagsOp,
  mulHighOp,
  normalDoubleOp,
  normalOp,
  openUnitOp,
  rankOp,
  signsOp,
  unitDoubleOp,
  unitOp,
} from './random-ops.ts';
import { argsort } from './sort.ts';

export * from './distribution.ts';

// The families of derived keys lie where no stream of words reaches; see threefry.ts.
const SPLIT = { high: 0xffff_ffff };
const FOLD = { high: 0xffff_fffe };

/** The key of a seed, any safe integer. */
export const key = (seed: number): Tensor => tensor(Uint32Array.from(keyFrom(seed)));

/** n independent keys, stacked to (n, 2): for vmap and scan. Key i does not depend on n. */
export function keys(from: Tensor, n: number): Tensor {
  checkShape('keys', [n]);
  return bind1(blocksOp, [from, iota(n, 'u32')], SPLIT);
}

/** n independent keys, one by one. */
export function split(from: Tensor, n = 2): Tensor[] {
  const all = keys(from, n);
  return Array.from({ length: n }, (_, i) => reshape(sliceAxis(all, 0, i, i + 1), [2]));
}

/** The key that belongs to a number: a step, an epoch, an index. Takes whole numbers from 0 to 2³² − 1, or an i32 or u32 tensor without axes. */
export function foldIn(from: Tensor, data: TensorLike): Tensor {
  if (typeof data !== 'number') return bind1(blocksOp, [from, data], FOLD);
  if (!Number.isInteger(data) || data < 0 || data >= 2 ** 32)
    throw new ConfigError(`foldIn takes an integer from 0 to 4294967295, got ${data}`, {
      data,
      help: 'fold a larger number in as two words, one after the other',
    });
  return bind1(blocksOp, [from, scalar(data, 'u32')], FOLD);
}

/** Random u32 words. */
export const bits = (from: Tensor, shape: Shape): Tensor => bind1(bitsOp, [from], { shape: checkShape('bits', shape) });

export interface DrawOptions {
  /** The default float dtype unless said. f64 numbers are drawn in f32 and cast, so that f32 and f64 runs start equal. */
  readonly dtype?: FloatDtype;
  /** `f64` draws 53 random bits a number, from two words, when the dtype is f64. */
  readonly precision?: 'f64';
}

export interface UniformOptions extends DrawOptions {
  readonly low?: number;
  readonly high?: number;
}

/** Uniform numbers in [low, high), 24 random bits each; where low is not 0, rounding may give high itself. */
export function uniform(from: Tensor, shape: Shape, { low = 0, high = 1, ...options }: UniformOptions = {}): Tensor {
  const { dtype, isDouble } = resolve('uniform', options);
  const unit = isDouble ? bind1(unitDoubleOp, wordPairs(from, shape), NONE) : bind1(unitOp, [bits(from, shape)], NONE);
  const scaled = high - low === 1 ? unit : mul(unit, high - low);
  return cast(low === 0 ? scaled : add(scaled, low), dtype);
}

function resolve(
  name: string,
  { dtype = defaultDtype(), precision }: DrawOptions,
): { dtype: FloatDtype; isDouble: boolean } {
  if (precision === 'f64' && dtype !== 'f64')
    throw new ConfigError(`${name}: precision f64 has no meaning for ${dtype} numbers`, {
      dtype,
      help: "pass dtype: 'f64' as well",
    });
  return { dtype, isDouble: precision === 'f64' };
}

/** The first and the second words of n pairs. */
function wordPairs(from: Tensor, shape: Shape): [Tensor, Tensor] {
  const words = bits(from, [sizeOf(shape), 2]);
  const part = (i: number) => reshape(sliceAxis(words, 1, i, i + 1), shape);
  return [part(0), part(1)];
}

/** Standard normal numbers, one word each, by the inverse of the distribution function. */
export function normal(from: Tensor, shape: Shape, options: DrawOptions = {}): Tensor {
  const { dtype, isDouble } = resolve('normal', options);
  return isDouble
    ? bind1(normalDoubleOp, wordPairs(from, shape), NONE)
    : cast(bind1(normalOp, [bits(from, shape)], NONE), dtype);
}

/** Standard Gumbel numbers, −log(−log u). */
export function gumbel(
  from: Tensor,
  shape: Shape,
  { dtype = defaultDtype() }: Pick<DrawOptions, 'dtype'> = {},
): Tensor {
  const unit = bind1(openUnitOp, [bits(from, shape)], NONE);
  return cast(neg(log(neg(log(unit)))), dtype);
}

/** n numbers made of single bits, 32 a word. */
function fromBits(op: Op<None>, from: Tensor, shape: Shape): Tensor {
  const n = sizeOf(shape);
  const words = bits(from, [Math.ceil(n / 32), 1]);
  const masks = shiftLeft(full([32], 1, 'u32'), iota(32, 'u32'));
  const all = bind1(op, [words, masks], NONE); // (⌈n/32⌉, 32)
  return reshape(slice(reshape(all, [all.size]), [0], [n]), shape);
}

/** −1 or 1 with equal chances; 32 numbers use one word. */
export function rademacher(
  from: Tensor,
  shape: Shape,
  { dtype = defaultDtype() }: Pick<DrawOptions, 'dtype'> = {},
): Tensor {
  return cast(fromBits(signsOp, from, shape), dtype);
}

/** true with chance p, which may be a tensor that broadcasts to the shape; p = ½ uses one word for 32 results, other numbers have 24 bits. */
export function bernoulli(from: Tensor, shape: Shape, p: TensorLike = 0.5): Tensor {
  if (p === 0.5) return fromBits(flagsOp, from, shape);
  const dtype = typeof p !== 'number' && p.dtype === 'f64' ? 'f64' : 'f32';
  return lt(uniform(from, shape, { dtype }), p);
}

export interface CategoricalOptions {
  /** The axis of the classes; the last unless said. */
  readonly axis?: number;
  /** Draws this shape of independent results for each row of logits, as leading axes. */
  readonly draws?: Shape;
}

/** A class index, i32, for each row of logits (unnormalised log-probabilities): the largest of logits + Gumbel noise. */
export function categorical(from: Tensor, logits: Tensor, { axis = -1, draws = [] }: CategoricalOptions = {}): Tensor {
  const a = normalizeAxis('categorical', axis, logits.rank) + draws.length;
  const noise = gumbel(from, [...draws, ...logits.shape], { dtype: floatDtypeOf(logits) });
  return argmax(add(logits, noise), a);
}

/** Whole numbers from low to high − 1, i32; the chances of two of them differ by at most 2⁻³². */
export function randint(from: Tensor, shape: Shape, low: number, high: number): Tensor {
  const count = high - low;
  const isRange = Number.isInteger(low) && Number.isInteger(high) && count >= 1 && low >= -(2 ** 31) && high <= 2 ** 31;
  if (!isRange)
    throw new ConfigError(`randint: no i32 lies from ${low} to before ${high}`, {
      low,
      high,
      help: 'low and high are whole numbers, low < high, within ±2³¹',
    });
  const words = bits(from, shape);
  const offsets = count === 2 ** 32 ? words : bind1(mulHighOp, [words, scalar(count, 'u32')], NONE);
  return add(cast(offsets, 'i32'), scalar(low, 'i32'));
}

/** Up to this length words are ranked by counting, beyond it by sorting; the ranks are the same. */
const COUNTED = 4096;

/** The numbers 0 … n − 1 in random order, i32: the ranks of n random words. */
export function permutation(from: Tensor, n: number): Tensor {
  const words = bits(from, [n]);
  return n <= COUNTED ? bind1(rankOp, [words], NONE) : argsort(argsort(words));
}
