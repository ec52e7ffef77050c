/**
 * BurstCCN: a unit carries events forwards and bursts backwards at once; the burst probability beside its baseline is the error, in a single phase.
 *
 * Paper     W. Greedy, H. W. Zhu, J. Pemberton, J. Mellor, R. P. Costa, Single-phase deep learning in cortico-cortical networks, NeurIPS 2022, arXiv:2206.11769.
 * Rule      u_l = b_{l+1}·Y − e_{l+1}·Q; p_l = 2p_b·σ((2/p_b)·u_l·h(e_l)); b_l = p_l·e_l; a weight changes by (p − p_b)·e of its unit times the rate it hears. The teacher sets p of the output.
 * Exact     at the output. Below it with Q = p_b·Y: backprop (Y = W) or feedback alignment (Y random) with the relative error O(s²), as σ is odd around ½. Without a teacher every change is exactly 0.
 * Departs   the sign is that of the authors' code (u = bY − eQ with Y = +W; the paper has both reversed). Any baseline up to ½, ReLU units, softmax outputs and Kolen–Pollack feedback follow their
 *           later code, with the factor 2p_b that its ReLU lacks. Credit is divided by p_b·s. `difference` carries d = b − p_b·e: the same algebra without losing digits.
 * Letters   e event rate, p burst probability, p_b baseline, b = p·e, u apical potential, h = f′/f, s teaching strength, Y and Q feedback of bursts and events, shaped as W of the layer above.
 */
import type { Tensor } from '../../engine/index.ts';
import { add, ConfigError, logistic, mul, sub, tanh } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import { entry } from '../../nn/layer.ts';
import type { Model } from '../../nn/model.ts';
import { knownCouplings, nameOfActivation } from '../energy/couplings.ts';
import { treeAt } from '../energy/paths.ts';
import { samplesIn } from '../energy/prediction.ts';
import type { Citation, CreditCall, CreditResult, CreditRule } from '../rule.ts';
import {
  apical,
  chainCredit,
  cosine,
  localProduct,
  meanSize,
  type RateChain,
  rateChain,
  slopeOverRate,
  supportsChain,
  upperWeights,
} from './chain.ts';
import {
  checkChoice,
  checkWithin,
  drawFeedback,
  type FeedbackWeights,
  feedbackNow,
  PATHWAYS,
  type Pathway,
  scaled,
} from './feedback.ts';
import { TAUGHT, type Taught, taught, untaught } from './teacher.ts';

export const greedy2022: Citation = {
  authors: 'W. Greedy, H. W. Zhu, J. Pemberton, J. Mellor, R. P. Costa',
  title: 'Single-phase deep learning in cortico-cortical networks',
  year: 2022,
  venue: 'NeurIPS',
  arxiv: '2206.11769',
};

/** What learns besides W: nothing; Q towards silence; Y towards silence; or Y and Q by the changes of W. */
export type FeedbackPlasticity = 'none' | 'cancellation' | 'feedback' | 'kolen-pollack';

export interface BurstCorticoCorticalOptions {
  /** Where Y comes from: drawn, a copy of W at the start, or W itself. */
  readonly feedback?: Pathway;
  /** Standard deviation of a drawn Y (0.5 below sigmoid units, that of W where there are ReLU units), or what W is multiplied by (1). */
  readonly feedbackScale?: number;
  /** Where Q comes from: drawn, p_b·Y at the start, or p_b·Y itself. */
  readonly cancellation?: Pathway;
  /** Standard deviation of a drawn Q; 0 leaves it out. */
  readonly cancellationScale?: number;
  readonly plasticity?: FeedbackPlasticity;
  /** Rate of plain descent for `cancellation` and `feedback`; Kolen–Pollack learns by the optimiser. */
  readonly plasticityRate?: number;
  /** p_b, at most ½. */
  readonly baseline?: number;
  /** s: 1 for sigmoid outputs, 0.05 for softmax; 0 switches the teacher off and needs `raw`. */
  readonly teaching?: number;
  readonly form?: 'difference' | 'rates';
  /** Keeps the paper's scale: p_b·s times the gradient. */
  readonly raw?: boolean;
}

type Settings = Required<Omit<BurstCorticoCorticalOptions, 'teaching' | 'feedbackScale'>> & {
  readonly teaching: number | undefined;
  readonly feedbackScale: number | undefined;
};

export type BurstState = { readonly feedback: FeedbackWeights };

