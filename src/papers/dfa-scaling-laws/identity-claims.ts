/** Check 1, in f64: what is exact, what a tap leaves alone, and what credit below it does not hear of. */
import { random, type Tensor, trees } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { directFeedbackAlignment } from '../../methods/direct-feedback-alignment.ts';
import { weightsOf } from '../../methods/feedback.ts';
import { feedbackAlignment } from '../../methods/feedback-alignment.ts';
import { lastUnit } from '../../methods/last-unit.ts';
import type { CreditCall, CreditResult, CreditRule } from '../../methods/rule.ts';
import { tappedDirectFeedback } from '../../methods/tapped-direct-feedback.ts';
import { crossEntropy, dense, type Model, model, type TapPlacement, type Tree } from '../../nn/index.ts';
import { atLeast, atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { decoder, VOCABULARY } from './setting.ts';

const PLACEMENTS: readonly TapPlacement[] = ['macro', 'micro', 'micro3', 'full'];
const BLOCKS = 3;
const CONTEXT = 7;
/** Layers before the first block: embeddings of tokens and positions. */
const BEFORE = 2;

const small = (): Model => decoder({ width: 16, depth: BLOCKS, context: CONTEXT }, 'wide');

const chain = (widths: readonly number[]): Model =>
  model(
    [9],
    [...widths.map((units) => dense({ units, activation: 'tanh' })), dense({ units: 5, init: 'pytorchDefault' })],
  );

type Call = CreditCall<Tree>;

/** A call on two texts of random characters, or two samples of random numbers. */
function callOn(lab: Lab, net: Model, rule: CreditRule = backprop() as CreditRule): Call {
  const { params, state: modelState } = net.initialise(lab.key('network'));
  const isText = net.outputShape.length === 2;
  const shape = [2, ...net.inputShape];
  const x = isText ? random.randint(lab.key('x'), shape, 0, VOCABULARY) : random.normal(lab.key('x'), shape);
  const y = random.randint(lab.key('y'), isText ? [2, CONTEXT] : [2], 0, net.outputShape.at(-1)!);
  const state = rule.init(net, params, lab.key('feedback'));
  return { model: net, loss: crossEntropy(), params, modelState, state, batch: { x, y }, key: lab.key('step') };
}

const creditOf = (rule: unknown, call: Call): readonly Tree[] =>
  ((rule as CreditRule).credit(call) as CreditResult<Tree>).credit as readonly Tree[];

const numbersOf = (tree: Tree): number[] => trees.tensorsOf(tree).flatMap((leaf) => [...leaf.readSync()]);

/** max|a − b| / max|b|. */
function difference(a: Tree, b: Tree): number {
  const [own, reference] = [numbersOf(a), numbersOf(b)];
  return largest(own.map((v, i) => v - reference[i]!)) / largest(reference);
}

const largest = (values: readonly number[]): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** The largest such difference over layers. */
const layerwise = (a: readonly Tree[], b: readonly Tree[]): number =>
  Math.max(...a.flatMap((own, i) => (numbersOf(own).length === 0 ? [] : [difference(own, b[i]!)])));

function symmetricFeedback(lab: Lab, net: Model): number {
  const call = callOn(lab, net);
  const state = { feedback: weightsOf(net, call.params) } as unknown as Tree;
  return layerwise(creditOf(feedbackAlignment(), { ...call, state }), creditOf(backprop(), call));
}

/** One hidden layer: DFA and FA with the same matrix, W_outᵀ or a random one, beside a reference. */
function oneHidden(
  lab: Lab,
  matrix: 'output' | 'random',
): { dfa: readonly Tree[]; fa: readonly Tree[]; exact: readonly Tree[] } {
  const net = chain([8]);
  const call = callOn(lab, net);
  const [first, last] = call.params as unknown as { w: Tensor }[];
  const own = matrix === 'output' ? last!.w : random.normal(lab.key('matrix'), [8, 5]); // (H, C)
  const dfa = { feedback: [own.transpose()] } as unknown as Tree;
  const fa = { feedback: [{ w: first!.w }, { w: own }] } as unknown as Tree;
  return {
    dfa: creditOf(directFeedbackAlignment(), { ...call, state: dfa }),
    fa: creditOf(feedbackAlignment(), { ...call, state: fa }),
    exact: creditOf(backprop(), call),
  };
}

const atTaps = (lab: Lab, taps: TapPlacement): { rule: CreditRule; call: Call } => {
  const rule = tappedDirectFeedback({ taps }) as unknown as CreditRule;
  return { rule, call: callOn(lab, small(), rule) };
};

function headOf(lab: Lab): number {
  const exact = creditOf(backprop(), callOn(lab, small())).at(-1)!;
  const own = PLACEMENTS.map((taps) => {
    const { rule, call } = atTaps(lab, taps);
    return difference(creditOf(rule, call).at(-1)!, exact);
  });
  return Math.max(...own, difference(creditOf(lastUnit(), callOn(lab, small())).at(-1)!, exact));
}

function forward(lab: Lab): number {
  const losses = PLACEMENTS.map((taps) => {
    const { rule, call } = atTaps(lab, taps);
    const { loss } = rule.credit(call) as CreditResult<Tree>;
    return Math.abs(loss!.item() - lossOf(call));
  });
  return Math.max(...losses);
}

const lossOf = ({ model: net, params, modelState, batch, loss }: Call): number =>
  loss.value(net.apply(params, modelState, batch.x)[0], batch).item();

/** The largest change of credit in and below block j, over j, when all that lies above is doubled and e is held fixed. */
function hearsOfLater(lab: Lab, rule: CreditRule, call: Call): number {
  const e = random.normal(lab.key('error'), [2, CONTEXT, VOCABULARY]);
  const held = { ...call, loss: { ...call.loss, error: () => e } };
  const params = call.params as readonly Tree[];
  const changes = Array.from({ length: BLOCKS }, (_, j) => {
    const kept = BEFORE + j + 1;
    const above = params.map((own, i) => (i < kept ? own : trees.mapTensors((w: Tensor) => w.mul(2), own)));
    return difference(creditOf(rule, { ...held, params: above }).slice(0, kept), creditOf(rule, held).slice(0, kept));
  });
  return Math.max(...changes);
}

/** Backprop's directional derivative beside a central difference of fourth order. */
function againstDifferences(lab: Lab): number {
  const call = callOn(lab, small());
  const direction = trees.randomLike(lab.key('direction'), call.params);
  const along = (h: number): number => lossOf({ ...call, params: trees.addScaled(call.params, h, direction) });
  const h = 1e-3;
  const difference = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h);
  const exact = trees.dot(creditOf(backprop(), call) as Tree, direction).item();
  return Math.abs(difference / exact - 1);
}

