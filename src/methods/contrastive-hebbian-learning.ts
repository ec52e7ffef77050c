/**
 * Contrastive Hebbian learning: Hebbian in the clamped phase, anti-Hebbian in the free one, with feedback connections γ times as strong as the forward ones.
 *
 * Paper     J. R. Movellan, Contrastive Hebbian learning in the continuous Hopfield model, 1991 (γ = 1); X. Xie, H. S. Seung, Equivalence of backpropagation and contrastive Hebbian learning in a
 *           layered network, Neural Computation 15, 2003 (weak feedback); as the limit γ → 0: B. Millidge et al., ICLR 2023, arXiv:2206.02629.
 * Rule      x_l moves by f(W_l·x_{l−1} + γ·W_{l+1}ᵀx_{l+1} + c_l) − x_l, freely and with the output clamped to the target; ΔW_l = γ^{l−L}·(x̂_l x̂_{l−1}ᵀ − x̌_l x̌_{l−1}ᵀ), credit is minus that.
 * Exact     as γ → 0, relative error O(γ), where the output's activation is the link of the loss (softmax or logistic with its cross-entropy, linear with squared error): no slope stands at the output.
 *           γ = 1 descends another function, of about the same direction.
 * Departs   the clamped output is the free one minus the slope of the loss, which is the target for those links. Convolutions and what lies between layers feed back through their own pulls.
 * Letters   x activities, f activation, x̌ free, x̂ clamped, L layers, γ feedback.
 */
import type { Tensor } from '../engine/index.ts';
import { add, ConfigError, cast, le, logistic, maximum, mul, softmax, sub, trees, vjp } from '../engine/index.ts';
import type { Tree } from '../nn/layer.ts';
import type { Loss } from '../nn/loss.ts';
import {
  activated,
  type Coupling,
  type CouplingCall,
  couplingsOf,
  driveOf,
  knownCouplings,
} from './energy/couplings.ts';
import { clamped } from './energy/energy.ts';
import type { Values } from './energy/network.ts';
import { gathered, treeAt, withTreeAt } from './energy/paths.ts';
import { samplesIn } from './energy/prediction.ts';
import { checkRelaxation, type Relaxed, relax } from './energy/relax.ts';
import type { Citation, CreditCall, CreditResult, CreditRule, Reason } from './rule.ts';

export const xieSeung2003: Citation = {
  authors: 'X. Xie, H. S. Seung',
  title: 'Equivalence of Backpropagation and Contrastive Hebbian Learning in a Layered Network',
  year: 2003,
  venue: 'Neural Computation 15',
};

export interface ContrastiveHebbianOptions {
  /** γ: strength of feedback connections beside forward ones; 1 is Movellan's network. */
  readonly feedback?: number;
  /** Moves of each phase. */
  readonly steps?: number;
  /** Length of a move. */
  readonly rate?: number;
  /** Keeps the paper's scale: summed over the batch. */
  readonly raw?: boolean;
}

type Settings = Required<ContrastiveHebbianOptions>;

/** Contrastive Hebbian learning; γ = 0.1 and 30 moves of 0.5 unless told otherwise. */
export function contrastiveHebbian({
  feedback = 0.1,
  steps = 30,
  rate = 0.5,
  raw = false,
}: ContrastiveHebbianOptions = {}): CreditRule<null> {
  checkFeedback(feedback);
  checkRelaxation({ steps, rate });
  const settings = { feedback, steps, rate, raw };
  return {
    id: 'contrastive-hebbian-learning',
    aliases: ['chl'],
    paper: xieSeung2003,
    summary: 'Hebbian with the output clamped to the target, anti-Hebbian without, through weak feedback connections.',
    nature: 'biased',
    supports: (model) => {
      const couplings = couplingsOf(model);
      return Array.isArray(couplings) ? true : (couplings as Reason);
    },
    init: () => null,
    credit: (call) => contrastiveCredit(call, settings),
    predict({ model, params, modelState, loss, x }) {
      const net: Net = { couplings: knownCouplings(model), params, x, around: { modelState, call: { train: false } } };
      const link = linkOf(loss);
      return outputOf(net, phase(net, forwardOf(net, link), settings, link).state);
    },
  };
}

/** What the activities settle in. */
interface Net {
  readonly couplings: readonly Coupling[];
  readonly params: Tree;
  readonly x: Tensor;
  readonly around: CouplingCall;
}

/** From the model's output to the activity of the output layer. */
type Link = (y: Tensor) => Tensor;

const asItIs: Link = (y) => y;

