/** Several tangents at once, as rows: the laws of `law.ts` row by row, and laws of whole sets with given angles or lengths. */

import type { FloatDtype, Tensor } from '../../engine/index.ts';
import {
  add,
  ConfigError,
  cast,
  concat,
  defaultDtype,
  diagonal,
  div,
  eye,
  gt,
  linalg,
  matmul,
  min,
  mul,
  norm,
  oneHot,
  random,
  range,
  reshape,
  sliceAxis,
  sub,
  vmap,
  where,
  zeros,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import { direction, type Law, laws, sparsityOf } from './law.ts';
import { checkChoice } from './options.ts';

/**
 * How a set of k tangents is drawn: rows of one law, independent of one another; `basis`: the first k unit vectors; `angle-30`: unit vectors at 30 degrees to the first of them; `length-10`: different
 * unit vectors of the basis with lengths uniform in [1, 10].
 */
export type TangentLaw = Law | 'basis' | `angle-${number}` | `length-${number}`;

export interface TangentOptions {
  readonly law?: TangentLaw;
  /** Divides every row by its length. */
  readonly normalize?: boolean;
  /** Replaces the rows by an orthonormal basis of their span. */
  readonly orthonormal?: boolean;
  readonly dtype?: FloatDtype;
}

/** Refuses a law of tangents that is not known. */
export function checkTangentLaw(law: string): void {
  if (sparsityOf(law) !== null || numberIn('angle', law) !== null || numberIn('length', law) !== null) return;
  checkChoice('law', law, [...laws, 'basis', 'angle-<degrees>', 'length-<longest>']);
}

/** The number of `angle-30` or `length-10`; null where it is none. */
function numberIn(word: 'angle' | 'length', law: string): number | null {
  const found = new RegExp(`^${word}-(\\d+(?:\\.\\d+)?)$`).exec(law);
  return found === null ? null : Number(found[1]);
}

/** Draws k tangents of n components: (k, n). */
export function tangentRows(
  key: Key,
  k: number,
  n: number,
  { law = 'gaussian', normalize = false, orthonormal = false, dtype = defaultDtype() }: TangentOptions = {},
): Tensor {
  const rows = cast(drawRows(key, k, n, law, dtype), dtype);
  if (orthonormal) return linalg.gramSchmidt(rows).q;
  return normalize ? unitRows(rows) : rows;
}

function drawRows(key: Key, k: number, n: number, law: TangentLaw, dtype: FloatDtype): Tensor {
  const [angle, longest] = [numberIn('angle', law), numberIn('length', law)];
  if (angle !== null) return atAngle(key, k, n, angle, dtype);
  if (longest !== null) {
    refuseSurplus(law, k, n);
    const [places, lengths] = random.split(key) as [Tensor, Tensor];
    const scale = random.uniform(lengths, [k, 1], { low: 1, high: longest, dtype });
    return mul(oneHot(random.choice(places, n, k), n, dtype), scale);
  }
  if (law === 'basis') {
    refuseSurplus(law, k, n);
    return sliceAxis(eye(n, dtype), 0, 0, k);
  }
  return law === 'rademacher' ? independentSigns(key, k, n, dtype) : rowsOf(law as Law, key, k, n, dtype);
}

const rowsOf = (law: Law, key: Key, k: number, n: number, dtype: FloatDtype): Tensor =>
  vmap((own: Key) => (direction(law, own, [zeros([n], dtype)]) as Tensor[])[0]!)(random.keys(key, k));

/** Sets of signs that are drawn, of which the first independent one is taken; the last one where none is. */
const ATTEMPTS = 10;
/** Rows of so many signs more than the pairs of rows need are dependent once in 10¹² sets. */
const SAFE = 40;

function independentSigns(key: Key, k: number, n: number, dtype: FloatDtype): Tensor {
  const draw = (attempt: number): Tensor => rowsOf('rademacher', random.foldIn(key, attempt), k, n, dtype);
  if (k > n || n - 2 * Math.log2(k) > SAFE) return draw(0);
  const isIndependent = (rows: Tensor): Tensor => gt(min(diagonal(linalg.gramSchmidt(rows).l)), 0);
  return range(ATTEMPTS)
    .map(draw)
    .reduceRight((later, rows) => where(isIndependent(rows), rows, later));
}

/** Row 0 is b; the others are cos α·b + sin α·(what is left of a draw without its part along b, made a unit vector). */
function atAngle(key: Key, k: number, n: number, degrees: number, dtype: FloatDtype): Tensor {
  const drawn = unitRows(rowsOf('gaussian', key, k, n, dtype));
  if (k === 1) return drawn;
  const [b, others] = [sliceAxis(drawn, 0, 0, 1), sliceAxis(drawn, 0, 1)];
  const rejected = unitRows(sub(others, mul(matmul(others, b, { transposeY: true }), b)));
  const alpha = (degrees * Math.PI) / 180;
  return concat([b, add(mul(Math.cos(alpha), b), mul(Math.sin(alpha), rejected))]);
}

const unitRows = (rows: Tensor): Tensor => div(rows, reshape(norm(rows, 1), [rows.shape[0]!, 1]));

function refuseSurplus(law: string, k: number, n: number): void {
  if (k > n)
    throw new ConfigError(`${k} different unit vectors of ${n} components were asked of the law ${law}`, {
      law,
      tangents: k,
      components: n,
      help: `use at most ${n} tangents, or another law`,
    });
}
