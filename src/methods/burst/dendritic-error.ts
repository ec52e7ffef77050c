/**
 * EDN, error-encoding dendritic networks: lateral interneurons predict the layer above, and what they cannot cancel in an apical dendrite is its error.
 *
 * Paper     J. Sacramento, R. P. Costa, Y. Bengio, W. Senn, Dendritic cortical microcircuits approximate the backpropagation algorithm, NeurIPS 2018, arXiv:1810.11393; in discrete time as W. Greedy and
 *           others compare with it, arXiv:2206.11769.
 * Rule      v^t_L = (1−λ)v_L + λ·logit(0.2 + 0.6t); interneurons i_l = σ((1−λ)(e_l·P + d) + λ·v^t_{l+1}); a_l = σ(v^t_{l+1})·Y − i_l·R; v^t_l = v_l + λ·a_l. W learns σ(v^t) − σ(v) of its unit, P what
 *           interneurons are told beyond what they predict, R the apical potential that is left.
 * Exact     as λ → 0 in the self-predicting state (P = W of the layer above, R = Y): feedback alignment of the output's pull σ′(v)·(v − logit), times (λ(1−λ))^k in a layer k below the output; the gradient of
 *           that pull where Y = W. Without a teacher every change is 0.
 * Departs   credit is divided by λ, so that the output's is that of its pull; the decay with depth is the method's and stays: dividing it out would multiply by as much whatever lateral weights fail to
 *           cancel, 14,000 times at k = 3. R's change carries no λ and is not divided. `raw` keeps all as in the paper. `settle` lets all potentials find their equilibrium, as in the first paper, where the
 *           sweep of the second leaves basal potentials at the forward pass. Potentials are carried as differences, which is the same algebra and keeps digits in f32.
 * Letters   v somatic potential, e = σ(v), λ = coupling of each compartment, P, d, R lateral weights, Y feedback of rates, t target in [0, 1], δ = v^t − v.
 */
import type { Tensor } from '../../engine/index.ts';
import { add, cast, log, logistic, mapTree, mul, neg, random, sub, trees } from '../../engine/index.ts';
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
import { checkChoice, checkWithin, drawLike, feedbackNow, PATHWAYS, type Pathway, scaled } from './feedback.ts';
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
  /** Where Y comes from: drawn, a copy of W at the start, or W itself. */
  readonly feedback?: Pathway;
  /** Standard deviation of a drawn Y (0.5), or what W is multiplied by (1). */
  readonly feedbackScale?: number;
  /** Where P comes from: a copy of W at the start that then learns, a drawn one that learns, or W itself. */
  readonly prediction?: Pathway;
  /** Where R comes from: a copy of Y at the start that then learns, a drawn one that learns, or Y itself. */
  readonly cancellation?: Pathway;
  /** Learning rate of P and R over that of W; R runs away where it times the rate of W is above 2/Σ i² of the interneurons. */
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

/** Lateral weights: P with its bias for each layer above the first, and R; a list is empty where they are W or Y themselves. */
export type Lateral = { readonly p: readonly Tree[]; readonly r: readonly Tensor[] };

export type DendriticErrorState = {
  /** Trained, by the optimiser. */
  readonly feedback: Lateral;
  /** Y; never updated, and empty where it is W. */
  readonly y: readonly Tensor[];
};

/** EDN, for chains of dense and convolutional layers of sigmoid units; the output may also be logits of rates. */
export function dendriticError(options: DendriticErrorOptions = {}): CreditRule<DendriticErrorState> {
  const settings: Settings = {
    coupling: 0.1,
    feedback: 'random',
    feedbackScale: (options.feedback ?? 'random') === 'random' ? 0.5 : 1,
    prediction: 'symmetric',
    cancellation: 'symmetric',
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
    trainsFeedback: settings.prediction !== 'tied' || settings.cancellation !== 'tied',
    supports: (model) => supportsChain(model, { hidden: ['logistic'], output: TAUGHT }),
    init: (model, params, key) => startOf(model, params, key, settings),
    credit: (call) => dendriticCredit(call, settings),
  };
}

