/**
 * Check 5: the tutorial's network on Iris, and what turns its luck into learning.
 *
 *   Z1 = X·W1 (+ b1)   A1 = σ(Z1)   Z2 = A1·W2 (+ b2)   A2 = σ(Z2)
 *   W ← W − η·∂/∂W Σ(A2 − Y)² / 2N, all rows at once
 * All seeds are trained at the same time, one instance of `vmap` each; f64 throughout.
 */
import { loadDataset } from '../../data/index.ts';
import {
  add,
  argmax,
  jit,
  logistic,
  matmul,
  mul,
  softplus,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  vmap,
} from '../../engine/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { Draws } from './draws.ts';

export interface Variant {
  readonly name: string;
  readonly hidden: number;
  readonly biases: boolean;
  /** Features less their mean and over their deviation, both of the training rows. */
  readonly standardised: boolean;
  readonly rate: number;
  readonly loss: 'squared error' | 'cross-entropy';
}

export const tutorial: Variant = {
  name: 'tutorial',
  hidden: 2,
  biases: false,
  standardised: false,
  rate: 0.1,
  loss: 'squared error',
};
export const withBiases: Variant = { ...tutorial, name: 'and biases', biases: true };
export const standardised: Variant = { ...withBiases, name: 'and standardised features', standardised: true };
export const wider: Variant = { ...standardised, name: 'and 8 hidden units', hidden: 8 };
export const improved: Variant = { ...wider, name: 'and a rate of 1: improved', rate: 1 };
export const crossEntropy: Variant = { ...improved, name: 'and cross-entropy', loss: 'cross-entropy' };

export const testRows = 20;
export const features = 4;
export const classes = 3;

export interface Rows {
  readonly x: Float64Array;
  /** Class of each row. */
  readonly y: Int32Array;
  readonly n: number;
}

/** All 150 rows. */
export async function loadIris(): Promise<Rows> {
  const { train, test } = await loadDataset('iris');
  return {
    x: Float64Array.from([...train.x, ...test.x]),
    y: Int32Array.from([...train.y, ...test.y]),
    n: train.n + test.n,
  };
}

/** What one seed begins with. */
export interface Start {
  readonly train: Rows;
  readonly test: Rows;
  /** (4, hidden) and (hidden, 3), N(0, ½²). */
  readonly w1: Float64Array;
  readonly w2: Float64Array;
}

/** Shuffles the rows, sets 20 aside, then draws the weights. */
export function startOf(rows: Rows, { hidden, standardised: isStandardised }: Variant, draws: Draws): Start {
  const order = draws.permutation(rows.n);
  const test = rowsAt(rows, order.slice(0, testRows));
  const train = rowsAt(rows, order.slice(testRows));
  const weights = (n: number) => Float64Array.from({ length: n }, () => draws.normal() / 2);
  const [w1, w2] = [weights(features * hidden), weights(hidden * classes)];
  return isStandardised ? { ...standardise(train, test), w1, w2 } : { train, test, w1, w2 };
}

const rowsAt = ({ x, y }: Rows, at: readonly number[]): Rows => ({
  x: Float64Array.from(at.flatMap((i) => [...x.subarray(features * i, features * (i + 1))])),
  y: Int32Array.from(at, (i) => y[i]!),
  n: at.length,
});

function standardise(train: Rows, test: Rows): { train: Rows; test: Rows } {
  const moments = Array.from({ length: features }, (_, f) => {
    const column = Array.from({ length: train.n }, (_, i) => train.x[features * i + f]!);
    const mean = column.reduce((a, b) => a + b) / train.n;
    return { mean, deviation: Math.sqrt(column.reduce((s, v) => s + (v - mean) ** 2, 0) / train.n) };
  });
  const scaled = (rows: Rows): Rows => ({
    ...rows,
    x: rows.x.map((v, k) => (v - moments[k % features]!.mean) / moments[k % features]!.deviation),
  });
  return { train: scaled(train), test: scaled(test) };
}

/** Labels as rows of 0 and 1. */
export const oneHotRows = ({ y }: Rows): Float64Array => {
  const rows = new Float64Array(classes * y.length);
  y.forEach((label, i) => {
    rows[classes * i + label] = 1;
  });
  return rows;
};

export interface Params {
  readonly w1: Tensor;
  readonly w2: Tensor;
  readonly b1: Tensor;
  readonly b2: Tensor;
}

/** Z2 of rows (n, 4). */
function logits({ w1, w2, b1, b2 }: Params, x: Tensor, biases: boolean): Tensor {
  const plus = (z: Tensor, b: Tensor) => (biases ? add(z, b) : z);
  return plus(matmul(logistic(plus(matmul(x, w1), b1)), w2), b2);
}

