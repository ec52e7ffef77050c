/** What the conformance of credit rules is made of: rules × kinds of models, and the table of what is left out and why. */
import { factories } from '../../src/methods/index.ts';
import type { CreditRule } from '../../src/methods/rule.ts';
import { CLASSES, kinds, smallDecoder } from '../../src/methods/testing/cases.ts';
import { activation, avgPool, conv2d, dense, flatten, type Model, model } from '../../src/nn/index.ts';
import type { Layer } from '../../src/nn/layer.ts';

export const trials = [
  'leaves its inputs unchanged',
  'is a function of its key',
  'returns credit like the params',
  'resumes bit for bit',
  'takes a batch of one',
  'learns',
  'compiles to the same bits',
  'agrees on js and wasm',
  'leaves no memory behind',
  'stays in f64',
  'is what its nature says',
] as const;

export type Trial = (typeof trials)[number];

export interface Skip {
  readonly rule: string;
  readonly kind: string;
  readonly trial: Trial;
  readonly reason: string;
}

/** Rules that draw in every step though their credit is biased; unbiased ones draw by nature. */
export const biasedDraws: readonly string[] = ['forward-forward', 'multi-tangent', 'symba'];

/** Rules that draw feedback weights when a run begins. */
export const drawnFeedback: readonly string[] = [
  'burst-cortico-cortical',
  'burstprop',
  'dendritic-error',
  'direct-feedback-alignment',
  'direct-feedback-macro',
  'direct-feedback-micro',
  'feedback-alignment',
  'kolen-pollack',
  'top-down-credit-assignment',
];

/** Whether the credit of a step depends on the step's key. */
export const drawsInSteps = ({ id, nature }: CreditRule): boolean => nature === 'unbiased' || biasedDraws.includes(id);

const projections: readonly Skip[] = ['mlp', 'residual net', 'recurrent net'].map((kind) => ({
  rule: 'multi-tangent',
  kind,
  trial: 'is what its nature says',
  reason:
    kind === 'residual net'
      ? 'projects the error of the last layer too'
      : 'with a tangent a unit the projection is the gradient',
}));

const bounded: readonly Skip[] = ['cnn with batch norm', 'residual net'].map((kind) => ({
  rule: 'forward-forward',
  kind,
  trial: 'learns',
  reason: 'the goodness of tanh units stays below 1 and cannot reach the threshold of 2',
}));

const headOfText: Skip = {
  rule: 'feedback-alignment',
  kind: 'decoder',
  trial: 'is what its nature says',
  reason: 'the last layer is a block: its normalisation lies below the last weights',
};

/** Trials that cannot be held for a rule and a kind that the rule supports. */
export const skips: readonly Skip[] = [...projections, ...bounded, headOfText];

/** Rules whose last layer hears something else than the error of the forward pass, with what it hears. The last layer of all others gets the exact gradient. */
export const nudgedAtTheTop: Readonly<Record<string, string>> = {
  'contrastive-hebbian-learning': 'the forward pass with feedback in it',
  'dendritic-error': 'a potential between its own and the target',
  'equilibrium-propagation': 'the error of a network that settles',
  'forward-forward': 'nothing: the goodness of hidden units is the answer',
  'inference-learning': 'the error that is left when hidden values have given way',
  'predictive-coding-nudge': 'inputs that the nudge has moved',
  symba: 'nothing, as in forward-forward',
};

export interface Case {
  readonly rule: () => CreditRule;
  readonly id: string;
  readonly kind: string;
  readonly model: Model;
  /** Why the rule refuses this kind of model, or null. */
  readonly refusal: string | null;
}

/** Models for rules that support few of the common kinds. */
const ownKinds: Readonly<Record<string, Readonly<Record<string, () => Model>>>> = {
  backprop: { decoder: smallDecoder },
  'burst-cortico-cortical': { 'sigmoid net': sigmoidNet, 'sigmoid conv chain': sigmoidConvChain },
  burstprop: { 'sigmoid net': sigmoidNet, 'sigmoid conv chain': sigmoidConvChain },
  'contrastive-hebbian-learning': { 'conv chain': convChain },
  'dendritic-error': { 'sigmoid net': sigmoidNet, 'sigmoid conv chain': sigmoidConvChain },
  'direct-feedback-alignment': { decoder: smallDecoder },
  'direct-feedback-macro': { decoder: smallDecoder },
  'direct-feedback-micro': { decoder: smallDecoder },
  'equilibrium-propagation': { 'conv chain': convChain },
  'feedback-alignment': { decoder: smallDecoder },
  'last-unit': { decoder: smallDecoder },
};

const sigmoid = (units: number): Layer =>
  dense({ units, activation: 'logistic', init: { distribution: 'normal', mode: 'fanAverage', gain: 3.6 } });

function sigmoidNet(): Model {
  return model([4], [sigmoid(8), sigmoid(6), sigmoid(CLASSES)]);
}

function sigmoidConvChain(): Model {
  const first = conv2d({ filters: 2, kernel: 3, stride: 1, padding: 'same', activation: 'logistic' });
  return model([1, 4, 4], [first, avgPool({ size: 2 }), flatten(), sigmoid(4), sigmoid(CLASSES)]);
}

function convChain(): Model {
  const first = conv2d({ filters: 2, kernel: 3, padding: 'same', activation: 'tanh' });
  const rest = [
    avgPool({ size: 2 }),
    flatten(),
    dense({ units: 4 }),
    activation('logistic'),
    dense({ units: CLASSES }),
  ];
  return model([1, 4, 4], [first, ...rest]);
}

/** Every rule with every kind of model. */
export const cases: readonly Case[] = Object.entries(factories).flatMap(([id, rule]) =>
  Object.entries({ ...kinds, ...ownKinds[id] }).map(([kind, make]) => {
    const model = make();
    const supported = rule().supports(model);
    return { rule, id, kind, model, refusal: supported === true ? null : supported.reason };
  }),
);

/** Why a trial is left out, or null. */
export const skipReason = ({ id, kind, refusal }: Case, trial: Trial): string | null =>
  refusal ?? skips.find((skip) => skip.rule === id && skip.kind === kind && skip.trial === trial)?.reason ?? null;