function startOf(
  model: Model,
  params: Tree,
  key: Key,
  { feedback, feedbackScale, prediction, cancellation }: Settings,
): DendriticErrorState {
  const weights = upperWeights(model, params);
  const [forY, forP, forR] = random.split(key, 3) as [Key, Key, Key];
  const y = feedback === 'random' ? drawLike(weights, forY, feedbackScale) : scaled(weights, feedbackScale);
  const above = (tree: Tree): Tree[] =>
    knownCouplings(model)
      .slice(1)
      .map(({ map }) => treeAt(tree, map.path));
  const drawn = (): Tree => mapTree((a: Tensor, b: Tensor) => cast(a, b.dtype), model.initialise(forP).params, params);
  const p = { symmetric: () => above(params), random: () => above(drawn()), tied: () => [] }[prediction]();
  const r = { symmetric: () => y, random: () => drawLike(weights, forR, feedbackScale), tied: () => [] }[
    cancellation
  ]();
  return { feedback: { p, r }, y: feedback === 'tied' ? [] : y };
}

/** A hidden layer under the teacher: its apical potential and the interneurons beside it. */
interface Compartments {
  readonly a: Tensor;
  /** Rates of the interneurons. */
  readonly i: Tensor;
  /** Their rates beyond what they predict by themselves. */
  readonly news: Tensor;
}

/** What the layer above hears from layer l, and how far the teacher moves it. */
interface Above {
  /** Rates of layer l. */
  readonly rate: Tensor;
  /** What W makes of them. */
  readonly basal: Tensor;
  /** δ of the layer above. */
  readonly shift: Tensor;
}

/** Apical and lateral activity of layer l: a = (σ(v^t) − i)·Y + i·(Y − R). */
function compartments(circuit: Circuit, l: number, { rate, basal, shift }: Above): Compartments {
  const { chain, y, lateral, coupling } = circuit;
  const [p, r] = [lateral.p[l], lateral.r[l]];
  const upper = chain.layers[l + 1]!;
  const unpredicted = (own: Tree): Tensor => driveWith(chain, upper, trees.sub(paramsAt(chain, upper), own), rate);
  const missed = p === undefined ? shift : add(shift, unpredicted(p)); // what P fails to predict of the nudged potential
  const told = add(basal, shift);
  const gap = mul(missed, coupling - 1); // from v^t to the interneuron's potential
  const excess = neg(changes.logistic!(told, gap)); // σ(v^t) − i
  const i = sub(logistic(told), excess);
  const send = (weights: Tensor, rates: Tensor): Tensor => apical(chain, upper, weights, rates);
  const heard = send(y[l]!, excess);
  const a = r === undefined ? heard : add(heard, send(sub(y[l]!, r), i));
  return { a, i, news: changes.logistic!(sub(told, missed), mul(missed, coupling)) };
}

/** A chain with the weights that bring the teacher down. */
interface Circuit {
  readonly chain: RateChain;
  readonly y: readonly Tensor[];
  readonly lateral: Lateral;
  readonly coupling: number;
}

/** Potentials under the teacher: basal ones, δ, and the rates that each layer hears. */
interface Told {
  readonly basal: readonly Tensor[];
  readonly shift: readonly Tensor[];
  readonly below: readonly Tensor[];
  /** Of the hidden layers. */
  readonly cells: readonly Compartments[];
}

/** One sweep from the output down; basal potentials stay those of the forward pass. */
function swept(circuit: Circuit, target: Tensor): Told {
  const { chain, coupling } = circuit;
  const basal = chain.layers.map(({ z }) => z);
  const shift: Tensor[] = [mul(sub(target, basal.at(-1)!), coupling)];
  const cells: Compartments[] = [];
  for (let l = chain.layers.length - 2; l >= 0; l--) {
    const cell = compartments(circuit, l, { rate: logistic(basal[l]!), basal: basal[l + 1]!, shift: shift[0]! });
    cells.unshift(cell);
    shift.unshift(mul(cell.a, coupling));
  }
  return { basal, shift, below: chain.layers.map(({ input }) => input), cells };
}

