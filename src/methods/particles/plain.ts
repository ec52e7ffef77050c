/** Plain particle swarm optimisation of complete networks: one swarm in the space of all weights, its best found once an iteration. */

import { fnv1a } from '../../engine/hash.ts';
import {
  argmin,
  cast,
  concat,
  costOf,
  defaultDtype,
  expandDims,
  type FloatDtype,
  full,
  isNaN as isUndefined,
  type Jitted,
  jit,
  lt,
  optimize,
  printGraph,
  random,
  sliceAxis,
  type Tensor,
  take,
  vmap,
  where,
} from '../../engine/index.ts';
import type { KeyWords } from '../../engine/threefry.ts';
import type { Batch } from '../../nn/index.ts';
import type { UpdateCost } from '../learner.ts';
import type { Stepper } from '../stepping.ts';
import { drawWeights, type Fitness, type Network, outputsOf, ravelWeights, unravelWeights } from './network.ts';
import type { PlainOptions, SwarmConstants } from './options.ts';
import { atRest, move, remember, type Swarm, scatter } from './swarm.ts';
import { scalarOf } from './sweep.ts';
import { keysOf, keyTensor } from './trainer.ts';

export interface PlainSearcher {
  readonly net: Network;
  readonly fitness: Fitness;
  readonly swarm: SwarmConstants;
  readonly start: NonNullable<PlainOptions['start']>;
  readonly memory: NonNullable<PlainOptions['memory']>;
}

export interface PlainState {
  /** Of vectors of all weights. */
  readonly swarm: Swarm;
  /** The best vector, and what it was worth when last judged. */
  readonly best: Tensor;
  readonly worth: Tensor;
}

/** The swarm as it begins: about one network, or each particle at a network of its own. */
export function beginPlain({ net, swarm, start }: PlainSearcher, key: Tensor): PlainState {
  const dtype = defaultDtype() as FloatDtype;
  const [own, around] = random.split(key) as [Tensor, Tensor];
  const draw = (k: Tensor): Tensor => ravelWeights(drawWeights(net, k, dtype));
  const best = draw(own);
  const mask = net.masks === null ? undefined : cast(ravelWeights(net.masks), dtype);
  const others = random.keys(around, Math.max(1, swarm.particles - 1));
  const anywhere = (k: Tensor): Tensor =>
    random.uniform(k, best.shape, { low: -swarm.spread, high: swarm.spread, dtype }).mul(mask ?? 1);
  const first =
    start === 'around'
      ? scatter(best, random.foldIn(around, 0), swarm, mask)
      : atRest(
          sliceAxis(
            concat([expandDims(best, 0), vmap(start === 'own' ? draw : anywhere)(others)]),
            0,
            0,
            swarm.particles,
          ),
        );
  return { swarm: first, best, worth: full([], Number.POSITIVE_INFINITY, dtype) };
}

/** One iteration: all particles are judged, remember, find their best and move. */
export function iteratePlain(
  { net, fitness, swarm: constants, memory }: PlainSearcher,
  { swarm, best, worth }: PlainState,
  batch: Batch,
  key: Tensor,
): PlainState {
  const judge = (vectors: Tensor): Tensor => {
    const all = vmap((vector: Tensor) => fitness(outputsOf(net, unravelWeights(net, vector), batch.x), batch))(vectors);
    return where(isUndefined(all), Number.POSITIVE_INFINITY, all);
  };
  const k = constants.particles;
  const again = memory === 'reevaluate';
  const all = judge(again ? concat([swarm.x, swarm.p, expandDims(best, 0)]) : swarm.x);
  const known = remember(swarm, sliceAxis(all, 0, 0, k), again ? sliceAxis(all, 0, k, 2 * k) : swarm.f);
  const before = again ? take(all, 2 * k) : worth;
  const at = argmin(known.f);
  const isBetter = lt(take(known.f, at), before);
  const next = where(isBetter, take(known.p, at, 0), best);
  return {
    swarm: move(known, next, random.foldIn(key, 0), constants),
    best: next,
    worth: where(isBetter, take(known.f, at), before),
  };
}

/** Networks judged in an iteration. */
export const candidatesInIteration = ({ swarm: { particles }, memory }: PlainSearcher): number =>
  memory === 'reevaluate' ? 2 * particles + 1 : particles;

export class PlainTrainer implements Stepper<PlainState> {
  state: PlainState;
  peakBytes = 0;
  program = '';
  readonly #searcher: PlainSearcher;
  readonly #key: Tensor;
  readonly #iterate: Jitted<(state: PlainState, batch: Batch, key: Tensor, step: Tensor) => PlainState>;
  #cost: UpdateCost | null = null;

  constructor(searcher: PlainSearcher, key: KeyWords, state?: PlainState) {
    const [begin, draws] = keysOf(key);
    this.#searcher = searcher;
    this.#key = keyTensor(draws);
    this.state = state ?? jit((k: Tensor) => beginPlain(searcher, k))(keyTensor(begin));
    this.#iterate = jit(
      (now: PlainState, batch: Batch, k: Tensor, step: Tensor) =>
        iteratePlain(searcher, now, batch, random.foldIn(k, step)),
      { name: 'plain swarm' },
    );
  }

  costOf(batch: Batch): UpdateCost {
    this.#cost ??= this.#count(batch);
    return this.#cost;
  }

  /** One iteration; the loss is that of the best network known after it. */
  async step(batch: Batch, step: number): Promise<number> {
    this.state = this.#iterate(this.state, batch, this.#key, scalarOf(step));
    return (await this.state.worth.read())[0]!;
  }

  #count(batch: Batch): UpdateCost {
    const args = [this.state, batch, this.#key, scalarOf(0)] as const;
    const graph = this.#iterate.graphOf(...args);
    this.program = fnv1a(new TextEncoder().encode(printGraph(graph)));
    this.peakBytes = this.#iterate.peakBytes(...args);
    const { flops, traffic } = costOf(optimize(graph));
    const forward = candidatesInIteration(this.#searcher);
    return { samples: batch.x.shape[0]!, flops, trafficBytes: traffic, passes: { forward, backward: 0 } };
  }
}
