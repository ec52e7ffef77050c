/** Further laws from explicit keys, each by a function of one word a number: truncated normal, exponential, logistic; points on spheres; choices without replacement and with an exception. */
import { defaultDtype } from '../dtype.ts';
import { ConfigError, DtypeError, ShapeError } from '../errors.ts';
import { erf } from '../portable.ts';
import type { Shape } from '../shape.ts';
import { checkShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { add, div, neg, sub } from './arithmetic.ts';
import { cast } from './cast.ts';
import { ge } from './compare.ts';
import { scalar } from './constant.ts';
import { log, log1p } from './exponential.ts';
import { NONE } from './makers.ts';
import { sliceAxis } from './movement.ts';
import { maximum, minimum } from './piecewise.ts';
import { sqrt, square } from './power.ts';
import { floatDtypeOf } from './promote.ts';
import { bits, type DrawOptions, gumbel, normal, permutation, randint } from './random.ts';
import { mulHighOp, normalOp, openUnitOp } from './random-ops.ts';
import { sum } from './reduce.ts';
import { topK } from './sort.ts';

type Options = Pick<DrawOptions, 'dtype'>;

const openUnit = (from: Tensor, shape: Shape): Tensor => bind1(openUnitOp, [bits(from, shape)], NONE);

/** Exponential numbers of mean 1: −log u, 23 random bits each. */
export const exponential = (from: Tensor, shape: Shape, { dtype = defaultDtype() }: Options = {}): Tensor =>
  cast(neg(log(openUnit(from, shape))), dtype);

/** Standard logistic numbers: log u − log(1 − u), 23 random bits each. */
export function logistic(from: Tensor, shape: Shape, { dtype = defaultDtype() }: Options = {}): Tensor {
  const unit = openUnit(from, shape);
  return cast(sub(log(unit), log1p(neg(unit))), dtype);
}

export interface TruncatedOptions extends Options {
  /** Bounds in standard deviations; −2 and 2 unless said. */
  readonly low?: number;
  readonly high?: number;
}

/** The fewest cells of equal probability, of 2³², that a truncated range may hold. */
const FEWEST = 65_536;

/** Standard normal numbers that fell between two bounds, one word each, by the inverse of the distribution function. */
export function truncatedNormal(
  from: Tensor,
  shape: Shape,
  { low = -2, high = 2, dtype = defaultDtype() }: TruncatedOptions = {},
): Tensor {
  const cell = (x: number) => Math.round(2 ** 31 * (1 + erf(x / Math.SQRT2)));
  const [first, last] = [cell(low), cell(high)];
  if (!(last - first >= FEWEST))
    throw new ConfigError(`truncatedNormal: too little of the distribution lies between ${low} and ${high}`, {
      low,
      high,
      help: 'the bounds must hold a part of 2⁻¹⁶ or more',
    });
  if (last - first === 2 ** 32) return normal(from, shape, { dtype });
  const offset = bind1(mulHighOp, [bits(from, shape), scalar(last - first, 'u32')], NONE);
  const inside = bind1(normalOp, [add(offset, scalar(first, 'u32'))], NONE);
  return cast(maximum(minimum(inside, high), low), dtype);
}

/** k different numbers of 0 … n − 1 in random order, i32, all sets equally likely. */
export function choice(from: Tensor, n: number, k: number): Tensor {
  checkShape('choice', [n, k]);
  if (k > n)
    throw new ConfigError(`choice: ${n} numbers hold no ${k} different ones`, {
      n,
      k,
      help: 'randint draws with replacement',
    });
  return sliceAxis(permutation(from, n), 0, 0, k);
}

/** k different classes a row, i32, in the order in which a draw by the probabilities softmax(logits) without replacement takes them: (…, n) → (…, k). */
export function choiceByLogits(from: Tensor, logits: Tensor, k: number): Tensor {
  const noise = gumbel(from, logits.shape, { dtype: floatDtypeOf(logits) });
  return topK(add(logits, noise), k).indices;
}

/** For each entry of `excluded`, an i32 in 0 … n − 1, a number of 0 … n − 1 other than it, all of them equally likely; the shape of `excluded`.  */
export function choiceExcept(from: Tensor, n: number, excluded: Tensor): Tensor {
  if (!(Number.isInteger(n) && n >= 2))
    throw new ConfigError(`choiceExcept: ${n} numbers leave none when one is excluded`, { n, help: 'n is 2 or more' });
  if (excluded.dtype !== 'i32')
    throw new DtypeError(`choiceExcept: the excluded numbers are ${excluded.dtype}, not i32`, {
      dtype: excluded.dtype,
      help: "cast(x, 'i32')",
    });
  const drawn = randint(from, excluded.shape, 0, n - 1);
  return add(drawn, cast(ge(drawn, excluded), 'i32'));
}

/** Points on the unit sphere of the last axis, all directions equally likely: normal numbers over their length. */
export function sphere(from: Tensor, shape: Shape, { dtype = defaultDtype() }: Options = {}): Tensor {
  const axis = checkShape('sphere', shape).length - 1;
  if (!(axis >= 0 && shape[axis]! >= 1))
    throw new ShapeError(`sphere: a point of shape (${shape.join(', ')}) has no direction`, {
      shape,
      help: 'the last axis holds the components of one point: (…, dimensions)',
    });
  const x = normal(from, shape, { dtype });
  return div(x, sqrt(sum(square(x), axis, { keepDims: true })));
}
