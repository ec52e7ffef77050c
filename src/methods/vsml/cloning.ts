/**
 * Learning algorithm cloning: fits the shared parameters of a synapse to the three formulas of backprop, on single synapses, without a network.
 *
 * Loss   (m_f − tanh(x)·w)² + (m_b − (1 − tanh²x)·w·e)² + (Δw/α + tanh(x)·e)², the mean over a batch; without the division by α the change of the weight would be invisible.
 * Data   drawn tuples (x, e, w), and for half of each batch, if given, tuples recorded while real networks learn by backprop.
 */
import {
  add,
  cast,
  concat,
  div,
  jit,
  lt,
  mean,
  minimum,
  mul,
  neg,
  pow,
  random,
  reshape,
  scan,
  square,
  sub,
  type Tensor,
  type Tree,
  take,
  tanh,
  tensor,
  valueAndGrad,
  where,
  zerosLike,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import { adam, applyUpdates, chain, clipByGlobalNorm, type Optimizer } from '../../optim/index.ts';
import { breathe } from '../breathe.ts';
import type { CloneSynapse, CloneTheta } from './clone-synapse.ts';
import type { Tuples } from './online.ts';

/** Forward message, backward message and change of the weight over α, (n) each. */
export type Answers = readonly [forward: Tensor, backward: Tensor, change: Tensor];

/** Share of drawn x that are zero, and of e: those of the forward sweep. */
const ZERO_INPUT = 0.2;
const ZERO_ERROR = 0.3;

/** Tuples as the first stage draws them: x ~ N(0, 1.2²), w ~ N(0, 0.6²), e = U(−1, 1)·10^U(−2, 0). */
export function drawTuples(key: Key, n: number): Tuples {
  const [forX, forW, forE, forScale, forDrop] = random.split(key, 5) as [Key, Key, Key, Key, Key];
  const size = pow(10, random.uniform(forScale, [n], { low: -2, high: 0 }));
  const e = mul(random.uniform(forE, [n], { low: -1, high: 1 }), size);
  const [dropX, dropE] = random.split(forDrop, 2) as [Key, Key];
  return {
    x: dropped(dropX, mul(random.normal(forX, [n]), 1.2), ZERO_INPUT),
    e: dropped(dropE, e, ZERO_ERROR),
    w: mul(random.normal(forW, [n]), 0.6),
  };
}

const dropped = (key: Key, x: Tensor, share: number): Tensor =>
  where(lt(random.uniform(key, x.shape), share), zerosLike(x), x);

/** What backprop answers. */
export function targetsOf({ x, e, w }: Tuples): Answers {
  const y = tanh(x);
  return [mul(y, w), mul(mul(sub(1, square(y)), w), e), neg(mul(y, e))];
}

/** What a synapse answers: the tick that a machine runs, each tuple a layer of one synapse. */
export function answersOf(synapse: CloneSynapse, theta: CloneTheta, { x, e, w }: Tuples): Answers {
  const alone = (t: Tensor) => reshape(t, [t.size, 1, 1]);
  const { state, forward, backward } = synapse.tick(theta, { w: alone(w) }, alone(x), alone(e));
  const flat = (t: Tensor) => reshape(t, [t.size]);
  return [flat(forward), flat(backward), div(sub(flat(state.w), w), synapse.rate)];
}

/** The loss of cloning on a batch. */
export function cloneLoss(synapse: CloneSynapse, theta: CloneTheta, tuples: Tuples): Tensor {
  const wanted = targetsOf(tuples);
  const squares = answersOf(synapse, theta, tuples).map((a, i) => mean(square(sub(a, wanted[i]!))));
  return add(add(squares[0]!, squares[1]!), squares[2]!);
}

/** Share of the variance of each answer that the synapse explains: R². */
export function cloneQuality(
  synapse: CloneSynapse,
  theta: CloneTheta,
  tuples: Tuples,
): readonly [forward: number, backward: number, change: number] {
  const wanted = targetsOf(tuples);
  const r2 = answersOf(synapse, theta, tuples).map((a, i) => {
    const t = wanted[i]!;
    return 1 - mean(square(sub(a, t))).item() / mean(square(sub(t, mean(t)))).item();
  });
  return [r2[0]!, r2[1]!, r2[2]!];
}

export interface CloneFitOptions {
  readonly synapse: CloneSynapse;
  readonly key: Key;
  /** Updates; 6000 unless said. */
  readonly steps?: number;
  /** 256 unless said. */
  readonly batch?: number;
  /** Adam's rate before it falls to zero over the second half; 5e-3 unless said. */
  readonly learningRate?: number;
  /** Tuples of real runs, for half of each batch. */
  readonly recorded?: Tuples;
  /** Limit of the gradient's norm; none unless said. */
  readonly clip?: number;
  /** Updates in one program between two looks at the clock. */
  readonly chunk?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onChunk?: (step: number, loss: number) => void;
}

type FitState = { readonly theta: CloneTheta; readonly memory: Tree };

/** Fits a synapse; many updates run in one program. */
export async function fitClone({ steps = 6000, chunk = 100, ...options }: CloneFitOptions): Promise<CloneTheta> {
  const optimizer = optimizerOf(options);
  const theta = options.synapse.init(random.foldIn(options.key, 0));
  let state: FitState = { theta, memory: optimizer.init(theta) };
  const program = chunkProgram(options, optimizer, steps);
  for (let step = 0; step < steps; step += chunk) {
    options.signal?.throwIfAborted();
    const numbers = Array.from({ length: Math.min(chunk, steps - step) }, (_, i) => step + i);
    const [next, losses] = program(state, tensor(Uint32Array.from(numbers)));
    state = next;
    options.onChunk?.(step + numbers.length, mean(losses).item());
    await breathe();
  }
  return state.theta;
}

function optimizerOf({ learningRate = 5e-3, clip }: Pick<CloneFitOptions, 'learningRate' | 'clip'>): Optimizer {
  const descent = adam({ learningRate });
  return clip === undefined ? descent : (chain(clipByGlobalNorm(clip), descent) as unknown as Optimizer);
}

/** 1 in the first half of the steps, then falling to zero. */
const rateAt = (at: Tensor, steps: number): Tensor => minimum(1, mul(2, sub(1, div(cast(at, 'f64'), steps))));

function chunkProgram(
  { synapse, key, batch = 256, recorded }: Omit<CloneFitOptions, 'steps' | 'chunk'>,
  optimizer: Optimizer,
  steps: number,
) {
  const stream = random.foldIn(key, 1);
  return jit((state: FitState, numbers: Tensor): [FitState, Tensor] =>
    scan(
      ({ theta, memory }: FitState, at: Tensor): readonly [FitState, Tensor] => {
        const tuples = batchOf(random.foldIn(stream, at), batch, recorded);
        const [loss, slope] = valueAndGrad((p: CloneTheta) => cloneLoss(synapse, p, tuples))(theta);
        const [step, next] = optimizer.update(slope, memory, { params: theta, rate: rateAt(at, steps) });
        return [{ theta: applyUpdates(theta, step), memory: next }, loss];
      },
      state,
      numbers,
    ),
  );
}

/** A batch of drawn tuples, the second half of it taken from recorded ones where there are any. */
function batchOf(key: Key, batch: number, recorded: Tuples | undefined): Tuples {
  if (recorded === undefined) return drawTuples(key, batch);
  const [forDrawn, forRows, forDrop] = random.split(key, 3) as [Key, Key, Key];
  const half = Math.floor(batch / 2);
  const drawn = drawTuples(forDrawn, batch - half);
  const rows = random.randint(forRows, [half], 0, recorded.x.size);
  const of = (name: keyof Tuples) => take(recorded[name], rows);
  return {
    x: concat([drawn.x, of('x')]),
    e: concat([drawn.e, dropped(forDrop, of('e'), ZERO_ERROR)]),
    w: concat([drawn.w, of('w')]),
  };
}
