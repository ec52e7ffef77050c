/**
 * Burstprop: the burst probability with a teacher beside the one without, in two phases; what BurstCCN is compared with.
 *
 * Paper     A. Payeur, J. Guerguiev, F. Zenke, B. A. Richards, R. Naud, Burst-dependent synaptic plasticity can coordinate learning in hierarchical circuits, Nature Neuroscience 24, 2021.
 * Rule      p_l = σ(b_{l+1}·Y ⊙ h(e_l) − b_pre·Rᵀ), b_pre = σ(b⁰_{l+1}·Y)⊙e_l, is taken without a teacher (p⁰) and with one (pᵗ); a weight changes by (pᵗ − p⁰)·e of its unit times the rate it hears.
 * Exact     at the output. Below it the direction bends, since nothing cancels b⁰·Y and the sigmoid is not met at its middle; each layer also shortens it by a quarter and more.
 * Departs   in the form in which the authors of BurstCCN compare with it (arXiv:2206.11769, their code). Credit is divided by p_b·s, which makes the output's that of the loss. The second phase is carried
 *           as its difference from the first, which keeps digits in f32 and is the same algebra.
 * Letters   e event rate, p burst probability, p_b that of the output, b = p·e, s teaching strength, Y feedback, R lateral weights that learn to keep the argument near 0.
 */
import type { Tensor } from '../../engine/index.ts';
import { add, type FloatDtype, logistic, matmul, mul, random, sub, zeros } from '../../engine/index.ts';
import type { Model } from '../../nn/model.ts';
import { changes } from '../energy/difference.ts';
import { samplesIn } from '../energy/prediction.ts';
import type { Citation, CreditCall, CreditResult, CreditRule, Reason } from '../rule.ts';
import { reason } from '../rule.ts';
import { apical, chainCredit, meanSize, rateChain, slopeOverRate, supportsChain, upperWeights } from './chain.ts';
import { checkChoice, checkWithin, drawFeedback, drawLike, feedbackNow, PATHWAYS, type Pathway } from './feedback.ts';
import { TAUGHT, taught } from './teacher.ts';

export const payeur2021: Citation = {
  authors: 'A. Payeur, J. Guerguiev, F. Zenke, B. A. Richards, R. Naud',
  title: 'Burst-dependent synaptic plasticity can coordinate learning in hierarchical circuits',
  year: 2021,
  venue: 'Nature Neuroscience 24',
};

export interface BurstpropOptions {
  /** Where Y comes from: drawn, a copy of W at the start, or W itself. */
  readonly feedback?: Pathway;
  /** Standard deviation of a drawn Y (0.5), or what W is multiplied by (1). */
  readonly feedbackScale?: number;
  /** p_b of the output. */
  readonly baseline?: number;
  /** s: 1 for sigmoid outputs, 0.05 for softmax. */
  readonly teaching?: number;
  /** Rate of the lateral weights R; none unless said. */
  readonly lateralRate?: number;
  /** Keeps the paper's scale: p_b·s times the gradient at the output. */
  readonly raw?: boolean;
}

type Settings = Required<Omit<BurstpropOptions, 'teaching'>> & { readonly teaching: number | undefined };

export type BurstpropState = {
  readonly feedback: { readonly y: readonly Tensor[] };
  /** R of every hidden layer; empty without lateral weights. */
  readonly lateral: readonly Tensor[];
};

/** Burstprop in two phases, for chains of dense and convolutional layers of sigmoid units. */
export function burstprop(options: BurstpropOptions = {}): CreditRule<BurstpropState> {
  const settings: Settings = {
    feedback: 'random',
    feedbackScale: (options.feedback ?? 'random') === 'random' ? 0.5 : 1,
    baseline: 0.2,
    teaching: undefined,
    lateralRate: 0,
    raw: false,
    ...options,
  };
  checkSettings(settings);
  return {
    id: 'burstprop',
    aliases: [],
    paper: payeur2021,
    summary: 'Bursts with a teacher minus bursts without one, in two phases, tell every unit its error.',
    nature: 'biased',
    supports: (model) => supportsBurstprop(model, settings),
    init: (model, params, key) => stateOf(upperWeights(model, params), key, settings),
    credit: (call) => burstpropCredit(call, settings),
  };
}

