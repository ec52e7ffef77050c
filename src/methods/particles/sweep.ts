/** Sweeps over all neurons, compiled: one program a layer, the neuron in it a value; optionally many networks at once on the same rows. */
import {
  defaultDtype,
  type FloatDtype,
  fromArray,
  type Jitted,
  jit,
  random,
  type Tensor,
  vmap,
} from '../../engine/index.ts';
import type { Batch } from '../../nn/index.ts';
import { asRows, drawWeights, forward, withOne } from './network.ts';
import { type Context, type Found, type Rows, type Searcher, searchNeuron, setColumn, write } from './search.ts';
import { type Swarm, scatter } from './swarm.ts';

/** A network whose neurons search: its weights and one swarm a neuron. */
export interface ParticleState {
  /** Of each layer, (d, n): columns are neurons, the last row holds the biases. */
  readonly weights: readonly Tensor[];
  /** Of each layer, of each of its neurons. */
  readonly swarms: readonly (readonly Swarm[])[];
}

/** A neuron by layer and place. */
export interface Neuron {
  readonly layer: number;
  readonly unit: number;
  /** Counted through all layers. */
  readonly index: number;
}

export const neuronsOf = (widths: readonly number[]): Neuron[] =>
  widths
    .slice(1)
    .flatMap((units, layer) => Array.from({ length: units }, (_, unit) => ({ layer, unit })))
    .map((neuron, index) => ({ ...neuron, index }));

/** A network and swarms about its rows, as they begin: a function of a key. */
export function beginSearch(
  { net, swarm }: Searcher,
  key: Tensor,
  dtype: FloatDtype = defaultDtype() as FloatDtype,
): ParticleState {
  const [own, around] = random.split(key) as [Tensor, Tensor];
  const weights = drawWeights(net, own, dtype);
  const counted = neuronsOf(net.widths);
  return {
    weights,
    swarms: weights.map((w, layer) =>
      counted
        .filter((neuron) => neuron.layer === layer)
        .map(({ unit, index }) =>
          scatter(w.take(unit, 1), random.foldIn(around, index), swarm, net.masks?.[layer]?.take(unit, 1)),
        ),
    ),
  };
}

/** What a neuron's search left, and the context it is found in. */
export interface Visited {
  readonly context: Context;
  readonly swarm: Swarm;
  readonly before: Tensor;
  readonly after: Tensor;
}

/** A network run from scratch. */
export interface Refreshed {
  readonly context: Context;
  readonly rows: Rows;
  readonly value: Tensor;
}

type At = readonly [unit: Tensor, count: Tensor];

/** The compiled parts of a sweep. With `lanes` every tensor but the rows has a leading axis of that length: so many networks, each with its own key. */
export class Sweep {
  readonly searcher: Searcher;
  readonly neurons: readonly Neuron[];
  readonly begin: (key: Tensor) => ParticleState;
  readonly refresh: Jitted<(weights: readonly Tensor[], batch: Batch) => Refreshed>;
  /** What a network is worth on rows. */
  readonly value: (weights: readonly Tensor[], rows: Rows) => Tensor;
  /** Weights with one neuron's column replaced. */
  readonly place: (w: Tensor, row: Tensor, unit: Tensor) => Tensor;
  readonly #visits: readonly (readonly ReturnType<typeof visitOf>[])[];
  readonly #searches: readonly (readonly ReturnType<typeof searchOf>[])[];

