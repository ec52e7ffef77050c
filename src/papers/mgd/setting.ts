/** What the experiments share: logistic networks, data that stays in the program, starts, gradients beside estimates. */
import {
  fromArray,
  grad,
  jit,
  leavesOf,
  random,
  range,
  scan,
  stack,
  type Tensor,
  take,
  trees,
  vmap,
} from '../../engine/index.ts';
import { variedLogistic } from '../../methods/multiplexed/device.ts';
import type { Cost } from '../../methods/multiplexed/simulate.ts';
import { type Batch, dense, type Layer, type Loss, type Model, model, mse, type Tree } from '../../nn/index.ts';

/** A logistic function in every layer, the last one too. The paper subtracts its biases: with symmetric starts that is the same network. */
export const logisticNet = (widths: readonly number[]): Model =>
  model(
    [widths[0]!],
    widths.slice(1).map((units) => dense({ units, activation: 'logistic' })),
  );

/** The same with activations that vary from unit to unit. */
export const variedNet = (widths: readonly number[], deviation: number): Model =>
  model(
    [widths[0]!],
    widths.slice(1).flatMap((units): Layer[] => [dense({ units }), variedLogistic({ deviation })]),
  );

/** Rows of inputs and targets that stay inside the program. */
export interface Resident {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** The cost of rows of the data, with the device in `own` (null for the model's own state). */
export const costOn =
  (net: Model, loss: Loss, { x, y }: Resident, state: Tree): Cost =>
  (theta, rows, own) =>
    loss.value(net.apply(theta, own ?? state, take(x, rows))[0], { x, y: take(y, rows) } as Batch);

/** Parameters from U(low, high), or as many of them as there are runs. */
export function uniformStart(net: Model, key: Tensor, low: number, high: number, runs?: number): Tree {
  const { params } = net.initialise(random.key(0));
  const one = (own: Tensor): Tree =>
    trees.randomLike(own, params, (k, shape, options) => random.uniform(k, shape, { low, high, ...options }));
  return runs === undefined ? one(key) : vmap(one)(random.keys(key, runs));
}

/** All elements in one list. */
export const numbersOf = (tree: Tree): number[] => (leavesOf(tree) as Tensor[]).flatMap((x) => [...x.readSync()]);

export const norm = (v: readonly number[]): number => Math.hypot(...v);
export const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, x, i) => s + x * b[i]!, 0);
export const distance = (a: readonly number[], b: readonly number[]): number =>
  norm(a.map((x, i) => x - b[i]!)) / norm(b);
export const cosine = (a: readonly number[], b: readonly number[]): number => dot(a, b) / (norm(a) * norm(b));

/** The network of checks 1 and 2: 49-4-4 with 220 parameters, 20 fixed samples, squared error. */
export function probeNet(key: Tensor) {
  const net = logisticNet([49, 4, 4]);
  const [forParams, forX, forY] = random.split(key, 3) as [Tensor, Tensor, Tensor];
  const params = uniformStart(net, forParams, -0.5, 0.5);
  const data = { x: random.uniform(forX, [20, 49]), y: random.randint(forY, [20], 0, 4) };
  const cost = costOn(net, mse(), data, net.initialise(random.key(0)).state);
  const rows = fromArray(Int32Array.from(range(20)), [20], 'i32');
  const gradient = numbersOf(grad((p: Tree) => cost(p, rows, null))(params));
  return { params, cost, rows, gradient, parameters: trees.countParams(params) };
}

/** Plain gradient descent on the same costs in the same kind of program: rows (blocks, …) or (runs, blocks, …). */
export function gradientDescent(cost: Cost, own: Tree, runs?: number) {
  const run = (theta: Tree, rows: Tensor, rates: Tensor, device: Tree): Tree =>
    scan(
      (now: Tree, x: { rows: Tensor; rate: Tensor }): readonly [Tree, null] => [
        trees.addScaled(now, x.rate.mul(-1), grad((p: Tree) => cost(p, x.rows, device))(now)),
        null,
      ],
      theta,
      { rows, rate: rates },
    )[0];
  const program = jit(runs === undefined ? run : (vmap(run, { inAxes: [0, 0, null, 0] }) as typeof run));
  return (theta: Tree, rows: Tensor, rates: readonly number[]): Tree =>
    program(theta, rows, fromArray(Float64Array.from(rates), [rates.length], 'f64'), own);
}

/** Leaves of several trees stacked along a new leading axis. */
export const stacked = (all: readonly Tree[]): Tree =>
  trees.mapTensors((...xs: Tensor[]) => stack(xs), all[0]!, ...all.slice(1));