/** The loss that the steps descend: over the rows, Σ(A2 − Y)² / 2N, or the cross-entropy of each output over N. */
function descended(params: Params, x: Tensor, y: Tensor, { biases, loss }: Variant): Tensor {
  const z = logits(params, x, biases);
  const rows = x.shape[0]!;
  if (loss === 'squared error') return mul(sum(square(sub(logistic(z), y))), 1 / (2 * rows));
  return mul(sum(sub(softplus(z), mul(y, z))), 1 / rows);
}

/** One step of gradient descent for one seed. */
export const stepOf =
  (variant: Variant) =>
  (params: Params, x: Tensor, y: Tensor): Params => {
    const [, g] = valueAndGrad((p: Params) => descended(p, x, y, variant))(params);
    const moved = (k: keyof Params) => sub(params[k], mul(g[k], variant.rate));
    const weights = { w1: moved('w1'), w2: moved('w2') };
    return variant.biases ? { ...weights, b1: moved('b1'), b2: moved('b2') } : { ...params, ...weights };
  };

/** How one seed ended. */
export interface Outcome {
  /** Σ(A2 − Y)² / (2·3N) over the training rows, as the tutorial prints it. */
  readonly loss: number;
  readonly train: number;
  readonly test: number;
}

export interface Run {
  readonly outcomes: readonly Outcome[];
  /** Printed loss, averaged over the seeds, at some steps. */
  readonly curve: readonly { readonly step: number; readonly loss: number; readonly test: number }[];
}

const stacked = (parts: readonly Float64Array[], shape: readonly number[]): Tensor =>
  tensor(Float64Array.from(parts.flatMap((part) => [...part])), { shape: [parts.length, ...shape] });

/** Trains a variant for each seed, all at the same time. */
export async function trainIris(lab: Lab, variant: Variant, seeds: readonly number[], steps: number): Promise<Run> {
  const rows = await loadIris();
  const starts = seeds.map((seed) => startOf(rows, variant, new Draws(lab.words('iris', seed))));
  const { hidden } = variant;
  const inputs = (of: (s: Start) => Rows, n: number) =>
    stacked(
      starts.map((s) => of(s).x),
      [n, features],
    );
  const targets = (of: (s: Start) => Rows, n: number) =>
    stacked(
      starts.map((s) => oneHotRows(of(s))),
      [n, classes],
    );
  const trainN = rows.n - testRows;
  const [x, y] = [inputs((s) => s.train, trainN), targets((s) => s.train, trainN)];
  const [xTest, yTest] = [inputs((s) => s.test, testRows), targets((s) => s.test, testRows)];
  let params: Params = {
    w1: stacked(
      starts.map((s) => s.w1),
      [features, hidden],
    ),
    w2: stacked(
      starts.map((s) => s.w2),
      [hidden, classes],
    ),
    b1: stacked(
      starts.map(() => new Float64Array(hidden)),
      [hidden],
    ),
    b2: stacked(
      starts.map(() => new Float64Array(classes)),
      [classes],
    ),
  };
  const step = jit(vmap(stepOf(variant)));
  const measure = jit(vmap((p: Params, a: Tensor, b: Tensor) => measures(p, a, b, variant)));
  const curve: Run['curve'][number][] = [];
  for (let i = 0; i <= steps; i++) {
    if (i % Math.ceil(steps / 50) === 0) {
      const [[loss], [, test]] = [rowsOf(measure(params, x, y)), rowsOf(measure(params, xTest, yTest))];
      curve.push({ step: i, loss: mean(loss!), test: mean(test!) });
      lab.step(`Iris, ${variant.name}`, i / steps);
    }
    if (i < steps) params = step(params, x, y);
  }
  const [[loss, train], [, test]] = [rowsOf(measure(params, x, y)), rowsOf(measure(params, xTest, yTest))];
  return { curve, outcomes: seeds.map((_, i) => ({ loss: loss![i]!, train: train![i]!, test: test![i]! })) };
}

/** The printed loss and the share of rows in their class. */
function measures(params: Params, x: Tensor, y: Tensor, { biases }: Variant): readonly [Tensor, Tensor] {
  const z = logits(params, x, biases);
  const n = x.shape[0]!;
  const loss = mul(sum(square(sub(logistic(z), y))), 1 / (2 * classes * n));
  const hits = sub(argmax(z, 1), argmax(y, 1));
  return [loss, hits];
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Loss and accuracy by seed; a row is right where the difference of the labels is 0. */
function rowsOf([loss, differences]: readonly [Tensor, Tensor]): [number[], number[]] {
  const [seeds, n] = differences.shape as [number, number];
  const all = differences.readSync();
  const share = (s: number) => all.subarray(s * n, (s + 1) * n).filter((d) => d === 0).length / n;
  return [[...loss.readSync()], Array.from({ length: seeds }, (_, s) => share(s))];
}
