/**
 * The search of one neuron while all others stand still.
 *
 * A candidate changes one column of one layer's pre-activations, so its network is run from there on only: the change of the neuron's activity times its outgoing weights is added to what the
 * next layer had before. K particles, C candidates, B rows, d incoming weights with the bias; `g` are the neuron's weights in the network.
 */
import {
  argmin,
  concat,
  eq,
  expandDims,
  iota,
  isNaN as isUndefined,
  lt,
  matmul,
  random,
  reshape,
  sliceAxis,
  type Tensor,
  take,
  vmap,
  where,
} from '../../engine/index.ts';
import type { Batch } from '../../nn/index.ts';
import { affine, type Fitness, type Network, withOne } from './network.ts';
import type { SearchOptions, SwarmConstants } from './options.ts';
import { move, remember, restarted, type Swarm } from './swarm.ts';

/** A network in the middle of a sweep: its weights, and all that they make of the batch. */
export interface Context {
  /** Of each layer, (d, n). */
  readonly weights: readonly Tensor[];
  /** Activities of the hidden layers with a 1 behind them, (B, n + 1). */
  readonly hidden: readonly Tensor[];
  /** Pre-activations of each layer, (B, n). */
  readonly z: readonly Tensor[];
}

/** Rows to judge by; `x` has a 1 behind each row. */
export type Rows = Batch;

export interface Searcher {
  readonly net: Network;
  readonly fitness: Fitness;
  readonly swarm: SwarmConstants;
  readonly search: SearchOptions;
}

/** Which neuron searches: its layer, and its place in it as an i32. */
export interface Place {
  readonly layer: number;
  readonly unit: Tensor;
}

export interface Found {
  readonly swarm: Swarm;
  /** The neuron's weights after the search, (d). */
  readonly row: Tensor;
  /** What the network was worth with the old and with the new ones. */
  readonly before: Tensor;
  readonly after: Tensor;
}

const inputOf = ({ hidden }: Context, { x }: Rows, layer: number): Tensor => (layer === 0 ? x : hidden[layer - 1]!);

/** What the network is worth with each candidate (C, d) in the neuron's place: (C). A candidate that gives no number is worth infinity. */
export function judge(
  { net, fitness }: Searcher,
  context: Context,
  rows: Rows,
  { layer, unit }: Place,
  candidates: Tensor,
): Tensor {
  const own = matmul(candidates, inputOf(context, rows, layer), { transposeY: true }); // (C, d)·(d, B)
  const outputs =
    layer === net.activations.length
      ? withColumn(context.z[layer]!, unit, own)
      : onwards(net, context, layer + 1, changedInput(net, context, { layer, unit }, own));
  const worth = vmap((output: Tensor) => fitness(output, rows))(outputs);
  return where(isUndefined(worth), Number.POSITIVE_INFINITY, worth);
}

/** A matrix (B, n) with one column replaced, for each of C columns: (C, B, n). */
const withColumn = (z: Tensor, unit: Tensor, columns: Tensor): Tensor =>
  where(eq(iota(z.shape[1]!), unit), expandDims(columns, 2), z);

/** Pre-activations behind the neuron's layer when its own are (C, B): what was there, and the change of its activity times its outgoing weights. */
function changedInput(net: Network, { hidden, weights, z }: Context, { layer, unit }: Place, own: Tensor): Tensor {
  const change = net.activations[layer]!(own).sub(take(hidden[layer]!, unit, 1)); // (C, B)
  const outgoing = take(weights[layer + 1]!, unit, 0); // (n)
  return expandDims(change, 2)
    .mul(outgoing)
    .add(z[layer + 1]!); // (C, B, n)
}

/** Outputs of the network from the pre-activations of a layer on. */
function onwards(net: Network, { weights }: Context, layer: number, z: Tensor): Tensor {
  let now = z;
  for (let l = layer; l < net.activations.length; l++) now = affine(net.activations[l]!(now), weights[l + 1]!); // (C, B, n_l)·(n_l, n)
  return now;
}

/** One search of a neuron's swarm: its particles are judged, remember their bests and move. `isFirst` where nothing was judged before. */
export function searchNeuron(
  searcher: Searcher,
  context: Context,
  rows: Rows,
  place: Place,
  swarm: Swarm,
  key: Tensor,
  isFirst: boolean,
  mask?: Tensor,
): Found {
  const { swarm: constants, search } = searcher;
  const of = (parts: readonly Tensor[]): Tensor => judge(searcher, context, rows, place, concat(parts, 0));
  const g = take(context.weights[place.layer]!, place.unit, 1); // (d)
  const k = constants.particles;
  const again = search.memory === 'reevaluate' && !isFirst;
  const worth = of([swarm.x, ...(again ? [swarm.p] : []), expandDims(g, 0)]);
  const before = take(worth, worth.size - 1);
  let now = step(swarm, sliceAxis(worth, 0, 0, k), again ? sliceAxis(worth, 0, k, 2 * k) : swarm.f, g, before, 0);
  for (let i = 1; i < search.innerSteps; i++)
    now = step(now.swarm, of([now.swarm.x]), now.swarm.f, now.row, now.after, i);
  return {
    ...now,
    before,
    swarm:
      search.restart === 0
        ? now.swarm
        : restarted(now.swarm, now.row, random.foldIn(key, search.innerSteps), search.restart, constants, mask),
  };

  function step(s: Swarm, fx: Tensor, pf: Tensor, row: Tensor, incumbent: Tensor, i: number): Omit<Found, 'before'> {
    const known = remember(s, fx, pf);
    const best = argmin(known.f);
    const worthOfBest = take(known.f, best);
    const isBetter = lt(worthOfBest, incumbent);
    const bestRow = take(known.p, best, 0);
    const next = search.guard ? where(isBetter, bestRow, row) : bestRow;
    return {
      swarm: move(known, next, random.foldIn(key, i), constants),
      row: next,
      after: search.guard ? where(isBetter, worthOfBest, incumbent) : worthOfBest,
    };
  }
}

/** The context after a neuron took other weights: its own column and everything behind it. */
export function write(net: Network, context: Context, rows: Rows, { layer, unit }: Place, row: Tensor): Context {
  const own = matmul(inputOf(context, rows, layer), row); // (B)
  const weights = replaced(context.weights, layer, (w) => setColumn(w, row, unit));
  const z = replaced(context.z, layer, (old) => setColumn(old, own, unit));
  if (layer === net.activations.length) return { ...context, weights, z };
  const activity = net.activations[layer]!(own);
  const change = expandDims(activity.sub(take(context.hidden[layer]!, unit, 1)), 1);
  const outgoing = reshape(take(weights[layer + 1]!, unit, 0), [1, weights[layer + 1]!.shape[1]!]);
  z[layer + 1] = z[layer + 1]!.add(change.mul(outgoing));
  const hidden = replaced(context.hidden, layer, (old) => setColumn(old, activity, unit));
  for (let l = layer + 1; l < net.activations.length; l++) {
    hidden[l] = withOne(net.activations[l]!(z[l]!));
    z[l + 1] = matmul(hidden[l]!, weights[l + 1]!);
  }
  return { weights, hidden, z };
}

/** A matrix (m, n) with column `unit` replaced. */
export const setColumn = (x: Tensor, column: Tensor, unit: Tensor): Tensor =>
  where(eq(iota(x.shape[1]!), unit), expandDims(column, 1), x);

function replaced(list: readonly Tensor[], i: number, change: (x: Tensor) => Tensor): Tensor[] {
  const next = [...list];
  next[i] = change(list[i]!);
  return next;
}
