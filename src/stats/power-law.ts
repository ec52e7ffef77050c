/**
 * Scaling laws: the frontier of many runs, the power law through it, and where two laws cross.
 *
 * Source: J. Kaplan et al., Scaling Laws for Neural Language Models, arXiv:2001.08361; the form with a floor: J. Hoffmann et al., arXiv:2203.15556.
 */
import { ConfigError } from '../engine/errors.ts';
import { type LineOptions, logLogSlope } from './line.ts';
import { requirePairs } from './sample.ts';

/** What was spent and what was reached. */
export interface SpentPoint {
  readonly cost: number;
  readonly loss: number;
}

/** The points whose loss lies below that of every cheaper one, by rising cost: what is best for each budget. */
export function lowerEnvelope<P extends SpentPoint>(points: readonly P[]): P[] {
  const kept: P[] = [];
  const sorted = [...points].sort((a, b) => a.cost - b.cost || a.loss - b.loss);
  for (const point of sorted) if (point.loss < (kept.at(-1)?.loss ?? Number.POSITIVE_INFINITY)) kept.push(point);
  return kept;
}

/** loss = floor + (e^logScale / cost)^exponent. */
export interface PowerLaw {
  /** Above 0 where the loss falls with the cost. */
  readonly exponent: number;
  /** Interval of the exponent, from the residuals of the line in logarithms; null for two points. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Natural logarithm of the cost at which the loss less its floor is 1. */
  readonly logScale: number;
  readonly floor: number;
  /** Share of the variance of the logarithms that the law explains. */
  readonly r2: number;
  readonly points: number;
}

export interface PowerLawOptions extends LineOptions {
  /** Loss that no cost undercuts: a number (default 0), or `fitted` for the one that leaves the smallest residuals. */
  readonly floor?: number | 'fitted';
}

/** Fits loss = floor + (C/cost)^exponent by least squares in logarithms, all points alike. */
export function fitPowerLaw(points: readonly SpentPoint[], { floor = 0, ...options }: PowerLawOptions = {}): PowerLaw {
  const costs = points.map(({ cost }) => cost);
  const losses = points.map(({ loss }) => loss);
  requirePairs('fitPowerLaw', costs, losses, floor === 'fitted' ? 4 : 2);
  const own = floor === 'fitted' ? bestFloor(costs, losses) : floor;
  const above = losses.map((loss) => loss - own);
  const { slope, intercept, interval, r2 } = logLogSlope(costs, above, options);
  if (slope === 0)
    throw new ConfigError(`all ${points.length} losses are ${losses[0]}: no power of the cost`, {
      loss: losses[0],
      help: 'use points of different losses',
    });
  return {
    exponent: -slope,
    interval: interval === null ? null : [-interval[1], -interval[0]],
    logScale: -intercept / slope,
    floor: own,
    r2,
    points: points.length,
  };
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;
const COARSE = 64;
const FINE = 60;

/** The floor in [0, least loss) with the largest explained share: the best of a grid, then golden sections around it. */
function bestFloor(costs: readonly number[], losses: readonly number[]): number {
  const least = Math.min(...losses) * (1 - 1e-6);
  const error = (floor: number): number =>
    1 -
    logLogSlope(
      costs,
      losses.map((loss) => loss - floor),
    ).r2;
  const grid = Array.from({ length: COARSE }, (_, i) => (least * i) / COARSE);
  const best = grid.reduce((a, b) => (error(b) < error(a) ? b : a));
  let [low, high] = [Math.max(0, best - least / COARSE), Math.min(least, best + least / COARSE)];
  for (let i = 0; i < FINE; i++) {
    const [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (error(a) < error(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}

/** The loss that a law gives at a cost. */
export const lossAt = ({ exponent, logScale, floor }: PowerLaw, cost: number): number =>
  floor + Math.exp(exponent * (logScale - Math.log(cost)));

/** The cost at which a law gives a loss; infinite at and below its floor. */
export const costFor = ({ exponent, logScale, floor }: PowerLaw, loss: number): number =>
  loss > floor ? Math.exp(logScale - Math.log(loss - floor) / exponent) : Number.POSITIVE_INFINITY;

/**
 * ln of the one cost at which two laws without floor agree, when the first pays only `share` of what its law counts: L₁(C / share) = L₂(C); null for equal exponents.
 */
export function logCrossing(first: PowerLaw, second: PowerLaw, share = 1): number | null {
  if (first.floor !== 0 || second.floor !== 0)
    throw new ConfigError('laws with a floor cross where no formula says', {
      floors: [first.floor, second.floor],
      help: 'fit without a floor',
    });
  if (first.exponent === second.exponent) return null;
  const scaled = first.exponent * (first.logScale + Math.log(share));
  return (second.exponent * second.logScale - scaled) / (second.exponent - first.exponent);
}

/** The loss of a falling curve at a cost, by straight lines between logarithms; null outside its points. */
export function interpolateLoss(curve: readonly SpentPoint[], cost: number): number | null {
  return between(
    curve.map((p) => [Math.log(p.cost), Math.log(p.loss)] as const),
    Math.log(cost),
  );
}

/** The cost at which a falling curve reaches a loss, by straight lines between logarithms; null outside its points. */
export function interpolateCost(curve: readonly SpentPoint[], loss: number): number | null {
  return between(
    curve.map((p) => [Math.log(p.loss), Math.log(p.cost)] as const),
    Math.log(loss),
  );
}

function between(curve: readonly (readonly [x: number, y: number])[], x: number): number | null {
  for (let i = 1; i < curve.length; i++) {
    const [[x0, y0], [x1, y1]] = [curve[i - 1]!, curve[i]!];
    if ((x0 - x) * (x1 - x) <= 0 && x0 !== x1) return Math.exp(y0 + ((x - x0) / (x1 - x0)) * (y1 - y0));
  }
  return null;
}
