/** Products and sums of two f64 together with their exact rounding errors. */

/** The unevaluated sum of two f64. */
export type Pair = readonly [high: number, low: number];

const SPLITTER = 2 ** 27 + 1;

/** a·b as a rounded product and its exact error (Dekker, Veltkamp). */
export function twoProduct(a: number, b: number): Pair {
  const p = a * b;
  const ca = SPLITTER * a;
  const cb = SPLITTER * b;
  const ah = ca - (ca - a);
  const bh = cb - (cb - b);
  const al = a - ah;
  const bl = b - bh;
  return [p, ah * bh - p + ah * bl + al * bh + al * bl];
}

/** a + b exactly, for |a| ≥ |b| or a = 0. */
export function fastTwoSum(a: number, b: number): Pair {
  const sum = a + b;
  return [sum, a - sum + b];
}
