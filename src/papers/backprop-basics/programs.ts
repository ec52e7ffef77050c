/** Straight-line programs whose operations are counted, and the measurement that counts them. */
import {
  add,
  backwardGradients,
  div,
  emptyTally,
  forwardTangents,
  forwardValues,
  mul,
  operationsOf,
  type ScalarGraph,
  sub,
  type Tally,
  type Tensor,
  traceScalars,
} from '../../engine/index.ts';

/** A function of n scalars. */
export interface Program {
  readonly name: string;
  readonly n: number;
  readonly f: (...xs: Tensor[]) => Tensor;
}

export const product = (n: number): Program => ({
  name: 'product x₁⋯xₙ',
  n,
  f: (...xs) => xs.reduce((p, x) => mul(p, x)),
});
export const quotients = (n: number): Program => ({
  name: 'quotient chain x₁/x₂/⋯',
  n,
  f: (...xs) => xs.reduce((p, x) => div(p, x)),
});
export const total = (n: number): Program => ({ name: 'sum', n, f: (...xs) => xs.reduce((s, x) => add(s, x)) });
export const squares = (n: number): Program => ({
  name: 'Σ xᵢ²',
  n,
  f: (...xs) => xs.map((x) => mul(x, x)).reduce((s, x) => add(s, x)),
});

/** ((c₁·x + c₂)·x + …)·x + cₙ₋₁: x and n − 1 coefficients, all of them inputs. */
export const horner = (n: number): Program => ({
  name: 'Horner polynomial',
  n,
  f: (x, first, ...more) => more.reduce((p, c) => add(mul(p, x!), c), first!),
});

export const determinant: Program = {
  name: 'determinant 3×3',
  n: 9,
  f: (a, b, c, d, e, f, g, h, i) =>
    add(
      sub(mul(a!, sub(mul(e!, i!), mul(f!, h!))), mul(b!, sub(mul(d!, i!), mul(f!, g!)))),
      mul(c!, sub(mul(d!, h!), mul(e!, g!))),
    ),
};

/** Operations of one program, as carried out. */
export interface Counts {
  readonly forward: number;
  /** Every contribution is an addition. */
  readonly backward: number;
  /** The first contribution to a value is an assignment. */
  readonly assigned: number;
  /** As `assigned`, with changes of sign for nothing. */
  readonly signFree: number;
  /** (forward + backward) over forward, counting only × and ÷; null where there are none. */
  readonly nonscalarRatio: number | null;
}

/** Runs a program and its backward sweep, and counts. */
export function countsOf({ f, n }: Program): Counts {
  const scalar = traceScalars(
    f,
    Array.from({ length: n }, (_, i) => `x${i + 1}`),
  );
  return countsAt(
    scalar,
    Array.from({ length: n }, (_, i) => 1 + (i + 1) / (n + 1)),
  );
}

/** The same for a graph at a point. */
export function countsAt(scalar: ScalarGraph, at: readonly number[]): Counts {
  const [forward, backward, assigned] = [emptyTally(), emptyTally(), emptyTally()];
  const values = forwardValues(scalar, at, forward);
  backwardGradients(scalar, values, { tally: backward });
  backwardGradients(scalar, values, { tally: assigned, start: 'first' });
  const products = (t: Tally) => t.mul + t.div;
  return {
    forward: operationsOf(forward),
    backward: operationsOf(backward),
    assigned: operationsOf(assigned),
    signFree: operationsOf(assigned) - assigned.neg,
    nonscalarRatio: products(forward) === 0 ? null : (products(forward) + products(backward)) / products(forward),
  };
}

/** Operations of f and its whole gradient by forward mode: one sweep of tangents an input. */
export function forwardModeOperations({ f, n }: Program): number {
  const scalar = traceScalars(
    f,
    Array.from({ length: n }, (_, i) => `x${i + 1}`),
  );
  const tally = emptyTally();
  const values = forwardValues(
    scalar,
    Array.from({ length: n }, () => 1.25),
    tally,
  );
  for (let i = 0; i < n; i++)
    forwardTangents(
      scalar,
      values,
      Array.from({ length: n }, (_, k) => Number(k === i)),
      tally,
    );
  return operationsOf(tally);
}

/** The smallest number of inputs from which reverse mode takes fewer operations than forward mode. */
export function crossover(program: (n: number) => Program, largest = 12): number {
  const wins = Array.from({ length: largest - 1 }, (_, i) => {
    const p = program(i + 2);
    const { forward, backward } = countsOf(p);
    return forward + backward < forwardModeOperations(p);
  });
  return 2 + wins.lastIndexOf(false) + 1;
}
