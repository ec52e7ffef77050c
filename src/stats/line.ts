/** The least-squares line, and the order of a power law as its slope in logarithms. */
import { ConfigError } from '../engine/errors.ts';
import { mean, requirePairs, requireShare } from './sample.ts';
import { studentQuantile } from './student.ts';

export interface LineOptions {
  /** Of the interval of the slope; default 0.95. */
  readonly level?: number;
}

export interface LineFit {
  readonly slope: number;
  readonly intercept: number;
  /** Standard errors; null for two points, which any line fits. */
  readonly slopeError: number | null;
  readonly interceptError: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  /** Share of the variance of y that the line explains; 1 where y is constant and met. */
  readonly r2: number;
}

/** Fits y = intercept + slope·x. */
export function leastSquaresLine(
  x: readonly number[],
  y: readonly number[],
  { level = 0.95 }: LineOptions = {},
): LineFit {
  requirePairs('leastSquaresLine', x, y, 2);
  requireShare('level', level);
  const [mx, my, n] = [mean(x), mean(y), x.length];
  const xx = x.reduce((total, v) => total + (v - mx) ** 2, 0);
  if (xx === 0)
    throw new ConfigError(`all ${n} x are ${mx}: a slope needs two different ones`, { x: mx, help: 'vary x' });
  const slope = x.reduce((total, v, i) => total + (v - mx) * (y[i]! - my), 0) / xx;
  const intercept = my - slope * mx;
  const rest = x.reduce((total, v, i) => total + (y[i]! - my - slope * (v - mx)) ** 2, 0);
  const yy = y.reduce((total, v) => total + (v - my) ** 2, 0);
  const r2 = yy === 0 ? 1 : 1 - rest / yy;
  if (n === 2) return { slope, intercept, slopeError: null, interceptError: null, interval: null, r2 };
  const deviation = Math.sqrt(rest / (n - 2));
  const slopeError = deviation / Math.sqrt(xx);
  const interceptError = deviation * Math.sqrt(1 / n + (mx * mx) / xx);
  const half = studentQuantile(0.5 + level / 2, n - 2) * slopeError;
  return { slope, intercept, slopeError, interceptError, interval: [slope - half, slope + half], r2 };
}

/** Fits y = c·x^slope through logarithms; `intercept` is ln c. Both samples must be positive. */
export function logLogSlope(x: readonly number[], y: readonly number[], options: LineOptions = {}): LineFit {
  requirePairs('logLogSlope', x, y, 2);
  for (const v of [...x, ...y]) {
    if (v > 0) continue;
    throw new ConfigError(`logLogSlope takes positive numbers, got ${v}`, {
      value: v,
      help: 'leave out points that have reached zero or the rounding error',
    });
  }
  return leastSquaresLine(x.map(Math.log), y.map(Math.log), options);
}
