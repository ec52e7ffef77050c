/**
 * EDN, error-encoding dendritic networks: lateral interneurons predict the layer above, and what they cannot cancel in an apical dendrite is its error.
 *
 * Paper     J. Sacramento, R. P. Costa, Y. Bengio, W. Senn, Dendritic cortical microcircuits approximate the backpropagation algorithm, NeurIPS 2018, arXiv:1810.11393; in discrete time as W. Greedy and
 *           others compare with it, arXiv:2206.11769.
 * Rule      v^t_L = (1−λ)v_L + λ·logit(0.2 + 0.6t); interneurons i_l = σ((1−λ)(e_l·P + d) + λ·v^t_{l+1}); a_l = σ(v^t_{l+1})·Y − i_l·R; v^t_l = v_l + λ·a_l. W learns σ(v^t) − σ(v) of its unit, P what
 *           interneurons are told beyond what they predict, R the apical potential that is left.
 * Exact     as λ → 0 in the self-predicting state (P = W of the layer above, R = Y): feedback alignment of the output's pull σ′(v)·(v − logit), backprop where Y = W. Without a teacher every change is 0.
 * Departs   credit of a layer k below the output is divided by λ·(λ(1−λ))^k, which the rule loses on the way; `raw` keeps it. `settle` lets all potentials find their equilibrium, as in the first paper,
 *           where the sweep of the second leaves basal potentials at the forward pass.
 * Letters   v somatic potential, e = σ(v), λ = coupling of each compartment, P, d, R lateral weights, Y feedback of rates, t target in [0, 1].
 */
import type { Tensor } from '../../engine/index.ts';
import { add, cast, log, logistic, mapTree, mul, random, sub, trees } from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { targetsLike } from '../../nn/loss.ts';
import type { Model } from '../../nn/model.ts';
import { knownCouplings } from '../energy/couplings.ts';
import { changes } from '../energy/difference.ts';
import { gathered, treeAt } from '../energy/paths.ts';
import { samplesIn } from '../energy/prediction.ts';
import { checkRelaxation, relax } from '../energy/relax.ts';
import type { Citation, CreditCall, CreditResult, CreditRule } from '../rule.ts';
import {
  apical,
  driveWith,
  localCredit,
  localProduct,
  meanSize,
  paramsAt,
  type RateChain,
  rateChain,
  supportsChain,
  upperWeights,
} from './chain.ts';
import { checkChoice, checkWithin, drawLike } from './feedback.ts';
import { TAUGHT } from './teacher.ts';

export const sacramento2018: Citation = {
  authors: 'J. Sacramento, R. P. Costa, Y. Bengio, W. Senn',
  title: 'Dendritic cortical microcircuits approximate the backpropagation algorithm',
  year: 2018,
  venue: 'NeurIPS',
  arxiv: '1810.11393',
};

export interface DendriticErrorOptions {
  /** λ of somata, interneurons and the output. */
  readonly coupling?: number;
  /** Standard deviation of Y; `symmetric` copies W at the start. */
  readonly feedback?: 'random' | 'symmetric';
  readonly feedbackScale?: number;
  /** Lateral weights that cancel everything at the start, or random ones. */
  readonly start?: 'self-predicting' | 'random';
  /** Learning rate of P and R over that of W. */
  readonly lateralRate?: number;
  /** Potentials from one sweep down, or from a relaxation of all. */
  readonly dynamics?: 'sweep' | 'settle';
  /** Moves of the relaxation. */
  readonly steps?: number;
  /** Length of a move. */
  readonly rate?: number;
  /** Keeps the paper's scale. */
  readonly raw?: boolean;
}

type Settings = Required<DendriticErrorOptions>;

/** Lateral weights: P with its bias for each layer above the first, and R. */
export type Lateral = { readonly p: readonly Tree[]; readonly r: readonly Tensor[] };

export type DendriticErrorState = {
  /** Trained, by the optimiser. */
  readonly feedback: Lateral;
  /** Y; never updated. */
  readonly y: readonly Tensor[];
};

