/**
 * Meta learning from scratch: the shared parameters follow the gradient of the loss of whole episodes, by backpropagation through all of it or by evolution strategies.
 *
 * Eq.   θ ← optimiser(θ, ∇ mean_t CE(ŷ_t, y_t)): every prediction is made before its own update, so fast learning is rewarded.
 *       ES: ĝ = (1/P) Σ_j ε_j (L_j(θ + σε_j) − L_j(θ − σε_j)) / 2σ, with episodes and states of its own for every j.
 */
import {
  add,
  ConfigError,
  cast,
  div,
  jit,
  mean,
  mul,
  random,
  sub,
  type Tensor,
  type Tree,
  tensor,
  trees,
  valueAndGrad,
  vmap,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import { applyUpdates, type Optimizer } from '../../optim/index.ts';
import { breathe } from '../breathe.ts';
import { metaLossOf, type Stream } from './machine.ts';

/** How the meta-gradient is found. */
export type MetaEstimator =
  | { readonly kind: 'bptt'; readonly checkpointEvery?: number }
  | { readonly kind: 'es'; readonly pairs: number; readonly sigma: number };

/** What is meta-trained: a machine of synapses, or anything else that runs over streams. */
export interface Student<Theta, State> {
  start(key: Key, episodes: number): State;
  run(
    theta: Theta,
    state: State,
    stream: Stream,
    loop?: { readonly checkpointEvery?: number },
  ): readonly [state: State, logits: Tensor];
}

export interface MetaOptions<Theta, S> {
  readonly machine: Student<Theta, S>;
  /** Episodes side by side in every stream. */
  readonly episodes: number;
  /** Draws the streams of a step; runs inside the program. */
  readonly draw: (key: Key) => Stream;
  readonly optimizer: Optimizer;
  /** Decides episodes and states of all steps. */
  readonly key: Key;
  /** `mean` over all predictions unless said. */
  readonly loss?: 'mean' | 'last';
  /** Backpropagation through time unless said. */
  readonly estimator?: MetaEstimator;
}

/** All that a run needs to go on, bit for bit: plain tensors. */
export type MetaState<Theta> = {
  readonly theta: Theta;
  readonly memory: Tree;
  /** Steps so far, u32. */
  readonly step: Tensor;
};

export interface MetaEvent<Theta> {
  readonly step: number;
  /** Meta-loss before the update, nats. */
  readonly loss: number;
  readonly state: MetaState<Theta>;
}

/** The state before the first step. */
export const metaStart = <Theta extends Tree>(theta: Theta, optimizer: Optimizer): MetaState<Theta> => ({
  theta,
  memory: optimizer.init(theta),
  step: tensor(Uint32Array.of(0), { shape: [] }),
});

/** The meta-loss of a step's episodes. */
export function episodeLoss<Theta, S>(
  { machine: net, episodes, draw, loss = 'mean', estimator }: Omit<MetaOptions<Theta, S>, 'optimizer' | 'key'>,
  theta: Theta,
  key: Key,
): Tensor {
  const [forStates, forStream] = random.split(key, 2) as [Key, Key];
  const stream = draw(forStream);
  const every = estimator?.kind === 'bptt' ? estimator.checkpointEvery : undefined;
  const loop = every === undefined ? {} : { checkpointEvery: every };
  const [, logits] = net.run(theta, net.start(forStates, episodes), stream, loop);
  return metaLossOf(logits, stream.ys, loss);
}

/** One step of meta learning, compiled. */
export function metaStep<Theta extends Tree, S>(
  options: MetaOptions<Theta, S>,
): (state: MetaState<Theta>) => [state: MetaState<Theta>, loss: Tensor] {
  const { optimizer, estimator = { kind: 'bptt' } } = options;
  const lossAt = (theta: Theta, key: Key) => episodeLoss(options, theta, key);
  return jit(({ theta, memory, step }: MetaState<Theta>): [MetaState<Theta>, Tensor] => {
    const key = random.foldIn(options.key, step);
    const [loss, slope] =
      estimator.kind === 'es' ? evolve(lossAt, theta, key, estimator) : valueAndGrad(lossAt)(theta, key);
    const [move, next] = optimizer.update(slope, memory, { params: theta });
    return [{ theta: applyUpdates(theta, move), memory: next, step: add(step, cast(1, 'u32')) }, loss];
  });
}

/** Meta learning up to a number of steps in all, one event a step; goes on from any state. */
export async function* metaTrain<Theta extends Tree, S>(
  options: MetaOptions<Theta, S>,
  run: { readonly from: MetaState<Theta>; readonly steps: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<MetaEvent<Theta>, void, undefined> {
  const step = metaStep(options);
  let state = run.from;
  for (let n = state.step.item(); n < run.steps; n++) {
    run.signal?.throwIfAborted();
    const [next, loss] = step(state);
    state = next;
    yield { step: n + 1, loss: loss.item(), state };
    await breathe();
  }
}

/** Antithetic evolution strategies: mean loss and estimate of its gradient; each pair gets a key of its own for what else is random. */
export function evolve<Theta extends Tree>(
  loss: (theta: Theta, key: Key) => Tensor,
  theta: Theta,
  key: Key,
  { pairs, sigma }: { readonly pairs: number; readonly sigma: number },
): [loss: Tensor, gradient: Theta] {
  if (!(Number.isInteger(pairs) && pairs >= 1 && sigma > 0))
    throw new ConfigError(`evolution strategies need pairs ≥ 1 and σ > 0, got ${pairs} and ${sigma}`, { pairs, sigma });
  const pair = (own: Key): [Tensor, Theta] => {
    const [forNoise, forLoss] = random.split(own, 2) as [Key, Key];
    const noise = trees.randomLike(forNoise, theta);
    const above = loss(trees.addScaled(theta, sigma, noise), forLoss);
    const below = loss(trees.addScaled(theta, -sigma, noise), forLoss);
    return [mul(add(above, below), 0.5), trees.scale(noise, div(sub(above, below), 2 * sigma))];
  };
  const [losses, parts] = vmap(pair)(random.keys(key, pairs));
  return [mean(losses), trees.mapTensors((g) => mean(g, 0), parts)];
}
