/** Algebras whose numbers are a few real components: complex numbers and quaternions, from their multiplication tables. */

import type { Tensor } from '../engine/index.ts';
import {
  add,
  ConfigError,
  concat,
  matmul,
  mul,
  neg,
  reciprocal,
  ShapeError,
  sqrt,
  square,
  sub,
} from '../engine/index.ts';

/** A tensor of numbers of an algebra: one real tensor for each component, all of one shape. */
export type Components = readonly Tensor[];

/** Component k of eᵢ·eⱼ = sign·eₖ. */
interface Entry {
  readonly k: number;
  readonly sign: 1 | -1;
}

/** A bilinear map of real tensors: an elementwise product, a matrix product, a convolution. */
export type RealProduct = (x: Tensor, y: Tensor) => Tensor;

/** Arithmetic with components. */
export interface Algebra {
  readonly name: string;
  /** Components of one number. */
  readonly dimension: number;
  add(x: Components, y: Components): Components;
  sub(x: Components, y: Components): Components;
  /** a·x for a real factor. */
  scale(x: Components, a: Tensor | number): Components;
  /** x·y, element by element and in this order; `product` is the real product of components, `mul` unless said. */
  mul(x: Components, y: Components, product?: RealProduct): Components;
  /** The matrix product Σⱼ x[…, i, j]·y[…, j, k]. */
  matmul(x: Components, y: Components): Components;
  conj(x: Components): Components;
  /** |x|², the sum of the squares of the components. */
  squaredNorm(x: Components): Tensor;
  norm(x: Components): Tensor;
  /** The conjugate divided by |x|². */
  inverse(x: Components): Components;
  /** The real matrix (d·m, d·n) of numbers (m, n) that multiply row vectors from the right: row blocks are components of the vector, column blocks those of the result. */
  realMatrix(w: Components): Tensor;
  /** The same for numbers (m, n) that multiply each element of the row vector from the left. */
  realMatrixLeft(w: Components): Tensor;
}

/** An algebra with conjugation from a table of ±(k + 1): row i, column j says what eᵢ·eⱼ is. */
function algebraOf(name: string, table: readonly (readonly number[])[]): Algebra {
  const dimension = table.length;
  const entry = (i: number, j: number): Entry => ({
    k: Math.abs(table[i]![j]!) - 1,
    sign: table[i]![j]! < 0 ? -1 : 1,
  });
  const check = (x: Components): Components => checkComponents(name, dimension, x);
  const each = (f: (i: number) => Tensor): Components => table.map((_, i) => f(i));
  const product = (x: Components, y: Components, real: RealProduct = mul): Components => {
    check(x);
    check(y);
    return each((k) => signedSum(pairsFor(table, k), (i, j) => real(x[i]!, y[j]!)));
  };
  const conj = (x: Components): Components => check(x).map((c, i) => (i === 0 ? c : neg(c)));
  const squaredNorm = (x: Components): Tensor =>
    check(x)
      .map((c) => square(c))
      .reduce((a, b) => add(a, b));
  const blocks = (w: Components, at: (row: number, w: number) => Entry): Tensor =>
    concat(
      table.map((_, row) => {
        const byColumn = table.map((_, column) => {
          const source = table.findIndex((_, i) => at(row, i).k === column);
          return at(row, source).sign < 0 ? neg(w[source]!) : w[source]!;
        });
        return concat(byColumn, 1);
      }),
      0,
    );
  return {
    name,
    dimension,
    add: (x, y) => check(x).map((c, i) => add(c, check(y)[i]!)),
    sub: (x, y) => check(x).map((c, i) => sub(c, check(y)[i]!)),
    scale: (x, a) => check(x).map((c) => mul(c, a)),
    mul: product,
    matmul: (x, y) => product(x, y, matmul),
    conj,
    squaredNorm,
    norm: (x) => sqrt(squaredNorm(x)),
    inverse(x) {
      const factor = reciprocal(squaredNorm(x));
      return conj(x).map((c) => mul(c, factor));
    },
    realMatrix: (w) => blocks(check(w), (row, i) => entry(row, i)),
    realMatrixLeft: (w) => blocks(check(w), (row, i) => entry(i, row)),
  };
}

interface Pair extends Entry {
  readonly i: number;
  readonly j: number;
}

/** All (i, j) whose product lies in component k. */
const pairsFor = (table: readonly (readonly number[])[], k: number): Pair[] =>
  table.flatMap((row, i) =>
    row.flatMap((code, j): Pair[] => (Math.abs(code) - 1 === k ? [{ i, j, k, sign: code < 0 ? -1 : 1 }] : [])),
  );

/** Σ ±value(i, j); the first pair of every component has a plus. */
function signedSum([first, ...rest]: readonly Pair[], value: (i: number, j: number) => Tensor): Tensor {
  return rest.reduce(
    (total, { i, j, sign }) => (sign < 0 ? sub(total, value(i, j)) : add(total, value(i, j))),
    value(first!.i, first!.j),
  );
}

function checkComponents(name: string, dimension: number, x: Components): Components {
  if (x.length !== dimension)
    throw new ShapeError(`${name}: a number has ${dimension} components, not ${x.length}`, { components: x.length });
  return x;
}

/** Complex numbers, [re, im]. */
export const complex: Algebra = /* @__PURE__ */ algebraOf('complex', [
  [1, 2],
  [2, -1],
]);

/** Quaternions, [q₀, q₁, q₂, q₃] = q₀ + q₁·i + q₂·j + q₃·k with i² = j² = k² = ijk = −1. */
export const quaternion: Algebra = /* @__PURE__ */ algebraOf('quaternion', [
  [1, 2, 3, 4],
  [2, -1, 4, -3],
  [3, -4, -1, 2],
  [4, 3, -2, -1],
]);

/** The algebra of a name. */
export function algebraNamed(name: 'complex' | 'quaternion'): Algebra {
  if (name === 'complex') return complex;
  if (name === 'quaternion') return quaternion;
  throw new ConfigError(`the algebra ${String(name)} is unknown`, { name, help: 'choose complex or quaternion' });
}
