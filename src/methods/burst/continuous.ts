/**
 * Burst networks in continuous time: potentials are leaky, every layer hears the one above a step late, and input and teacher may change and stay on all the time.
 *
 * Paper     W. Greedy and others, arXiv:2206.11769, §3.4 and their code; Burstprop after A. Payeur and others, 2021, in the single-phase form in which they compare with it.
 * Rule      v ← (1 − Δ/τ_v)·v + (Δ/τ_v)·(e_below·W + c). BurstCCN: u ← (1 − Δ/τ_u)·u + (Δ/τ_u)·4(1 − ê)⊙(b̂ − p_b·ê)_above·Y, weights change by (Δ/τ_W)·(p̂ − p_b)·ê times the rate they hear.
 *           Burstprop: u hears (1 − ê)⊙b̂_above·Y alone, and in the place of p_b stands p̄ = b̄/ē of running means, for the teacher's output rate too.
 * Exact     nothing: Euler steps of one sample each. With Δ = τ the filters are plain replacements.
 * Departs   Y is W of the layer above and Q = p_b·Y at every step, as in the authors' experiment. A hat is the value of the step before.
 * Letters   v somatic and u apical potential, e = σ(v), p = σ(u), b = p·e, Δ step, τ time constants, p_b = ½ baseline.
 */
import type { Tensor } from '../../engine/index.ts';
import {
  add,
  ConfigError,
  defaultDtype,
  div,
  type FloatDtype,
  logistic,
  matmul,
  mean,
  mul,
  random,
  reshape,
  scan,
  square,
  sub,
  zeros,
} from '../../engine/index.ts';
import { drawInitial } from '../../nn/initializer.ts';
import type { Key } from '../../nn/key.ts';

export interface ContinuousBurstOptions {
  readonly rule?: 'burst-cortico-cortical' | 'burstprop';
  /** Δ. */
  readonly timeStep?: number;
  /** τ_v, of somatic potentials. */
  readonly somaticTime?: number;
  /** τ_u, of apical potentials. */
  readonly apicalTime?: number;
  /** τ_W: the higher, the slower learning. */
  readonly weightTime?: number;
  /** Of the running means of Burstprop. */
  readonly averageTime?: number;
}

type Settings = Required<ContinuousBurstOptions>;

/** One layer; all rows (1, units). */
export type BurstUnits = {
  /** (inputs, units). */
  readonly w: Tensor;
  readonly c: Tensor;
  readonly v: Tensor;
  readonly e: Tensor;
  readonly p: Tensor;
  readonly u: Tensor;
  /** Running means of e and of b. */
  readonly meanEvents: Tensor;
  readonly meanBursts: Tensor;
};

/** Layers from the first hidden one to the output. */
export type BurstNetwork = readonly BurstUnits[];

/** A stretch of time. */
export interface Stream {
  /** (steps, inputs). */
  readonly inputs: Tensor;
  /** (steps, outputs), in [0, 1]. */
  readonly targets: Tensor;
}

const BASELINE = 0.5;

/** A network at rest: potentials 0, rates and burst probabilities ½; weights N(0, 2/(in + out)). */
export function restingNetwork(key: Key, widths: readonly number[]): BurstNetwork {
  const dtype = defaultDtype();
  const row = (units: number, value: number): Tensor => add(zeros([1, units], dtype as FloatDtype), value);
  return widths.slice(1).map((units, l) => {
    const fans = { fanIn: widths[l]!, fanOut: units };
    const w = drawInitial('glorotNormal', random.foldIn(key, l), [fans.fanIn, units], fans);
    const [nothing, half, quarter] = [0, 0.5, 0.25].map((value) => row(units, value)) as [Tensor, Tensor, Tensor];
    return { w, c: nothing, v: nothing, e: half, p: half, u: nothing, meanEvents: half, meanBursts: quarter };
  });
}