/** All potentials at the equilibrium of v̇ = basal + λ·a − v, in which nudged rates drive the layers above. */
function settled(circuit: Circuit, target: Tensor, { steps, rate }: Settings): Told {
  const { chain, coupling } = circuit;
  const last = chain.layers.length - 1;
  const heard = (v: readonly Tensor[]): Tensor[] =>
    chain.layers.map(({ input }, l) => (l === 0 ? input : logistic(v[l - 1]!)));
  const basalOf = (below: readonly Tensor[]): Tensor[] =>
    below.map((x, l) => driveWith(chain, chain.layers[l]!, paramsAt(chain, chain.layers[l]!), x));
  const cellOf = (v: readonly Tensor[], below: readonly Tensor[], basal: readonly Tensor[], l: number): Compartments =>
    compartments(circuit, l, { rate: below[l + 1]!, basal: basal[l + 1]!, shift: sub(v[l + 1]!, basal[l + 1]!) });
  const force = (v: readonly Tensor[]): readonly Tensor[] => {
    const below = heard(v);
    const basal = basalOf(below);
    return basal.map((b, l) => {
      const pull = l === last ? sub(target, b) : cellOf(v, below, basal, l).a;
      return sub(add(b, mul(pull, coupling)), v[l]!);
    });
  };
  const { state: v } = relax(force, chain.layers.map(({ z }) => z) as readonly Tensor[], { steps, rate });
  const below = heard(v);
  const basal = basalOf(below);
  const cells = v.slice(0, -1).map((_, l) => cellOf(v, below, basal, l));
  return { basal, shift: v.map((now, l) => sub(now, basal[l]!)), below, cells };
}

function dendriticCredit(call: CreditCall<DendriticErrorState>, settings: Settings): CreditResult<DendriticErrorState> {
  const { model, params, loss, batch, state, modelState } = call;
  const { coupling, feedbackScale, raw } = settings;
  const chain = rateChain(call);
  const output = chain.layers.at(-1)!;
  const y = feedbackNow({ y: state.y, q: [] }, upperWeights(model, params), feedbackScale);
  const circuit: Circuit = { chain, y, lateral: state.feedback, coupling };
  const target = softened(targetsLike(output.y, batch));
  const found = settings.dynamics === 'sweep' ? swept(circuit, target) : settled(circuit, target, settings);
  const unit = samplesIn(loss, output.y) * (raw ? 1 : coupling);
  const credit = gathered(
    chain.params,
    chain.layers.map((layer, l) => {
      const told = mul(changes.logistic!(found.basal[l]!, found.shift[l]!), -1 / unit); // σ(v) − σ(v^t)
      return [layer.coupling.map.path, localCredit(chain, layer, paramsAt(chain, layer), found.below[l]!, told)];
    }),
  );
  const metrics = Object.fromEntries(
    found.cells.map(({ a }, l) => [`apical.${chain.layers[l]!.name}`, meanSize(a)] as const),
  );
  const result = { credit, loss: loss.value(output.y, batch), state, modelState, metrics };
  const scales = { p: -settings.lateralRate / unit, r: -settings.lateralRate / samplesIn(loss, output.y) };
  const learned = lateralCredit(chain, state.feedback, found, scales);
  return learned.p.length + learned.r.length === 0 ? result : { ...result, feedback: learned as unknown as Tree };
}

/** logit(0.2 + 0.6t). */
function softened(t: Tensor): Tensor {
  const rate = add(mul(t, 0.6), 0.2);
  return sub(log(rate), log(sub(1, rate)));
}

/** ΔP: what interneurons are told beyond what they predict; ΔR: the apical potential that is left. */
function lateralCredit(
  chain: RateChain,
  { p, r }: Lateral,
  { basal, shift, cells }: Told,
  scales: { readonly p: number; readonly r: number },
): Lateral {
  const upper = chain.layers.slice(1);
  return {
    p: p.map((own, l) => {
      const told = logistic(add(basal[l]!, shift[l]!));
      return localCredit(chain, upper[l]!, own, told, mul(cells[l]!.news, scales.p));
    }),
    r: r.map((own, l) => localProduct(chain, upper[l]!, own, mul(cells[l]!.a, scales.r), cells[l]!.i)),
  };
}

function checkSettings(settings: Settings): void {
  const { coupling, feedback, feedbackScale, prediction, cancellation, lateralRate, dynamics, steps, rate } = settings;
  checkWithin('coupling', coupling, [0, 0.5], 'try 0.1; it is more than 0 and at most 0.5', true);
  checkChoice('feedback', feedback, PATHWAYS);
  checkChoice('prediction', prediction, PATHWAYS);
  checkChoice('cancellation', cancellation, PATHWAYS);
  checkChoice('dynamics', dynamics, ['sweep', 'settle']);
  checkWithin('feedbackScale', feedbackScale, [0, Number.MAX_VALUE], 'use 0 or more');
  checkWithin('lateralRate', lateralRate, [0, Number.MAX_VALUE], 'use 0 or more');
  checkRelaxation({ steps, rate });
}
