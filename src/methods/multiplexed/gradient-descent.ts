/**
 * Multiplexed gradient descent: every parameter shakes to its own code and finds its own slope in the one cost that all hear.
 *
 * Paper     A. N. McCaughan, B. G. Oripov, N. Ganesh, S. W. Nam, A. Dienstfrey, S. M. Buckley, Multiplexed gradient descent: Fast online training of modern datasets on hardware neural networks without
 *           backpropagation, APL Machine Learning 1(2), 026118, 2023, arXiv:2303.03986. Shaken units and other optimisers: B. G. Oripov and others, 2025, arXiv:2501.15403.
 * Rule      one call is one time step: C̃ = C(θ + θ̃) − C(θ), G += C̃θ̃/Δθ²; every τ_θ steps the credit is G·P/τ_θ, between them the update is skipped.
 * Exact     up to O(Δθ) after whole periods of a sequence or a Walsh code; in the mean up to O(Δθ²) for random codes.
 * Departs   a call brings its own batch, so τ_x = 1 and the baseline is measured in every step; credit is in units of the gradient, where the paper's G (option `raw`) is P/τ_θ times smaller.
 * Letters   C cost, θ̃ perturbation of length Δθ, G integrated error, P parameters, τ_p steps of a pattern, τ_θ steps between updates.
 */