  constructor(searcher: Searcher, lanes: 'one' | 'many' = 'one') {
    this.searcher = searcher;
    this.neurons = neuronsOf(searcher.net.widths);
    const { net, fitness } = searcher;
    const begin = (key: Tensor): ParticleState => beginSearch(searcher, key);
    this.begin = jit(lanes === 'one' ? begin : vmap(begin), { name: 'swarms' });
    const run = (weights: readonly Tensor[], rows: Rows) => {
      const { hidden, z } = forward(net, weights, rows.x);
      return { context: { weights, hidden, z }, value: fitness(z.at(-1)!, rows) };
    };
    const laned = lanes === 'one' ? run : vmap(run, { inAxes: [0, null] });
    this.refresh = jit(
      (weights: readonly Tensor[], batch: Batch) => {
        const rows = { ...batch, x: withOne(asRows(batch.x)) };
        return { ...laned(weights, rows), rows };
      },
      { name: 'forward' },
    );
    this.value = jit((weights: readonly Tensor[], rows: Rows) => laned(weights, rows).value, { name: 'worth' });
    this.place = jit(lanes === 'one' ? setColumn : vmap(setColumn, { inAxes: [0, 0, null] }), { name: 'place' });
    const layers = searcher.net.widths.slice(1).map((_, layer) => layer);
    this.#visits = layers.map((layer) => [false, true].map((isFirst) => visitOf(searcher, layer, isFirst, lanes)));
    this.#searches = layers.map((layer) => [false, true].map((isFirst) => searchOf(searcher, layer, isFirst, lanes)));
  }

  /** Searches for a neuron and writes what was found into the context; `count` numbers the searches of a run. */
  visit(
    neuron: Neuron,
    isFirst: boolean,
    context: Context,
    swarm: Swarm,
    rows: Rows,
    key: Tensor,
    count: number,
  ): Visited {
    return this.#visits[neuron.layer]![+isFirst]!(context, swarm, rows, key, atOf(neuron, count));
  }

  /** Searches for a neuron and leaves the context as it is. */
  search(
    neuron: Neuron,
    isFirst: boolean,
    context: Context,
    swarm: Swarm,
    rows: Rows,
    key: Tensor,
    count: number,
  ): Found {
    return this.#searches[neuron.layer]![+isFirst]!(context, swarm, rows, key, atOf(neuron, count));
  }

  /** The graph of a visit, to count what it costs. */
  graphOf(layer: number, isFirst: boolean, context: Context, swarm: Swarm, rows: Rows, key: Tensor) {
    return this.#visits[layer]![+isFirst]!.graphOf(context, swarm, rows, key, atOf({ layer, unit: 0, index: 0 }, 0));
  }

  peakOf(layer: number, isFirst: boolean, context: Context, swarm: Swarm, rows: Rows, key: Tensor): number {
    return this.#visits[layer]![+isFirst]!.peakBytes(context, swarm, rows, key, atOf({ layer, unit: 0, index: 0 }, 0));
  }
}

export const scalarOf = (value: number): Tensor => fromArray(Int32Array.of(value), [], 'i32');
const atOf = ({ unit }: Neuron, count: number): At => [scalarOf(unit), scalarOf(count)];

function searchIn(searcher: Searcher, layer: number, isFirst: boolean, lanes: 'one' | 'many') {
  const one = (context: Context, swarm: Swarm, rows: Rows, key: Tensor, [unit, count]: At): Found => {
    const mask = searcher.net.masks?.[layer]?.take(unit, 1);
    return searchNeuron(searcher, context, rows, { layer, unit }, swarm, random.foldIn(key, count), isFirst, mask);
  };
  return lanes === 'one' ? one : vmap(one, { inAxes: [0, 0, null, 0, null] });
}

const searchOf = (searcher: Searcher, layer: number, isFirst: boolean, lanes: 'one' | 'many') =>
  jit(searchIn(searcher, layer, isFirst, lanes), { name: `search ${layer}` });

function visitOf(searcher: Searcher, layer: number, isFirst: boolean, lanes: 'one' | 'many') {
  const search = searchIn(searcher, layer, isFirst, lanes);
  const put = (context: Context, rows: Rows, row: Tensor, unit: Tensor): Context =>
    write(searcher.net, context, rows, { layer, unit }, row);
  const laned = lanes === 'one' ? put : vmap(put, { inAxes: [0, null, 0, null] });
  return jit(
    (context: Context, swarm: Swarm, rows: Rows, key: Tensor, at: At): Visited => {
      const { row, ...found } = search(context, swarm, rows, key, at);
      return { ...found, context: laned(context, rows, row, at[0]) };
    },
    { name: `neuron ${layer}` },
  );
}