const identity = (
  id: string,
  sentence: string,
  measure: (lab: Lab) => number,
  threshold: Claim['threshold'] = atMost(1e-12),
): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: 'relative',
  threshold,
  expected: 'holds',
  measure: (lab) => lab.f64(() => measure(lab)),
});

export const identityClaims: readonly Claim[] = [
  identity(
    'fa-symmetric-mlp',
    'Feedback alignment with B = W is backprop in all layers of a network of three hidden layers.',
    (lab) => symmetricFeedback(lab, chain([8, 7, 6])),
  ),
  identity(
    'fa-symmetric-transformer',
    'The same in all layers of a Transformer of three blocks, queries and keys included.',
    (lab) => symmetricFeedback(lab, small()),
  ),
  identity('dfa-one-hidden', 'With one hidden layer, DFA with B = W_outᵀ is backprop.', (lab) => {
    const { dfa, exact } = oneHidden(lab, 'output');
    return layerwise(dfa, exact);
  }),
  identity('dfa-is-fa', 'With one hidden layer and the same random matrix, DFA is FA.', (lab) => {
    const { dfa, fa } = oneHidden(lab, 'random');
    return layerwise(dfa, fa);
  }),
  identity(
    'head-exact',
    'Head and final norm get backprop’s gradient under macro, micro, micro3 and full taps and shallow training.',
    headOf,
  ),
  identity(
    'forward-untouched',
    'Taps change no value of the forward pass: largest difference of the loss.',
    forward,
    exactly(0),
  ),
  ...PLACEMENTS.map((taps) =>
    identity(
      `blind-${taps}`,
      `With ${taps} taps, embeddings and each block hear of later weights through e alone: largest change of their credit when those are doubled and e is held.`,
      (lab) => {
        const { rule, call } = atTaps(lab, taps);
        return hearsOfLater(lab, rule, call);
      },
      exactly(0),
    ),
  ),
  identity(
    'backprop-hears',
    'The control: under the same change backprop’s credit does change.',
    (lab) => {
      // Backprop through the held error: the pull of the model for e, as a loss that is linear in the output.
      const call = callOn(lab, small());
      const e = random.normal(lab.key('error'), [2, CONTEXT, VOCABULARY]);
      const linear = { ...call.loss, value: (z: Tensor) => z.mul(e).sum() };
      return hearsOfLater(lab, backprop() as CreditRule, { ...call, loss: linear });
    },
    atLeast(0.1),
  ),
  identity(
    'backprop-differences',
    'Backprop’s gradient agrees with central differences of the loss.',
    againstDifferences,
    atMost(1e-7),
  ),
];