/** EDN, for chains of dense and convolutional layers of sigmoid units; the output may also be logits of rates. */
export function dendriticError(options: DendriticErrorOptions = {}): CreditRule<DendriticErrorState> {
  const settings: Settings = {
    coupling: 0.1,
    feedback: 'random',
    feedbackScale: (options.feedback ?? 'random') === 'random' ? 0.5 : 1,
    start: 'self-predicting',
    lateralRate: 2,
    dynamics: 'sweep',
    steps: 60,
    rate: 0.5,
    raw: false,
    ...options,
  };
  checkSettings(settings);
  return {
    id: 'dendritic-error',
    aliases: ['edn'],
    paper: sacramento2018,
    summary: 'Interneurons predict the layer above; what they cannot cancel in the apical dendrites is the error.',
    nature: 'biased',
    trainsFeedback: true,
    supports: (model) => supportsChain(model, { hidden: ['logistic'], output: TAUGHT }),
    init: (model, params, key) => startOf(model, params, key, settings),
    credit: (call) => dendriticCredit(call, settings),
  };
}

function startOf(
  model: Model,
  params: Tree,
  key: Key,
  { feedback, feedbackScale, start }: Settings,
): DendriticErrorState {
  const weights = upperWeights(model, params);
  const [forY, forP, forR] = random.split(key, 3) as [Key, Key, Key];
  const y = feedback === 'random' ? drawLike(weights, forY, feedbackScale) : weights.map((w) => mul(w, feedbackScale));
  const above = (tree: Tree): Tree[] =>
    knownCouplings(model)
      .slice(1)
      .map(({ map }) => treeAt(tree, map.path));
  if (start === 'self-predicting') return { feedback: { p: above(params), r: y }, y };
  const drawn = mapTree((a: Tensor, b: Tensor) => cast(a, b.dtype), model.initialise(forP).params, params);
  return { feedback: { p: above(drawn), r: drawLike(weights, forR, feedbackScale) }, y };
}

/** A hidden layer under the teacher: its apical potential and the interneurons beside it. */
interface Compartments {
  readonly a: Tensor;
  /** Rates of the interneurons. */
  readonly i: Tensor;
  /** Their own predictions, as rates. */
  readonly predicted: Tensor;
}

/** Apical and lateral activity of layer l, for its own rate and the nudged potential above. */
function compartments(
  chain: RateChain,
  { feedback: { p, r }, y }: DendriticErrorState,
  l: number,
  { rate, above, coupling }: { readonly rate: Tensor; readonly above: Tensor; readonly coupling: number },
): Compartments {
  const upper = chain.layers[l + 1]!;
  const basal = driveWith(chain, upper, p[l]!, rate);
  const i = logistic(add(mul(basal, 1 - coupling), mul(above, coupling)));
  const send = (weights: Tensor, rates: Tensor): Tensor => apical(chain, upper, weights, rates);
  return { a: sub(send(y[l]!, logistic(above)), send(r[l]!, i)), i, predicted: logistic(basal) };
}

/** Potentials under the teacher, with the basal potential that each is compared with and the rate that it hears. */
interface Told {
  readonly v: readonly Tensor[];
  readonly basal: readonly Tensor[];
  readonly below: readonly Tensor[];
  /** Of the hidden layers. */
  readonly cells: readonly Compartments[];
}

/** One sweep from the output down; basal potentials stay those of the forward pass. */
function swept(chain: RateChain, state: DendriticErrorState, target: Tensor, { coupling }: Settings): Told {
  const basal = chain.layers.map(({ z }) => z);
  const v: Tensor[] = [toward(basal.at(-1)!, target, coupling)];
  const cells: Compartments[] = [];
  for (let l = chain.layers.length - 2; l >= 0; l--) {
    const cell = compartments(chain, state, l, { rate: logistic(basal[l]!), above: v[0]!, coupling });
    cells.unshift(cell);
    v.unshift(add(basal[l]!, mul(cell.a, coupling)));
  }
  return { v, basal, below: chain.layers.map(({ input }) => input), cells };
}

const toward = (v: Tensor, target: Tensor, by: number): Tensor => add(mul(v, 1 - by), mul(target, by));