/** The link of a loss: what its targets are compared with. */
function linkOf({ name }: Loss): Link {
  if (name === 'crossEntropy') return (y) => softmax(y, -1);
  return name === 'binaryCrossEntropy' ? (y) => logistic(y) : asItIs;
}

const driveAt = ({ couplings, params, x, around }: Net, l: number, values: Values): Tensor =>
  driveOf(couplings[l]!, params, around, l === 0 ? x : values[l - 1]!);

/** The activities of the forward pass. */
function forwardOf(net: Net, link: Link): Values {
  const values: Tensor[] = [];
  net.couplings.forEach((coupling, l) => {
    const y = activated(coupling, net.around, driveAt(net, l, values));
    values.push(l === net.couplings.length - 1 ? link(y) : y);
  });
  return values;
}

/** The output in the units of the loss. */
const outputOf = (net: Net, values: Values): Tensor =>
  activated(net.couplings.at(-1)!, net.around, driveAt(net, net.couplings.length - 1, values));

/** f(W·x below + γ·Wᵀ·x above) − x for every activity, all from the same moment. */
function forceAt(net: Net, values: Values, gamma: number, link: Link): Values {
  const { couplings, around } = net;
  const drives = couplings.map((_, l) => {
    if (l === 0) return { drive: driveAt(net, 0, values), back: null };
    const [drive, pull] = vjp((below: Tensor) => driveOf(couplings[l]!, net.params, around, below), values[l - 1]!);
    return { drive, back: pull(values[l]!) }; // what x_l sends down
  });
  return couplings.map((coupling, l) => {
    const above = drives[l + 1]?.back ?? null;
    const z = above === null ? drives[l]!.drive : add(drives[l]!.drive, mul(above, gamma));
    const y = activated(coupling, around, z);
    return sub(l === couplings.length - 1 ? link(y) : y, values[l]!);
  });
}

function phase(
  net: Net,
  start: Values,
  { feedback, steps, rate }: Settings,
  link: Link,
  hold: (force: Values) => Values = (force) => force,
): Relaxed<Values> {
  return relax<Values>((values) => hold(forceAt(net, values, feedback, link)), start, { steps, rate });
}

function contrastiveCredit<S>(call: CreditCall<S>, settings: Settings): CreditResult<S> {
  const { model, params, modelState, batch, loss, key, state } = call;
  const net: Net = {
    couplings: knownCouplings(model),
    params,
    x: batch.x,
    around: { modelState, call: { key, train: true } },
  };
  const link = linkOf(loss);
  const start = forwardOf(net, link);
  const low = phase(net, start, settings, link);
  const output = outputOf(net, low.state);
  const samples = samplesIn(loss, output);
  const target = sub(low.state.at(-1)!, mul(loss.error(output, batch), samples));
  const top = net.couplings.length - 1;
  const high = phase(net, [...start.slice(0, -1), target], settings, link, clamped(top).hold);
  const credit = hebbianDifference(net, high.state, low.state, settings.feedback);
  const residual = maximum(low.residual, high.residual);
  const settled = cast(le(residual, mul(SETTLED, settings.feedback ** top)), residual.dtype);
  return {
    credit: trees.scale(credit, settings.raw ? 1 : 1 / samples),
    loss: loss.value(output, batch),
    state,
    modelState,
    metrics: { residual, settled },
  };
}

/** A phase has settled when its force is this share of the weakest difference, which is γ^(L − 1) of the strongest. */
const SETTLED = 1e-3;

/** −γ^{l−L}·(x̂_l x̂_{l−1}ᵀ − x̌_l x̌_{l−1}ᵀ), each product as the pull of the layer's own map. */
function hebbianDifference(net: Net, high: Values, low: Values, gamma: number): Tree {
  const { couplings, params, x, around } = net;
  const product = (l: number, values: Values): Tree => {
    const { path } = couplings[l]!.map;
    const drive = (own: Tree): Tensor =>
      driveOf(couplings[l]!, withTreeAt(params, path, own), around, l === 0 ? x : values[l - 1]!);
    return vjp(drive, treeAt(params, path))[1](values[l]!);
  };
  return gathered(
    params,
    couplings.map(({ map }, l) => {
      const factor = gamma ** (l - (couplings.length - 1));
      return [map.path, trees.scale(trees.sub(product(l, low), product(l, high)), factor)] as const;
    }),
  );
}

function checkFeedback(feedback: number): void {
  if (!(Number.isFinite(feedback) && feedback > 0))
    throw new ConfigError(`feedback is ${feedback}; without any, no activity below hears of the target`, {
      feedback,
      help: 'try 0.1; smaller is closer to backprop and asks for more digits',
    });
}
