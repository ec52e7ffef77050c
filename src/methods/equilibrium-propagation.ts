/**
 * Equilibrium propagation: a network settles, settles again while the loss pulls a little, and every weight learns from the difference of its own local product.
 *
 * Paper     B. Scellier, Y. Bengio, Equilibrium propagation: bridging the gap between energy-based models and backpropagation, Frontiers in Computational Neuroscience 11, 2017, arXiv:1602.05179;
 *           nudges of both signs: A. Laborieux et al., Frontiers in Neuroscience 15, 2021, arXiv:2006.03824; as one of a family: B. Millidge et al., ICLR 2023, arXiv:2206.02629.
 * Rule      free phase: s follows −∂I/∂s to s°; nudged phase: from s° along −∂(I + β·C)/∂s to s^β; credit = (∂I/∂θ(s^β) − ∂I/∂θ(s°))/β, centred (∂I/∂θ(s^β) − ∂I/∂θ(s^−β))/2β.
 * Exact     for the gradient of the cost at the free equilibrium, as β → 0 (one-sided O(β), centred and in the mean over random signs O(β²)) and both phases settled. With the Hopfield energy that is the
 *           gradient of a recurrent network, not of the model's forward pass: the network answers by settling, and so does `predict`. With the prediction energy it is backprop.
 * Departs   the loss is any loss of the output's state, summed over the batch. The hard sigmoid keeps states in [0, 1] by projection, with slope 1 on the closed interval.
 * Letters   s states, I internal energy, C cost, β nudge, ρ activation.
 */
import type { FloatDtype, Tensor } from '../engine/index.ts';
import { ConfigError, cast, le, maximum, mul, random, stopGradient, sub, trees, zeros } from '../engine/index.ts';
import type { Tree } from '../nn/layer.ts';
import type { Model } from '../nn/model.ts';
import { networkOf } from './energy/build.ts';
import { couplingsOf, driveOf, knownCouplings, nameOfActivation } from './energy/couplings.ts';
import { contrast, type Energy, free, nudged, type Settled, settle } from './energy/energy.ts';
import { hopfieldEnergy, type Rho } from './energy/hopfield.ts';
import { forwardValues, type Values } from './energy/network.ts';
import { predictionEnergy, samplesIn } from './energy/prediction.ts';
import { checkRelaxation, type Relaxed } from './energy/relax.ts';
import type { Citation, CreditCall, CreditResult, CreditRule, Reason } from './rule.ts';
import { reason } from './rule.ts';

export const scellierBengio2017: Citation = {
  authors: 'B. Scellier, Y. Bengio',
  title: 'Equilibrium Propagation: Bridging the Gap between Energy-Based Models and Backpropagation',
  year: 2017,
  venue: 'Frontiers in Computational Neuroscience 11',
  arxiv: '1602.05179',
};

/** `centred` compares nudges of both signs, `random-sign` the free state with a nudge whose sign is drawn for the batch. */
export type Nudging = 'one-sided' | 'centred' | 'random-sign';

export interface EquilibriumPropagationOptions {
  readonly energy?: 'hopfield' | 'prediction';
  /** β: how strongly the loss pulls. */
  readonly nudge?: number;
  readonly nudging?: Nudging;
  /** Moves of the free phase. */
  readonly freeSteps?: number;
  /** Moves of each nudged phase. */
  readonly nudgedSteps?: number;
  /** Length of a move. */
  readonly rate?: number;
  readonly rho?: Rho;
  /** Keeps the paper's scale: summed over the batch and not divided by β. */
  readonly raw?: boolean;
}

type Settings = Required<EquilibriumPropagationOptions>;

/** Equilibrium propagation; centred with β = 0.2, 40 free and 15 nudged moves of 0.5 on the Hopfield energy unless told otherwise. */
export function equilibriumPropagation(options: EquilibriumPropagationOptions = {}): CreditRule<null> {
  const settings: Settings = {
    energy: 'hopfield',
    nudge: 0.2,
    nudging: 'centred',
    freeSteps: 40,
    nudgedSteps: 15,
    rate: 0.5,
    rho: 'own',
    raw: false,
    ...options,
  };
  checkSettings(settings);
  const isHopfield = settings.energy === 'hopfield';
  return {
    id: 'equilibrium-propagation',
    aliases: ['ep', 'eqprop'],
    paper: scellierBengio2017,
    summary: 'The network settles freely and under the pull of the loss; every weight learns from the difference.',
    nature: 'biased',
    supports: (model) => (isHopfield ? supportsHopfield(model, settings.rho) : true),
    init: () => null,
    credit: (call) => (isHopfield ? hopfieldCredit(call, settings) : predictionCredit(call, settings)),
    ...(isHopfield ? { predict: (call) => hopfieldStates(call, settings).state.at(-1)! } : {}),
  };
}

const BOUNDED = ['tanh', 'logistic', 'hardTanh'];

/** Activities drive one another in a circle: without bounds they may run away. */
function supportsHopfield(model: Model, rho: Rho): true | Reason {
  const couplings = couplingsOf(model);
  if (!Array.isArray(couplings)) return couplings as Reason;
  const loose = rho === 'own' ? couplings.slice(0, -1).find((c) => !BOUNDED.includes(nameOfActivation(c))) : undefined;
  return (
    loose === undefined ||
    reason(
      `${loose.name} has the activation ${nameOfActivation(loose)}; feedback needs bounded ones: ${BOUNDED.join(', ')}`,
    )
  );
}