/** All potentials at the equilibrium of v̇ = basal + λ·a − v, in which nudged rates drive the layers above. */
function settled(chain: RateChain, state: DendriticErrorState, target: Tensor, settings: Settings): Told {
  const { coupling, steps, rate } = settings;
  const last = chain.layers.length - 1;
  const heard = (v: readonly Tensor[]): Tensor[] =>
    chain.layers.map(({ input }, l) => (l === 0 ? input : logistic(v[l - 1]!)));
  const basalOf = (v: readonly Tensor[]): Tensor[] =>
    heard(v).map((x, l) => driveWith(chain, chain.layers[l]!, paramsAt(chain, chain.layers[l]!), x));
  const cellOf = (v: readonly Tensor[], l: number): Compartments =>
    compartments(chain, state, l, { rate: logistic(v[l]!), above: v[l + 1]!, coupling });
  const force = (v: readonly Tensor[]): readonly Tensor[] =>
    basalOf(v).map((basal, l) => {
      const goal = l === last ? toward(basal, target, coupling) : add(basal, mul(cellOf(v, l).a, coupling));
      return sub(goal, v[l]!);
    });
  const { state: v } = relax(force, chain.layers.map(({ z }) => z) as readonly Tensor[], { steps, rate });
  return { v, basal: basalOf(v), below: heard(v), cells: v.slice(0, -1).map((_, l) => cellOf(v, l)) };
}

function dendriticCredit(call: CreditCall<DendriticErrorState>, settings: Settings): CreditResult<DendriticErrorState> {
  const { loss, batch, state, modelState } = call;
  const chain = rateChain(call);
  const output = chain.layers.at(-1)!;
  const target = softened(targetsLike(output.y, batch));
  const found = (settings.dynamics === 'sweep' ? swept : settled)(chain, state, target, settings);
  const { v, basal, below } = found;
  const count = samplesIn(loss, output.y);
  const told = chain.layers.map((_, l) => {
    const shift = changes.logistic!(basal[l]!, sub(v[l]!, basal[l]!)); // σ(v^t) − σ(v)
    return mul(shift, -1 / (count * (settings.raw ? 1 : shrinkage(chain.layers.length - 1 - l, settings.coupling))));
  });
  const credit = gathered(
    chain.params,
    chain.layers.map((layer, l) => [
      layer.coupling.map.path,
      localCredit(chain, layer, paramsAt(chain, layer), below[l]!, told[l]!),
    ]),
  );
  const scale = -settings.lateralRate / (count * (settings.raw ? 1 : settings.coupling));
  const { feedback, metrics } = lateralCredit(chain, state, found, scale);
  return {
    credit,
    feedback: feedback as unknown as Tree,
    loss: loss.value(output.y, batch),
    state,
    modelState,
    metrics,
  };
}

/** What is left of an error k layers below the output, for small λ. */
const shrinkage = (k: number, coupling: number): number => coupling * (coupling * (1 - coupling)) ** k;

/** logit(0.2 + 0.6t). */
function softened(t: Tensor): Tensor {
  const rate = add(mul(t, 0.6), 0.2);
  return sub(log(rate), log(sub(1, rate)));
}

/** ΔP: what interneurons are told beyond what they predict; ΔR: the apical potential that is left. */
function lateralCredit(
  chain: RateChain,
  { feedback: { p, r } }: DendriticErrorState,
  { v, cells }: Told,
  scale: number,
): { feedback: Lateral; metrics: Record<string, Tensor> } {
  const upper = chain.layers.slice(1);
  return {
    feedback: {
      p: cells.map(({ i, predicted }, l) =>
        trees.scale(localCredit(chain, upper[l]!, p[l]!, logistic(v[l]!), sub(i, predicted)), scale),
      ),
      r: cells.map(({ a, i }, l) => mul(localProduct(chain, upper[l]!, r[l]!, a, i), scale)),
    },
    metrics: Object.fromEntries(cells.map(({ a }, l) => [`apical.${chain.layers[l]!.name}`, meanSize(a)])),
  };
}

function checkSettings(settings: Settings): void {
  const { coupling, feedback, feedbackScale, start, lateralRate, dynamics, steps, rate } = settings;
  checkWithin('coupling', coupling, [0, 0.5], 'try 0.1; it is more than 0 and at most 0.5', true);
  checkChoice('feedback', feedback, ['random', 'symmetric']);
  checkChoice('start', start, ['self-predicting', 'random']);
  checkChoice('dynamics', dynamics, ['sweep', 'settle']);
  checkWithin('feedbackScale', feedbackScale, [0, Number.MAX_VALUE], 'use 0 or more');
  checkWithin('lateralRate', lateralRate, [0, Number.MAX_VALUE], 'use 0 or more');
  checkRelaxation({ steps, rate });
}
