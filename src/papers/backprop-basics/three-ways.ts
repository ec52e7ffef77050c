/** Check 6: the tutorial's training step in three ways (a graph of single numbers, the tensor engine, the written-out rules), and what the step is beside the printed loss. */
import {
  add,
  backwardGradients,
  div,
  forwardValues,
  jit,
  logistic,
  mul,
  operationNodes,
  type ScalarGraph,
  sub,
  type Tensor,
  tensor,
  traceScalars,
} from '../../engine/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { Draws } from './draws.ts';
import {
  classes,
  features,
  loadIris,
  oneHotRows,
  type Params,
  type Rows,
  type Start,
  startOf,
  stepOf,
  tutorial,
} from './iris.ts';

const { hidden, rate } = tutorial;

/** W1 (4, 2) and W2 (2, 3), row by row. */
export interface Weights {
  readonly w1: Float64Array;
  readonly w2: Float64Array;
}

const sigma = (z: number): number => 1 / (1 + Math.exp(-z));

/** A forward pass in plain loops: A1 and A2 of every row. */
function activations({ w1, w2 }: Weights, { x, n }: Rows): { a1: Float64Array; a2: Float64Array } {
  const [a1, a2] = [new Float64Array(n * hidden), new Float64Array(n * classes)];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < hidden; j++) {
      let z = 0;
      for (let k = 0; k < features; k++) z += x[features * i + k]! * w1[hidden * k + j]!;
      a1[hidden * i + j] = sigma(z);
    }
    for (let c = 0; c < classes; c++) {
      let z = 0;
      for (let j = 0; j < hidden; j++) z += a1[hidden * i + j]! * w2[classes * j + c]!;
      a2[classes * i + c] = sigma(z);
    }
  }
  return { a1, a2 };
}

/** The loss that the tutorial prints: Σ(A2 − Y)² / (2·3N). */
export function printedLoss(weights: Weights, rows: Rows): number {
  const { a2 } = activations(weights, rows);
  const y = oneHotRows(rows);
  return a2.reduce((sum, a, i) => sum + (a - y[i]!) ** 2, 0) / (2 * classes * rows.n);
}

/** The directions that the tutorial's step subtracts, over η: A1ᵀD1 / N and XᵀD2 / N with E1 = A2 − Y, D1 = E1∘A2∘(1 − A2), E2 = D1·W2ᵀ, D2 = E2∘A1∘(1 − A1). */
export function writtenDirections(weights: Weights, rows: Rows): Weights {
  const { x, n } = rows;
  const { a1, a2 } = activations(weights, rows);
  const y = oneHotRows(rows);
  const [g1, g2] = [new Float64Array(features * hidden), new Float64Array(hidden * classes)];
  const d1 = a2.map((a, i) => (a - y[i]!) * a * (1 - a));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < hidden; j++) {
      const a = a1[hidden * i + j]!;
      let e2 = 0;
      for (let c = 0; c < classes; c++) {
        e2 += d1[classes * i + c]! * weights.w2[classes * j + c]!;
        g2[classes * j + c]! += (a * d1[classes * i + c]!) / n;
      }
      for (let k = 0; k < features; k++) g1[hidden * k + j]! += (x[features * i + k]! * e2 * a * (1 - a)) / n;
    }
  }
  return { w1: g1, w2: g2 };
}

const descend = (w: Float64Array, g: Float64Array): Float64Array => w.map((v, i) => v - rate * g[i]!);

function writtenStep(weights: Weights, rows: Rows): Weights {
  const g = writtenDirections(weights, rows);
  return { w1: descend(weights.w1, g.w1), w2: descend(weights.w2, g.w2) };
}

/** The printed loss of a batch as a graph of single numbers: weights are inputs, rows are constants. */
export function batchGraph(rows: Rows): ScalarGraph {
  const names = [...weightNames('w1', features, hidden), ...weightNames('w2', hidden, classes)];
  return traceScalars((...w) => batchLoss(w, rows), names);
}

const weightNames = (name: string, from: number, to: number): string[] =>
  Array.from({ length: from * to }, (_, i) => `${name}[${Math.floor(i / to)},${i % to}]`);

