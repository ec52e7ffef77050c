/** log and log1p: x = 2^e·(1 + f), then the series of atanh in s = f/(2 + f), fitted. */
import { decompose, polynomial } from './bits.ts';
import { LN2_HIGH, LN2_LOW, LOG } from './coefficients.ts';

/** ln(2^e·(1 + f)) + correction for 1 + f in [√½, √2). */
function combine(e: number, f: number, correction: number): number {
  const s = f / (2 + f);
  const z = s * s;
  const half = 0.5 * f * f;
  const series = s * (half + z * polynomial(z, LOG));
  return e * LN2_HIGH + (f - (half - (series + (e * LN2_LOW + correction))));
}

/** The natural logarithm. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  const [e, m] = decompose(x);
  return combine(e, m - 1, 0);
}

/** ln(1 + x), accurate near 0. */
export function log1p(x: number): number {
  if (!(x > -1)) return x === -1 ? -Infinity : NaN;
  if (x === Infinity || Math.abs(x) < 2 ** -54) return x;
  const u = 1 + x;
  const [e, m] = decompose(u);
  if (e === 0) return combine(0, x, 0);
  const back = u - 1;
  const lost = 1 - (u - back) + (x - back); // 1 + x = u + lost, exactly
  return combine(e, m - 1, lost / u);
}
