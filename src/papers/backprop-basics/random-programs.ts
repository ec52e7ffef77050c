/** Random straight-line programs over + − × ÷, and how the cost of their gradients compares with their own. */
import { add, div, mul, sub, type Tensor, traceScalars } from '../../engine/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { Draws } from './draws.ts';
import { countsAt } from './programs.ts';

const operations = [add, sub, mul, div] as const;

export interface Ratios {
  /** The largest (forward + backward) / forward. */
  readonly largest: number;
  readonly mean: number;
  /** The largest distance of the ratio that counts only × and ÷ from 3. */
  readonly nonscalarError: number;
}

/** Counts `n` programs of 1 to 6 inputs and 1 to 40 operations; only what the output depends on is counted. */
export function randomPrograms(lab: Lab, n: number): Ratios {
  const ratios: number[] = [];
  let nonscalarError = 0;
  for (let k = 0; k < n; k++) {
    const draws = new Draws(lab.words('random program', k));
    const inputs = 1 + draws.below(6);
    const scalar = traceScalars(
      (...xs) => randomProgram(xs, draws),
      Array.from({ length: inputs }, (_, i) => `x${i + 1}`),
    );
    const { forward, backward, nonscalarRatio } = countsAt(
      scalar,
      Array.from({ length: inputs }, () => draws.between(0.5, 2)),
    );
    ratios.push((forward + backward) / forward);
    if (nonscalarRatio !== null) nonscalarError = Math.max(nonscalarError, Math.abs(nonscalarRatio - 3));
    if (k % 50 === 0) lab.step('random programs', k / n);
  }
  return { largest: Math.max(...ratios), mean: ratios.reduce((a, b) => a + b, 0) / n, nonscalarError };
}

/** A program whose later operations read any earlier value. */
function randomProgram(inputs: readonly Tensor[], draws: Draws): Tensor {
  const values = [...inputs];
  const length = 1 + draws.below(40);
  for (let i = 0; i < length; i++) {
    const any = () => values[draws.below(values.length)]!;
    values.push(operations[draws.below(4)]!(any(), any()));
  }
  return values.at(-1)!;
}