/** Products first, sums from left to right: 37 operations a row, the division of the sum among them once. */
function batchLoss(w: readonly Tensor[], rows: Rows): Tensor {
  const y = oneHotRows(rows);
  const total = (parts: readonly Tensor[]) => parts.reduce((a, b) => add(a, b));
  const unit = (inputs: readonly (Tensor | number)[], weight: (k: number) => Tensor) =>
    logistic(total(inputs.map((input, k) => mul(input, weight(k)))));
  const errors: Tensor[] = [];
  for (let i = 0; i < rows.n; i++) {
    const row = [...rows.x.subarray(features * i, features * (i + 1))];
    const a1 = Array.from({ length: hidden }, (_, j) => unit(row, (k) => w[hidden * k + j]!));
    for (let c = 0; c < classes; c++) {
      const e = sub(
        unit(a1, (j) => w[features * hidden + classes * j + c]!),
        y[classes * i + c]!,
      );
      errors.push(mul(e, e));
    }
  }
  return div(total(errors), 2 * classes * rows.n);
}

/** The step by the graph: the gradient of the printed loss, times 3. */
function graphStep(graph: ScalarGraph, { w1, w2 }: Weights): Weights {
  const values = forwardValues(graph, [...w1, ...w2]);
  const gradients = backwardGradients(graph, values, { start: 'first' });
  const g = Float64Array.from(graph.graph.inputs, (id) => classes * gradients.get(id)!);
  return { w1: descend(w1, g.subarray(0, w1.length)), w2: descend(w2, g.subarray(w1.length)) };
}

/** The step by the tensor engine, compiled. */
function engineStepper({ train, w1, w2 }: Start) {
  const x = tensor(train.x, { shape: [train.n, features] });
  const y = tensor(oneHotRows(train), { shape: [train.n, classes] });
  const none = (n: number) => tensor(new Float64Array(n));
  const step = jit(stepOf(tutorial));
  let params: Params = {
    w1: tensor(w1, { shape: [features, hidden] }),
    w2: tensor(w2, { shape: [hidden, classes] }),
    b1: none(hidden),
    b2: none(classes),
  };
  return {
    step: () => {
      params = step(params, x, y);
    },
    weights: (): Weights => ({ w1: params.w1.readSync() as Float64Array, w2: params.w2.readSync() as Float64Array }),
  };
}

export interface ThreeWays {
  /** Largest distance of any weight from that of the written-out rules. */
  readonly graphError: number;
  readonly engineError: number;
  /** Operations of the batch's loss, and values in its graph. */
  readonly operations: number;
  readonly values: number;
  readonly graphMs: number;
  readonly engineMs: number;
}

/** Trains for some steps in all three ways from the start of seed 0; steps of graph and engine take turns, each is timed. */
export async function threeWays(lab: Lab, steps: number): Promise<ThreeWays> {
  const start = startOf(await loadIris(), tutorial, new Draws(lab.words('iris', 0)));
  const graph = batchGraph(start.train);
  const engine = engineStepper(start);
  let [written, scalar]: [Weights, Weights] = [start, start];
  const [graphMs, engineMs]: [number[], number[]] = [[], []];
  for (let i = 0; i < steps; i++) {
    written = writtenStep(written, start.train);
    graphMs.push(timed(() => (scalar = graphStep(graph, scalar))));
    engineMs.push(
      timed(() => {
        engine.step();
        engine.weights(); // waits for the result
      }),
    );
    if (i % 10 === 0) lab.step('three ways', i / steps);
  }
  return {
    graphError: distance(scalar, written),
    engineError: distance(engine.weights(), written),
    operations: operationNodes(graph).length,
    values: graph.graph.nodes.length + graph.graph.inputs.length,
    graphMs: median(graphMs),
    engineMs: median(engineMs),
  };
}

function timed(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const distance = (a: Weights, b: Weights): number =>
  Math.max(...[...a.w1].map((v, i) => Math.abs(v - b.w1[i]!)), ...[...a.w2].map((v, i) => Math.abs(v - b.w2[i]!)));

/** The factor between the tutorial's step and the gradient of the loss it prints, by differences: the least and the largest over all weights. */
export async function stepFactor(lab: Lab): Promise<{ readonly least: number; readonly largest: number }> {
  const start = startOf(await loadIris(), tutorial, new Draws(lab.words('iris', 0)));
  const written = writtenDirections(start, start.train);
  const h = 1e-5;
  const factors = (['w1', 'w2'] as const).flatMap((name) =>
    [...start[name]].map((v, i) => {
      const loss = (by: number) => printedLoss({ ...start, [name]: start[name].with(i, v + by) }, start.train);
      return written[name][i]! / ((loss(h) - loss(-h)) / (2 * h));
    }),
  );
  return { least: Math.min(...factors), largest: Math.max(...factors) };
}