import {
  add,
  cast,
  clamp,
  div,
  eq,
  jvp,
  leavesOf,
  mapTree,
  mul,
  not,
  rem,
  scalar,
  sub,
  type Tensor,
  trees,
  where,
  zeros,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { noiseKey } from '../perturbation/credit.ts';
import { localPulls, nodeEstimate, supportsNodes } from '../perturbation/nodes.ts';
import { checkChoice } from '../perturbation/options.ts';
import { differenceSlope, exactSlope } from '../perturbation/slope.ts';
import { type Citation, type CreditCall, type CreditRule, reason } from '../rule.ts';
import { type Code, codeOf, countOf } from './codes.ts';
import { type FullSettings, fullSettings, type MgdSettings } from './settings.ts';

export const mccaughan2023: Citation = {
  authors: 'A. N. McCaughan, B. G. Oripov, N. Ganesh, S. W. Nam, A. Dienstfrey, S. M. Buckley',
  title:
    'Multiplexed gradient descent: Fast online training of modern datasets on hardware neural networks without backpropagation',
  year: 2023,
  venue: 'APL Machine Learning 1(2), 026118',
  arxiv: '2303.03986',
};

export interface MultiplexedOptions
  extends Pick<
    MgdSettings,
    'code' | 'amplitude' | 'share' | 'frequencies' | 'flips' | 'tauP' | 'tauTheta' | 'probe' | 'limit'
  > {
  /** What shakes: the parameters, or every unit before its activation (random codes only, fresh for each sample). */
  readonly place?: 'weight' | 'preactivation';
  /** The paper's own scale: credit = G. */
  readonly raw?: boolean;
}

export type MultiplexedState = {
  /** Time steps so far. */
  readonly n: Tensor;
  /** Key of the pattern in use. */
  readonly seed: Key;
  readonly wiring: Tree;
  /** G since the last update; null where every step updates. */
  readonly sum: Tree;
};

/** Multiplexed gradient descent; random codes, a fresh pattern and an update in every step unless told otherwise. */
export function multiplexedGradientDescent(options: MultiplexedOptions = {}): CreditRule<MultiplexedState> {
  const { place = 'weight', raw = false, ...rest } = options;
  checkChoice('place', place, ['weight', 'preactivation']);
  const settings = fullSettings({ ...rest, tauX: rest.tauP ?? 1 });
  const { tauTheta } = settings;
  const code = codeOf(settings);
  return {
    id: 'multiplexed-gradient-descent',
    aliases: ['mgd'],
    paper: mccaughan2023,
    summary: 'Every parameter shakes to its own code and finds its own slope in the one cost that all hear.',
    nature: 'unbiased',
    supports: (model) => {
      if (place === 'weight') return true;
      if (settings.code !== 'random-code' || settings.tauP > 1)
        return reason('units shake to fresh random codes only: their number depends on the batch');
      return supportsNodes(model, 'fresh');
    },
    init: (_, params, key) => ({
      n: zeros([], 'i32'),
      seed: mul(key, 0),
      wiring: code.wire(key, params),
      sum: tauTheta === 1 ? null : trees.zerosLike(params),
    }),
    credit(call) {
      const { n, seed, wiring, sum } = call.state;
      const held = settings.tauP === 1 ? noiseKey(call.key) : heldKey(n, settings.tauP, call.key, seed);
      const now = place === 'weight' ? weights(call, settings, code, held) : units(call, settings, held);
      const total = sum === null ? now.credit : trees.add(sum, now.credit);
      const next = add(n, 1);
      const isDue = eq(rem(next, tauTheta), 0);
      const left = sum === null ? null : mapTree((x: Tensor) => where(isDue, 0, x), total);
      return {
        credit: trees.scale(total, raw ? 1 / now.channels : 1 / tauTheta),
        loss: now.loss,
        state: { n: next, seed: held, wiring, sum: left },
        modelState: now.modelState,
        metrics: { signal: now.signal },
        ...(tauTheta === 1 ? {} : { skip: not(isDue) }),
      };
    },
  };
}

const heldKey = (n: Tensor, tauP: number, key: Key, seed: Key): Key => where(eq(rem(n, tauP), 0), noiseKey(key), seed);

interface Heard {
  /** This step's share of G, times P. */
  readonly credit: Tree;
  /** P: what shakes, parameters or units. */
  readonly channels: number;
  readonly loss: Tensor;
  readonly modelState: Tree;
  /** C̃. */
  readonly signal: Tensor;
}

function weights<State extends MultiplexedState>(
  call: CreditCall<State>,
  { amplitude, tauP, probe, limit }: FullSettings,
  code: Code,
  seed: Key,
): Heard {
  const { model, loss, params, batch, key, state } = call;
  const shake = code.at(state.wiring, seed, tauP === 1 ? state.n : div(state.n, tauP), params);
  const run = (p: Tree): readonly [Tensor, Tree] => {
    const [output, next] = model.apply(p, call.modelState, batch.x, { key, train: true });
    return [loss.value(cast(output, 'f64'), batch), next]; // C̃ is a small difference: f32 has no digits for it
  };
  const { value, signal, modelState } = probed(run, params, shake, probe, limit);
  const channels = countOf(params);
  const credit = trees.scale(shake, mul(signal, channels / amplitude ** 2));
  const dtype = (leavesOf(params) as Tensor[])[0]?.dtype ?? 'f32';
  return { credit, channels, loss: cast(value, dtype), signal: cast(signal, dtype), modelState };
}

function probed(
  run: (p: Tree) => readonly [Tensor, Tree],
  params: Tree,
  shake: Tree,
  probe: FullSettings['probe'],
  limit: number,
): { readonly value: Tensor; readonly signal: Tensor; readonly modelState: Tree } {
  if (probe === 'jvp') {
    const [[value, modelState], [signal]] = jvp<Tree, readonly [Tensor, Tree]>(run, params, shake);
    return { value, signal, modelState };
  }
  const [plus, moved] = run(trees.add(params, shake));
  const [other, still] = run(probe === 'finite' ? params : trees.sub(params, shake));
  const difference = probe === 'finite' ? sub(plus, other) : mul(sub(plus, other), 0.5);
  const signal = Number.isFinite(limit) ? clamp(difference, -limit, limit) : difference;
  if (probe === 'finite') return { value: other, signal, modelState: still };
  return { value: mul(add(plus, other), 0.5), signal, modelState: moved };
}

/** The follow-up's node perturbation: each sample hears its own cost, and Δθ is the length over all units. */
function units<State>(call: CreditCall<State>, { amplitude, probe }: FullSettings, seed: Key): Heard {
  const { sites } = localPulls(call, 'preactivation');
  const count = sites.reduce((n, z) => n + z.size / z.shape[0]!, 0);
  const sides = probe === 'antithetic' ? 'two' : 'one';
  const slopeOf = probe === 'jvp' ? exactSlope : differenceSlope({ sigma: amplitude / Math.sqrt(count), sides });
  const estimate = nodeEstimate(call, { place: 'preactivation', law: 'rademacher', drawn: 'fresh', slopeOf });
  return { ...estimate(seed), channels: count, signal: scalar(0) };
}