/** Runs a network through a stretch of time, with the teacher on and learning, or off: the network after it, and the squared error of every step. */
export function continuousBurst(
  options: ContinuousBurstOptions = {},
): (network: BurstNetwork, stream: Stream, isTaught: boolean) => [network: BurstNetwork, errors: Tensor] {
  const settings: Settings = {
    rule: 'burst-cortico-cortical',
    timeStep: 0.1,
    somaticTime: 0.1,
    apicalTime: 0.1,
    weightTime: 100,
    averageTime: 5,
    ...options,
  };
  checkSettings(settings);
  return (network, { inputs, targets }, isTaught) => {
    const step = (before: BurstNetwork, { x, t }: { x: Tensor; t: Tensor }): [BurstNetwork, Tensor] => {
      const [input, target] = [x, t].map((row) => reshape(row, [1, -1])) as [Tensor, Tensor];
      const after = advance(before, input, isTaught ? target : null, settings);
      return [after, mean(square(sub(after.at(-1)!.e, target)))];
    };
    return scan(step, network, { x: inputs, t: targets });
  };
}

/** x moved towards a goal by a share. */
const towards = (x: Tensor, goal: Tensor, share: number): Tensor =>
  share === 1 ? goal : add(mul(x, 1 - share), mul(goal, share));

/** One step of time; `before` holds what hats stand for. */
function advance(before: BurstNetwork, x: Tensor, target: Tensor | null, settings: Settings): BurstNetwork {
  const { timeStep, somaticTime, averageTime, weightTime } = settings;
  const after: BurstUnits[] = [];
  for (const [l, hat] of before.entries()) {
    const below = after.at(-1)?.e ?? x;
    const v = towards(hat.v, add(matmul(below, hat.w), hat.c), timeStep / somaticTime);
    const meanEvents = towards(hat.meanEvents, hat.e, timeStep / averageTime);
    const meanBursts = towards(hat.meanBursts, mul(hat.p, hat.e), timeStep / averageTime);
    const own = { ...hat, v, e: logistic(v), meanEvents, meanBursts };
    const u = l === before.length - 1 ? hat.u : apicalOf(hat, before[l + 1]!, settings);
    const p = l === before.length - 1 ? taughtBursts(own.e, hat, target, settings) : logistic(u);
    const told = target === null ? null : mul(mul(sub(hat.p, expected(hat, settings)), hat.e), timeStep / weightTime);
    after.push({ ...own, u, p, ...learned(hat, told, below) });
  }
  return after;
}

/** Apical potential, from what the layer above did a step ago. */
function apicalOf(hat: BurstUnits, above: BurstUnits, { rule, timeStep, apicalTime }: Settings): Tensor {
  const isCancelled = rule === 'burst-cortico-cortical';
  const heard = mul(isCancelled ? sub(above.p, BASELINE) : above.p, above.e);
  const drive = mul(matmul(heard, above.w, { transposeY: true }), sub(1, hat.e));
  return towards(hat.u, isCancelled ? mul(drive, 4) : drive, timeStep / apicalTime);
}

/** Burst probability of the output: p_b, and with a teacher p_b + p_b·(t − e)(1 − e). */
function taughtBursts(e: Tensor, { meanEvents }: BurstUnits, target: Tensor | null, { rule }: Settings): Tensor {
  const rate = rule === 'burstprop' ? meanEvents : e;
  if (target === null) return add(mul(rate, 0), BASELINE);
  return add(mul(mul(sub(target, rate), sub(1, rate)), BASELINE), BASELINE);
}

/** The burst probability that counts as no news. */
const expected = ({ meanEvents, meanBursts }: BurstUnits, { rule }: Settings): Tensor | number =>
  rule === 'burstprop' ? div(meanBursts, meanEvents) : BASELINE;

/** Weights after a change, or as they are. */
const learned = ({ w, c }: BurstUnits, told: Tensor | null, below: Tensor): Pick<BurstUnits, 'w' | 'c'> =>
  told === null ? { w, c } : { w: add(w, matmul(below, told, { transposeX: true })), c: add(c, told) };

function checkSettings(settings: Settings): void {
  const { rule, timeStep, somaticTime, apicalTime, averageTime, weightTime } = settings;
  if (rule !== 'burst-cortico-cortical' && rule !== 'burstprop')
    throw new ConfigError(`rule is "${rule}"`, { rule, help: 'choose burst-cortico-cortical or burstprop' });
  const shortest = Math.min(somaticTime, apicalTime, averageTime, weightTime);
  if (!(timeStep > 0 && timeStep <= shortest && Number.isFinite(shortest)))
    throw new ConfigError(`timeStep is ${timeStep} and the shortest time constant ${shortest}`, {
      timeStep,
      shortest,
      help: 'a step is more than 0 and no longer than any time constant',
    });
}
