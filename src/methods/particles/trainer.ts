/** One run of neurons that search, as the loop of learners wants it: a sweep a batch. */

import { fnv1a } from '../../engine/hash.ts';
import { costOf, fromArray, type Graph, optimize, printGraph, type Tensor } from '../../engine/index.ts';
import { foldIn, HostRandom, type KeyWords, split } from '../../engine/threefry.ts';
import type { Batch } from '../../nn/index.ts';
import { breathe } from '../breathe.ts';
import type { UpdateCost } from '../learner.ts';
import type { Stepper } from '../stepping.ts';
import { exchange } from './exchange.ts';
import type { Context, Rows, Searcher } from './search.ts';
import type { Swarm } from './swarm.ts';
import { type Neuron, type ParticleState, Sweep } from './sweep.ts';

export const keyTensor = (key: KeyWords): Tensor => fromArray(Uint32Array.of(key[0], key[1]), [2], 'u32');

/** Candidates that one neuron judges in a sweep: its particles, their bests where they are judged anew, the incumbent, and the particles again for each further step. */
export function candidatesOf({ swarm: { particles }, search }: Searcher, isFirst: boolean): number {
  const bests = search.memory === 'reevaluate' && !isFirst ? particles : 0;
  return particles + bests + 1 + (search.innerSteps - 1) * particles;
}

/** Networks that a guarded exchange may have to judge: all neurons, their halves, and so on. */
const joint = ({ search, net }: Searcher): number =>
  search.order === 'parallel-guarded' ? 2 * net.widths.slice(1).reduce((a, b) => a + b) - 1 : 0;

/** Candidates of one sweep, for budgets: (2K + 1) a neuron, K + 1 in the first sweep. */
export const candidatesInSweep = (searcher: Searcher, isFirst: boolean): number =>
  searcher.net.widths.slice(1).reduce((a, b) => a + b) * candidatesOf(searcher, isFirst) + joint(searcher);

/** Keys of a run: the first network and its swarms, what sweeps draw, the order of neurons. */
export const keysOf = (key: KeyWords): readonly [begin: KeyWords, sweeps: KeyWords, orders: KeyWords] =>
  split(key, 3) as unknown as readonly [KeyWords, KeyWords, KeyWords];

/** The neurons of a sweep, in the order of their turns. */
export function orderOf(sweep: Sweep, step: number, key: KeyWords): readonly Neuron[] {
  const { neurons } = sweep;
  const { order } = sweep.searcher.search;
  if (order === 'backward') return [...neurons].reverse();
  if (order !== 'random') return neurons;
  return Array.from(new HostRandom(foldIn(key, step)).permutation(neurons.length), (i) => neurons[i]!);
}

export class ParticleTrainer implements Stepper<ParticleState> {
  state: ParticleState;
  peakBytes = 0;
  program = '';
  readonly sweep: Sweep;
  readonly #key: Tensor;
  readonly #orders: KeyWords;
  readonly #costs = new Map<boolean, UpdateCost>();

  constructor(searcher: Searcher, key: KeyWords, state?: ParticleState) {
    const [begin, sweeps, orders] = keysOf(key);
    this.sweep = new Sweep(searcher);
    this.#key = keyTensor(sweeps);
    this.#orders = orders;
    this.state = state ?? this.sweep.begin(keyTensor(begin));
  }

  costOf(batch: Batch, step: number): UpdateCost {
    const isFirst = step === 0;
    const known = this.#costs.get(isFirst) ?? this.#count(batch, isFirst);
    this.#costs.set(isFirst, known);
    return known;
  }

  /** Every neuron searches once on the batch. */
  async step(batch: Batch, step: number): Promise<number> {
    const { sweep } = this;
    const { context, rows, value } = sweep.refresh(this.state.weights, batch);
    const swarms = this.state.swarms.map((layer) => [...layer]);
    const weights = sweep.searcher.search.order.startsWith('parallel')
      ? await this.#allAtOnce(context, rows, swarms, step)
      : await this.#oneByOne(context, rows, swarms, step);
    this.state = { weights, swarms };
    return (await value.read())[0]!;
  }

  async #oneByOne(start: Context, rows: Rows, swarms: Swarm[][], step: number): Promise<readonly Tensor[]> {
    let context = start;
    for (const neuron of orderOf(this.sweep, step, this.#orders)) {
      const own = swarms[neuron.layer]!;
      const found = this.sweep.visit(
        neuron,
        step === 0,
        context,
        own[neuron.unit]!,
        rows,
        this.#key,
        this.#countOf(neuron, step),
      );
      own[neuron.unit] = found.swarm;
      context = found.context;
      await breathe();
    }
    return context.weights;
  }

  async #allAtOnce(context: Context, rows: Rows, swarms: Swarm[][], step: number): Promise<readonly Tensor[]> {
    const found: { neuron: Neuron; row: Tensor }[] = [];
    for (const neuron of this.sweep.neurons) {
      const own = swarms[neuron.layer]!;
      const { swarm, row } = this.sweep.search(
        neuron,
        step === 0,
        context,
        own[neuron.unit]!,
        rows,
        this.#key,
        this.#countOf(neuron, step),
      );
      own[neuron.unit] = swarm;
      found.push({ neuron, row });
      await breathe();
    }
    return exchange(this.sweep, context, rows, found);
  }

  #countOf = ({ index }: Neuron, step: number): number => step * this.sweep.neurons.length + index;

  #count(batch: Batch, isFirst: boolean): UpdateCost {
    const { sweep, state } = this;
    const { context, rows } = sweep.refresh(state.weights, batch);
    const graphs = state.swarms.map((own, layer) => sweep.graphOf(layer, isFirst, context, own[0]!, rows, this.#key));
    const peaks = state.swarms.map((own, layer) => sweep.peakOf(layer, isFirst, context, own[0]!, rows, this.#key));
    this.peakBytes = Math.max(...peaks);
    this.program = fnv1a(new TextEncoder().encode(graphs.map(printGraph).join('\n')));
    const run = costOf(optimize(sweep.refresh.graphOf(state.weights, batch)));
    const total = { flops: run.flops * (1 + joint(sweep.searcher)), trafficBytes: run.traffic };
    graphs
      .map((graph: Graph) => costOf(optimize(graph)))
      .forEach(({ flops, traffic }, layer) => {
        total.flops += flops * state.swarms[layer]!.length;
        total.trafficBytes += traffic * state.swarms[layer]!.length;
      });
    const forward = 1 + candidatesInSweep(sweep.searcher, isFirst);
    return { samples: batch.x.shape[0]!, ...total, passes: { forward, backward: 0 } };
  }
}
