/** What the theory of multiplexed gradient descent predicts: the angle to the gradient, the largest stable rate, the gain of the analogue filter. */
import { ConfigError } from '../../engine/index.ts';

/** cos of the angle between G of n fresh random codes and the gradient, for P parameters: √(n/(n + P − 1)). */
export const randomCodeCosine = (patterns: number, parameters: number): number =>
  Math.sqrt(patterns / (patterns + parameters - 1));

/** 2P/tr H: below it random codes with one pattern an update converge on a quadratic bowl whose Hessian is diagonal in the parameters. Gradient descent has 2P/λ_max in the same unit. */
export const largestStableRate = (parameters: number, traceOfHessian: number): number =>
  (2 * parameters) / traceOfHessian;

/**
 * E θ_i² after so many steps on ½Σλ_iθ_i² with random codes, one pattern an update, exact slopes:
 * s_i ← s_i(1 − 2ελ_i) + ε² Σ_j λ_j² s_j with ε = η/P.
 */
export function meanSquares(
  eigenvalues: readonly number[],
  start: readonly number[],
  rate: number,
  steps: number,
): number[] {
  if (eigenvalues.length !== start.length)
    throw new ConfigError(`${eigenvalues.length} eigenvalues for ${start.length} parameters`, {
      eigenvalues: eigenvalues.length,
      parameters: start.length,
    });
  const eps = rate / start.length;
  let s = [...start];
  for (let step = 0; step < steps; step++) {
    const noise = eps ** 2 * s.reduce((sum, x, j) => sum + eigenvalues[j]! ** 2 * x, 0);
    s = s.map((x, i) => x * (1 - 2 * eps * eigenvalues[i]!) + noise);
  }
  return s;
}

/** Re of a(1 − z⁻¹)/(1 − az⁻¹), z = e^{2πif}: what the high-pass filter leaves of the correlation with a sinusoid of f cycles a step. */
export function highPassGain(f: number, tauHighPass = 1.6): number {
  const a = tauHighPass / (tauHighPass + 1);
  const [c, s] = [Math.cos(2 * Math.PI * f), Math.sin(2 * Math.PI * f)];
  // (1 − z⁻¹)·conj(1 − az⁻¹)/|1 − az⁻¹|², real part.
  const [numerator, denominator] = [(1 - c) * (1 - a * c) + a * s * s, (1 - a * c) ** 2 + (a * s) ** 2];
  return (a * numerator) / denominator;
}

/** What the filter leaves of a code whose patterns are independent from step to step: its response at lag 0. */
export const freshCodeGain = (tauHighPass = 1.6): number => tauHighPass / (tauHighPass + 1);
