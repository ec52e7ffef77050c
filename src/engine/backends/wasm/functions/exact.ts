/** Products and sums of f64 lanes together with their exact rounding errors. */
import type { Lanes, Value } from './lanes.ts';

/** The unevaluated sum of two values. */
export type Pair = readonly [high: Value, low: Value];

const SPLITTER = 2 ** 27 + 1;

/** a·b as a rounded product and its exact error: one fused step, or Dekker's products of halves; the bits are the same. */
export function twoProduct(l: Lanes, a: Value, b: Value): Pair {
  const p = l.mul(a, b);
  if (l.profile === 'fma') return [p, l.madd(a, b, l.neg(p))];
  const [ah, al] = split(l, a);
  const [bh, bl] = split(l, b);
  const upper = l.add(l.sub(l.mul(ah, bh), p), l.mul(ah, bl));
  return [p, l.add(l.add(upper, l.mul(al, bh)), l.mul(al, bl))];
}

function split(l: Lanes, a: Value): Pair {
  const c = l.mul(l.number(SPLITTER), a);
  const high = l.sub(c, l.sub(c, a));
  return [high, l.sub(a, high)];
}

/** a + b exactly, for |a| ≥ |b| or a = 0. */
export function fastTwoSum(l: Lanes, a: Value, b: Value): Pair {
  const sum = l.add(a, b);
  return [sum, l.add(l.sub(a, sum), b)];
}