type Where = Pick<CreditCall<unknown>, 'model' | 'params' | 'modelState'> & { readonly x: Tensor };

/** The free phase of the Hopfield network, from states of 0. */
function hopfieldStates({ model, params, modelState, x }: Where, { rho, freeSteps, rate }: Settings): Relaxed<Values> {
  const around = { modelState, call: { train: false } };
  const energy = hopfieldEnergy(knownCouplings(model), { around, x, rho });
  return settle(energy, params, restOf({ model, params, modelState, x }), free, { steps: freeSteps, rate });
}

/** States of 0, shaped like what drives them. */
function restOf({ model, params, modelState, x }: Where): Values {
  const around = { modelState, call: { train: false } };
  const states: Tensor[] = [];
  for (const coupling of knownCouplings(model)) {
    const { shape, dtype } = driveOf(coupling, params, around, states.at(-1) ?? x);
    states.push(zeros(shape, dtype as FloatDtype));
  }
  return states;
}

function hopfieldCredit<S>(call: CreditCall<S>, settings: Settings): CreditResult<S> {
  const { model, params, modelState, batch, loss } = call;
  const teacher = { loss, batch };
  const around = { modelState, call: { train: true, key: call.key } };
  const energy = hopfieldEnergy(knownCouplings(model), { around, x: batch.x, rho: settings.rho, teacher });
  const start = restOf({ model, params, modelState, x: batch.x });
  const { freeSteps: steps, rate } = settings;
  return phasesFrom(call, energy, settle(energy, params, start, free, { steps, rate }), settings, modelState);
}

/** With the prediction energy the forward pass is the free equilibrium. */
function predictionCredit<S>(call: CreditCall<S>, settings: Settings): CreditResult<S> {
  const { params, modelState, batch, loss, key } = call;
  const around = { modelState, x: batch.x, call: { key, train: true } };
  const net = networkOf(call.model);
  const energy = predictionEnergy(net, around, loss, batch);
  const forward = forwardValues(net, { ...around, params });
  const { dtype } = forward.values[0]!;
  const nothing = zeros([], dtype as FloatDtype);
  const atRest = { state: forward.values, residual: nothing };
  return phasesFrom(call, energy, atRest, settings, forward.modelState);
}

function phasesFrom<S>(
  { params, loss, batch, state, key }: CreditCall<S>,
  energy: Energy<Values, Tree>,
  rest: Pick<Relaxed<Values>, 'state' | 'residual'>,
  { nudge, nudging, nudgedSteps, rate, raw }: Settings,
  modelState: Tree,
): CreditResult<S> {
  const output = rest.state.at(-1)!;
  const settledAt = (by: Tensor | number): Settled<Values> & { readonly residual: Tensor } => ({
    ...settle(energy, params, rest.state, nudged(by), { steps: nudgedSteps, rate }),
    nudge: by,
  });
  const sign = nudging === 'random-sign' ? signOf(key, output.dtype as FloatDtype) : 1;
  const first = settledAt(nudging === 'random-sign' ? mul(sign, nudge) : nudge);
  const second = nudging === 'centred' ? settledAt(-nudge) : { state: rest.state, nudge: 0, residual: rest.residual };
  const scale = raw ? nudge * (nudging === 'centred' ? 2 : 1) : 1 / samplesIn(loss, output);
  const credit = trees.scale(contrast(energy, params, first, second), scale);
  const nudgedResidual = maximum(first.residual, second.residual);
  const isSettled = le(maximum(rest.residual, nudgedResidual), SETTLED);
  return {
    credit,
    loss: loss.value(output, batch),
    state,
    modelState,
    metrics: { freeResidual: rest.residual, nudgedResidual, settled: cast(isSettled, output.dtype) },
  };
}

/** A phase has settled when no component of the force is larger. */
const SETTLED = 1e-3;

const SIGN = 0x7369676e;

const signOf = (key: Tensor, dtype: FloatDtype): Tensor =>
  stopGradient(sub(mul(cast(random.bernoulli(random.foldIn(key, SIGN), []), dtype), 2), 1));

function checkSettings({ energy, nudge, nudging, freeSteps, nudgedSteps, rate, rho }: Settings): void {
  const words: readonly (readonly [string, string, readonly string[]])[] = [
    ['energy', energy, ['hopfield', 'prediction']],
    ['nudging', nudging, ['one-sided', 'centred', 'random-sign']],
    ['rho', rho, ['own', 'hardSigmoid']],
  ];
  for (const [option, value, choices] of words)
    if (!choices.includes(value))
      throw new ConfigError(`${option} is "${value}"`, { [option]: value, help: `choose ${choices.join(' or ')}` });
  if (!(Number.isFinite(nudge) && nudge > 0 && (nudging === 'one-sided' || nudge <= 0.5)))
    throw new ConfigError(`nudge is ${nudge}; a negative one near 1 has an energy without a bottom`, {
      nudge,
      nudging,
      help: 'use a positive number, at most 0.5 where both signs are used',
    });
  for (const steps of [freeSteps, nudgedSteps]) checkRelaxation({ steps, rate });
}