function supportsBurstprop(model: Model, { lateralRate }: Settings): true | Reason {
  const chain = supportsChain(model, { hidden: ['logistic'], output: TAUGHT });
  if (chain !== true || lateralRate === 0) return chain;
  const layer = model.layers.find(({ kind }) => kind === 'conv2d');
  return layer === undefined || reason('lateral weights join the units of dense layers; the model has a convolution');
}

const LATERAL = 0x6c6174;

function stateOf(weights: readonly Tensor[], key: Tensor, settings: Settings): BurstpropState {
  const pathways = { ...settings, cancellation: 'tied', cancellationScale: 0 } as const;
  const { y } = drawFeedback(weights, key, pathways);
  if (settings.lateralRate === 0) return { feedback: { y }, lateral: [] };
  const squares = weights.map((w) => zeros([w.shape[0]!, w.shape[0]!], w.dtype as FloatDtype));
  return { feedback: { y }, lateral: drawLike(squares, random.foldIn(key, LATERAL), 0.01) };
}

function burstpropCredit(call: CreditCall<BurstpropState>, settings: Settings): CreditResult<BurstpropState> {
  const { model, params, modelState, loss, batch, state } = call;
  const chain = rateChain(call);
  const output = chain.layers.at(-1)!;
  const count = samplesIn(loss, output.y);
  const top = taught(output, loss, batch, settings);
  const y = feedbackNow({ y: state.feedback.y, q: [] }, upperWeights(model, params), settings.feedbackScale);
  const lateral = [...state.lateral];
  const told: Tensor[] = [top.d];
  const metrics: Record<string, Tensor> = {};
  let bursts = mul(top.e, settings.baseline); // b⁰ of the layer above
  for (let l = chain.layers.length - 2; l >= 0; l--) {
    const [layer, above] = [chain.layers[l]!, chain.layers[l + 1]!];
    const h = slopeOverRate.logistic!(layer);
    const heard = apical(chain, above, y[l]!, bursts);
    const free = mul(heard, h);
    const r = state.lateral[l];
    const expected = mul(logistic(heard), layer.y); // b_pre
    const at = r === undefined ? free : sub(free, matmul(expected, r, { transposeY: true }));
    if (r !== undefined)
      lateral[l] = add(r, mul(matmul(at, expected, { transposeX: true }), settings.lateralRate / count));
    const shift = changes.logistic!(at, mul(apical(chain, above, y[l]!, told[0]!), h)); // pᵗ − p⁰
    told.unshift(mul(shift, layer.y));
    bursts = mul(logistic(at), layer.y);
    metrics[`apical.${layer.name}`] = meanSize(at);
  }
  const scale = -1 / (count * (settings.raw ? 1 : top.unit));
  const credit = chainCredit(
    chain,
    told.map((d) => mul(d, scale)),
  );
  return { credit, loss: loss.value(output.y, batch), state: { ...state, lateral }, modelState, metrics };
}

function checkSettings({ feedback, feedbackScale, baseline, teaching, lateralRate }: Settings): void {
  checkChoice('feedback', feedback, PATHWAYS);
  checkWithin('feedbackScale', feedbackScale, [0, Number.MAX_VALUE], 'use 0 or more');
  checkWithin('baseline', baseline, [0, 0.5], 'p lies between 0 and 2·baseline: use more than 0 and at most 0.5', true);
  if (teaching !== undefined) checkWithin('teaching', teaching, [0, Number.MAX_VALUE], 'use more than 0', true);
  checkWithin('lateralRate', lateralRate, [0, Number.MAX_VALUE], 'use 0, or 1e-4 to 1e-2');
}