/** BurstCCN, for chains of dense and convolutional layers of sigmoid or ReLU units; Y is random and Q = p_b·Y unless told otherwise. */
export function burstCorticoCortical(options: BurstCorticoCorticalOptions = {}): CreditRule<BurstState> {
  const settings: Settings = {
    feedback: 'random',
    feedbackScale: undefined,
    cancellation: 'tied',
    cancellationScale: 0.25,
    plasticity: 'none',
    plasticityRate: 0.01,
    baseline: 0.5,
    teaching: undefined,
    form: 'difference',
    raw: false,
    ...options,
  };
  checkSettings(settings);
  return {
    id: 'burst-cortico-cortical',
    aliases: ['burstccn', 'burst-ccn'],
    paper: greedy2022,
    summary: 'Units tell events forwards and bursts backwards at once; bursts beyond the baseline are the error.',
    nature: 'biased',
    trainsFeedback: settings.plasticity === 'kolen-pollack',
    supports: (model) => supportsChain(model, { hidden: Object.keys(slopeOverRate), output: TAUGHT }),
    init: (model, params, key) => {
      const pathways = { ...settings, feedbackScale: scaleFor(model, settings) };
      return { feedback: drawFeedback(upperWeights(model, params), key, pathways) };
    },
    credit: (call) => burstCredit(call, settings),
  };
}

/** A wide Y suits bounded rates; those of ReLU units would run away. */
function scaleFor(model: Model, { feedback, feedbackScale }: Settings): number | null {
  if (feedbackScale !== undefined) return feedbackScale;
  if (feedback !== 'random') return 1;
  return knownCouplings(model).some((coupling) => nameOfActivation(coupling) === 'relu') ? null : 0.5;
}

/** What one layer carries during a step. */
export interface BurstLayer {
  readonly name: string;
  readonly e: Tensor;
  readonly p: Tensor;
  /** (p − p_b)·e: what its weights learn from. */
  readonly d: Tensor;
  /** Apical potential; null at the output. */
  readonly u: Tensor | null;
}

/** One sweep from the output down: rates, burst probabilities and apical potentials of every layer. */
export function burstSweep(
  chain: RateChain,
  top: Taught,
  { y, q }: FeedbackWeights,
  { baseline, form }: Pick<Settings, 'baseline' | 'form'>,
): BurstLayer[] {
  const last = chain.layers.length - 1;
  const found: BurstLayer[] = [{ name: chain.layers[last]!.name, e: top.e, p: top.p, d: top.d, u: null }];
  for (let l = last - 1; l >= 0; l--) {
    const [layer, above] = [chain.layers[l]!, chain.layers[l + 1]!];
    const send = (weights: Tensor, rates: Tensor): Tensor => apical(chain, above, weights, rates);
    const { e: events, p, d } = found[0]!;
    const u =
      form === 'rates'
        ? sub(send(y[l]!, mul(p, events)), send(q[l] ?? mul(y[l]!, baseline), events))
        : q[l] === undefined
          ? send(y[l]!, d)
          : add(send(y[l]!, d), send(sub(mul(y[l]!, baseline), q[l]!), events));
    found.unshift({
      name: layer.name,
      u,
      ...bursts(layer.y, mul(u, slopeOverRate[layer.activation]!(layer)), { baseline, form }),
    });
  }
  return found;
}

/** Burst probabilities from the apical potential times h. */
function bursts(
  e: Tensor,
  driven: Tensor,
  { baseline, form }: Pick<Settings, 'baseline' | 'form'>,
): Pick<BurstLayer, 'e' | 'p' | 'd'> {
  if (form === 'rates') {
    const p = mul(logistic(mul(driven, 2 / baseline)), 2 * baseline);
    return { e, p, d: mul(sub(p, baseline), e) };
  }
  const shift = mul(tanh(mul(driven, 1 / baseline)), baseline); // 2σ(2a) − 1 = tanh a
  return { e, p: add(shift, baseline), d: mul(shift, e) };
}

