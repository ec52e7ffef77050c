/** XOR from many seeds at once: the share that gets all four rows right, by neuron swarms, plain swarms and backprop on 2-2-2. */
import { xor } from '../../data/index.ts';
import { argmax, cast, eq, fromArray, jit, min, random, type Tensor, valueAndGrad, vmap } from '../../engine/index.ts';
import { type KeyWords, split } from '../../engine/threefry.ts';
import { fitnessOf, type Network, outputsOf, unitActivation, unravelWeights } from '../../methods/particles/network.ts';
import {
  type PlainOptions,
  type SwarmOptions,
  searchOptions,
  swarmConstants,
} from '../../methods/particles/options.ts';
import { beginPlain, iteratePlain, type PlainSearcher, type PlainState } from '../../methods/particles/plain.ts';
import { Sweep, scalarOf } from '../../methods/particles/sweep.ts';
import { keyTensor, orderOf } from '../../methods/particles/trainer.ts';
import { type Batch, crossEntropy } from '../../nn/index.ts';
import { adam, applyUpdates } from '../../optim/index.ts';

export type Inputs = 'zero-one' | 'plus-minus';

/** 2-2-2 with tanh. */
const net: Network = { widths: [2, 2, 2], activations: [unitActivation('tanh')], masks: null };
const fitness = fitnessOf(crossEntropy(), {});

function rowsOf(inputs: Inputs): Batch {
  const { x, y } = xor(inputs);
  return { x: fromArray(Float32Array.from(x), [4, 2], 'f32'), y: fromArray(y as Int32Array, [4], 'i32') };
}

/** The share of networks, weights with a leading axis, whose four answers are right. */
function share(weights: readonly Tensor[], batch: Batch): number {
  const right = vmap((w: readonly Tensor[]) => min(cast(eq(argmax(outputsOf(net, w, batch.x), -1), batch.y), 'f32')));
  const all = Array.from(jit(right)(weights).readSync());
  return all.reduce((a, b) => a + b) / all.length;
}

export interface XorPlan {
  readonly inputs: Inputs;
  readonly seeds: number;
  readonly key: KeyWords;
}

/** Neuron swarms, 60 sweeps; the order of neurons is shared by all seeds. */
export function xorByNeurons({ inputs, seeds, key }: XorPlan, options: SwarmOptions): number {
  const batch = rowsOf(inputs);
  const sweep = new Sweep({ net, fitness, swarm: swarmConstants(options), search: searchOptions({}) }, 'many');
  const [begin, draws, orders] = split(key, 3) as [KeyWords, KeyWords, KeyWords];
  const keys = random.keys(keyTensor(draws), seeds);
  const first = sweep.begin(random.keys(keyTensor(begin), seeds));
  const swarms = first.swarms.map((layer) => [...layer]);
  let weights = first.weights;
  for (let step = 0; step < 60; step++) {
    let { context, rows } = sweep.refresh(weights, batch);
    for (const neuron of orderOf(sweep, step, orders)) {
      const own = swarms[neuron.layer]!;
      const count = step * sweep.neurons.length + neuron.index;
      const found = sweep.visit(neuron, step === 0, context, own[neuron.unit]!, rows, keys, count);
      own[neuron.unit] = found.swarm;
      context = found.context;
    }
    weights = context.weights;
  }
  return share(weights, batch);
}

/** Plain swarms with as many candidates as 60 sweeps with K particles have. */
export function xorByPlain({ inputs, seeds, key }: XorPlan, options: PlainOptions, candidates: number): number {
  const batch = rowsOf(inputs);
  const { start = 'around' } = options;
  const searcher: PlainSearcher = { net, fitness, swarm: swarmConstants(options), start, memory: 'keep' };
  const [begin, draws] = split(key, 3) as [KeyWords, KeyWords, KeyWords];
  const keys = random.keys(keyTensor(draws), seeds);
  let state: PlainState = jit(vmap((k: Tensor) => beginPlain(searcher, k)))(random.keys(keyTensor(begin), seeds));
  const iterate = jit((now: PlainState, all: Tensor, step: Tensor) =>
    vmap((s: PlainState, k: Tensor) => iteratePlain(searcher, s, batch, random.foldIn(k, step)))(now, all),
  );
  for (let i = 0; i < Math.floor(candidates / searcher.swarm.particles); i++) state = iterate(state, keys, scalarOf(i));
  return share(jit(vmap((best: Tensor) => unravelWeights(net, best)))(state.best), batch);
}

/** Backprop by Adam, 1,000 steps, from where the neuron swarms begin or from U(−width, width). */
export function xorByBackprop({ inputs, seeds, key }: XorPlan, rate: number, width?: number): number {
  const batch = rowsOf(inputs);
  const optimizer = adam({ learningRate: rate });
  const sweep = new Sweep({ net, fitness, swarm: swarmConstants({}), search: searchOptions({}) }, 'many');
  const [begin] = split(key, 3) as [KeyWords, KeyWords, KeyWords];
  const keys = random.keys(keyTensor(begin), seeds);
  const wide = vmap((k: Tensor) => unravelWeights(net, random.uniform(k, [12], { low: -width!, high: width! })));
  let params = [...(width === undefined ? sweep.begin(keys).weights : jit(wide)(keys))];
  let state = jit(vmap((w: Tensor[]) => optimizer.init(w)))(params);
  const one = (w: Tensor[], s: typeof state) => {
    const [, g] = valueAndGrad((v: Tensor[]) => fitness(outputsOf(net, v, batch.x), batch))(w);
    const [move, next] = optimizer.update(g, s, { params: w });
    return [applyUpdates(w, move), next] as const;
  };
  const step = jit(vmap(one));
  for (let i = 0; i < 1000; i++) {
    const [w, s] = step(params, state);
    params = w;
    state = s;
  }
  return share(params, batch);
}
