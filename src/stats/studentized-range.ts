/**
 * The studentised range: the largest difference among k standard normals, over an independent estimate of their deviation.
 *
 * Both integrals use the trapezoidal rule on the whole line, which converges faster than any power of the step for such integrands.
 */
import { ConfigError } from '../engine/errors.ts';
import { erf } from '../engine/portable.ts';
import { normalPdf } from './distribution.ts';
import { requireShare } from './sample.ts';
import { logGamma } from './special.ts';

const STEP = 0.1;
const REACH = 8.5; // the normal density is below 1e-16 beyond
const Z = /* @__PURE__ */ Array.from({ length: Math.round((2 * REACH) / STEP) + 1 }, (_, i) => -REACH + i * STEP);
const CDF = /* @__PURE__ */ Z.map(share);
const WEIGHT = /* @__PURE__ */ Z.map((z) => STEP * normalPdf(z));

/** Φ with absolute accuracy, all that an integral needs. */
function share(z: number): number {
  return 0.5 * (1 + erf(z * Math.SQRT1_2));
}

/** P(range/s ≤ q) for k means and `df` degrees of freedom of s; Infinity where the deviation is known. */
export function studentizedRangeCdf(q: number, k: number, df = Infinity): number {
  requireGroups(k);
  if (!(df >= 1))
    throw new ConfigError(`degrees of freedom must be at least 1, got ${df}`, { df, help: 'or Infinity' });
  if (q <= 0) return 0;
  return Math.min(1, df === Infinity ? rangeCdf(q, k) : mixed(q, k, df));
}

/** P(range ≤ q) = k·∫ φ(z)·(Φ(z) − Φ(z − q))^(k − 1) dz, with z the largest. */
function rangeCdf(q: number, k: number): number {
  return k * Z.reduce((total, z, i) => total + WEIGHT[i]! * (CDF[i]! - share(z - q)) ** (k - 1), 0);
}

/** The mean of rangeCdf(q·s) over the law of s = χ/√df, in u = ln s: weight 2(df/2)^(df/2)/Γ(df/2)·exp(df·(u − s²/2)). */
function mixed(q: number, k: number, df: number): number {
  const width = 1 / Math.sqrt(2 * df);
  const step = Math.min(0.2, width / 3);
  const log = Math.LN2 + (df / 2) * Math.log(df / 2) - logGamma(df / 2);
  let total = 0;
  for (let i = -Math.ceil(Math.max(37 / df, 10 * width) / step); i * step <= 10 * width; i++) {
    const s = Math.exp(i * step);
    const weight = Math.exp(log + df * (i * step - (s * s) / 2));
    if (weight > 1e-18) total += step * weight * rangeCdf(q * s, k);
  }
  return total;
}

/** The q with P(range/s ≤ q) = p, by false position (Illinois). */
export function studentizedRangeQuantile(p: number, k: number, df = Infinity): number {
  requireShare('p', p);
  const miss = (q: number) => studentizedRangeCdf(q, k, df) - p;
  let [low, atLow] = [0, -p];
  let [high, atHigh] = [4, miss(4)];
  while (atHigh < 0) {
    [low, atLow] = [high, atHigh];
    high *= 2;
    atHigh = miss(high);
  }
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const q = (low * atHigh - high * atLow) / (atHigh - atLow);
    const at = miss(q);
    if (Math.abs(at) < 1e-13) return q;
    if (at < 0) [low, atLow, atHigh] = [q, at, atHigh / 2];
    else [high, atHigh, atLow] = [q, at, atLow / 2];
  }
  return (low + high) / 2;
}

function requireGroups(k: number): void {
  if (Number.isInteger(k) && k >= 2) return;
  throw new ConfigError(`a range needs at least two means, got k = ${k}`, { k, help: 'compare two methods or more' });
}