function burstCredit(call: CreditCall<BurstState>, settings: Settings): CreditResult<BurstState> {
  const { model, params, modelState, loss, batch, state } = call;
  const chain = rateChain(call);
  const output = chain.layers.at(-1)!;
  const top = settings.teaching === 0 ? untaught(output, settings.baseline) : taught(output, loss, batch, settings);
  const weights = upperWeights(model, params);
  const y = feedbackNow(state.feedback, weights, settings.feedbackScale ?? 1);
  const layers = burstSweep(chain, top, { y, q: state.feedback.q }, settings);
  const count = samplesIn(loss, output.y);
  const scale = -1 / (count * (settings.raw ? 1 : top.unit));
  const credit = chainCredit(
    chain,
    layers.map(({ d }) => mul(d, scale)),
  );
  return {
    credit,
    ...(settings.plasticity === 'kolen-pollack'
      ? { feedback: kolenPollack(chain, credit, state.feedback, settings.baseline) }
      : {}),
    loss: loss.value(output.y, batch),
    state: { feedback: learned(chain, layers, { y, q: state.feedback.q }, state.feedback, settings, count) },
    modelState,
    metrics: metricsOf(layers, y, state.feedback.q),
  };
}

/** Plain descent on the apical potential of this step: ΔQ = +η·eᵀu, or ΔY = −η·eᵀu, means over the batch. */
function learned(
  chain: RateChain,
  layers: readonly BurstLayer[],
  { y, q }: FeedbackWeights,
  kept: FeedbackWeights,
  { plasticity, plasticityRate }: Settings,
  count: number,
): FeedbackWeights {
  if (plasticity !== 'cancellation' && plasticity !== 'feedback') return kept;
  const moved = (w: Tensor, l: number, rate: number): Tensor =>
    add(w, mul(localProduct(chain, chain.layers[l + 1]!, w, layers[l]!.u!, layers[l + 1]!.e), rate / count));
  return plasticity === 'cancellation'
    ? { y: kept.y, q: q.map((w, l) => moved(w, l, plasticityRate)) }
    : { y: y.map((w, l) => moved(w, l, -plasticityRate)), q: kept.q };
}

/** Y learns by the credit of W above, Q by p_b times that. */
function kolenPollack({ layers }: RateChain, credit: Tree, { q }: FeedbackWeights, baseline: number): FeedbackWeights {
  const own = layers.slice(1).map(({ coupling }) => entry(treeAt(credit, coupling.map.path), 'w')!);
  return { y: own, q: q.length === 0 ? [] : scaled(own, baseline) };
}

/** Mean |u| of every layer, and the cosine between Q and Y where Q is free. */
function metricsOf(
  layers: readonly BurstLayer[],
  y: readonly Tensor[],
  q: readonly Tensor[],
): Readonly<Record<string, Tensor>> {
  const apicals = layers.flatMap(({ name, u }) => (u === null ? [] : ([[`apical.${name}`, meanSize(u)]] as const)));
  const balance = q.map((w, l) => [`balance.${layers[l]!.name}`, cosine(w, y[l]!)] as const);
  return Object.fromEntries([...apicals, ...balance]);
}

function checkSettings(settings: Settings): void {
  const { feedback, cancellation, plasticity, baseline, teaching, form, raw } = settings;
  checkChoice('feedback', feedback, PATHWAYS);
  checkChoice('cancellation', cancellation, PATHWAYS);
  checkChoice('plasticity', plasticity, ['none', 'cancellation', 'feedback', 'kolen-pollack']);
  checkChoice('form', form, ['difference', 'rates']);
  checkWithin('baseline', baseline, [0, 0.5], 'p lies between 0 and 2·baseline: use more than 0 and at most 0.5', true);
  checkWithin('feedbackScale', settings.feedbackScale ?? 0, [0, Number.MAX_VALUE], 'use 0 or more');
  checkWithin('cancellationScale', settings.cancellationScale, [0, Number.MAX_VALUE], 'use 0 or more');
  checkWithin('plasticityRate', settings.plasticityRate, [0, Number.MAX_VALUE], 'use 0 or more');
  if (teaching !== undefined) checkWithin('teaching', teaching, [0, Number.MAX_VALUE], 'try 1, or less');
  if (teaching === 0 && !raw)
    throw new ConfigError('without a teacher credit cannot be divided by the teaching strength', {
      teaching,
      help: 'add raw: true',
    });
  const tied = [
    ['cancellation', cancellation],
    ['feedback', feedback],
    ['kolen-pollack', feedback],
  ].find(([kind, pathway]) => kind === plasticity && pathway === 'tied');
  if (tied !== undefined || (plasticity === 'feedback' && cancellation === 'tied'))
    throw new ConfigError(`plasticity "${plasticity}" changes weights that are tied to others`, {
      plasticity,
      feedback,
      cancellation,
      help: "use 'random' or 'symmetric' for what learns and, where Y learns alone, for Q",
    });
}
