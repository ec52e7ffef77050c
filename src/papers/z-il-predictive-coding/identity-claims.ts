/** Checks 1 to 3: Z-IL and Fa-Z-IL are backprop to rounding on chains and graphs, and each of the three conditions is needed. */
import { grad, type Tensor } from '../../engine/index.ts';
import { levelled, networkOf } from '../../methods/energy/build.ts';
import { forwardValues, type Network } from '../../methods/energy/network.ts';
import { autonomousInferenceLearning } from '../../methods/predictive-coding/autonomous.ts';
import { surroundingsOf } from '../../methods/predictive-coding/credit.ts';
import {
  type ZeroDivergenceOptions,
  zeroDivergence,
  zeroDivergenceCredit,
} from '../../methods/predictive-coding/zero-divergence.ts';
import type { CreditCall, CreditRule } from '../../methods/rule.ts';
import {
  type ActivationName,
  conv2d,
  dense,
  flatten,
  globalAvgPool,
  type Model,
  model,
  residual,
  type Tree,
} from '../../nn/index.ts';
import { distance, least, worst } from '../ebm-infinitesimal-limit/measure.ts';
import { above, atLeast, atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  chainNet,
  creditOf,
  exactOf,
  gaussianCall,
  type LossName,
  largestDifference,
  seedsOf,
  summedDifference,
} from './setting.ts';

type Kind = readonly [activation: ActivationName, loss: LossName];

const kinds: readonly Kind[] = [
  ['logistic', 'squares'],
  ['tanh', 'squares'],
  ['relu', 'squares'],
  ['logistic', 'cross-entropy'],
];

/** The largest difference of a rule over all kinds and seeds. */
const onChains = (lab: Lab, hidden: number, rule: () => CreditRule<null>): Promise<number> =>
  lab.f64(() =>
    worst(
      seedsOf(lab).flatMap((seed) =>
        kinds.map(([activation, loss]) => {
          const call = gaussianCall(lab, chainNet(hidden, activation), { seed, loss });
          return largestDifference(creditOf(rule(), call).credit, exactOf(call));
        }),
      ),
    ),
  );

/** Layers that fire at another step than their depth. */
const misfires = (lab: Lab): Promise<number> =>
  lab.f64(() => {
    let wrong = 0;
    for (const hidden of [2, 7])
      for (const [activation, loss] of kinds) {
        const call = gaussianCall(lab, chainNet(hidden, activation), { seed: 0, loss });
        const fired = Object.values(creditOf(fullyAutonomous(hidden)(), call).metrics).map((at) => at.item());
        wrong += fired.filter((at, i) => at !== hidden - i).length;
      }
    return wrong;
  });

/** T = M + 2. */
const fullyAutonomous = (hidden: number) => () => autonomousInferenceLearning({ steps: hidden + 3 });

const convNet = (): Model =>
  model(
    [1, 8, 8],
    [
      conv2d({ filters: 4, kernel: 3, activation: 'tanh', init: 'pytorchDefault' }),
      conv2d({ filters: 3, kernel: 3, activation: 'tanh', init: 'pytorchDefault' }),
      flatten(),
      dense({ units: 10, init: 'pytorchDefault' }),
    ],
  );

/** a → b → b2, c = b2 + a, out. */
const residualNet = (): Model =>
  model(
    [1, 8, 8],
    [
      conv2d({ filters: 3, kernel: 3, padding: 'same', activation: 'tanh' }),
      residual({
        body: [
          conv2d({ filters: 4, kernel: 3, padding: 'same', activation: 'tanh' }),
          conv2d({ filters: 3, kernel: 3, padding: 'same' }),
        ],
        activation: 'tanh',
      }),
      globalAvgPool(),
      dense({ units: 10 }),
    ],
  );

/** Four uses of two weights. */
function tied(call: CreditCall<null>): Network {
  const [first, last] = networkOf(call.model).vertices as [Network['vertices'][0], Network['vertices'][0]];
  return { vertices: [first, ...[0, 1].map((p) => ({ ...first, parents: [p] })), { ...last, parents: [2] }] };
}

const tiedNet = (): Model =>
  model(
    [32],
    [dense({ units: 32, activation: 'tanh', init: 'lecunNormal' }), dense({ units: 10, init: 'lecunNormal' })],
  );

/** Relative distance of Z-IL on a network from the derivative through all of it. */
const onGraph = (lab: Lab, net: () => Model, network: (call: CreditCall<null>) => Network): Promise<number> =>
  lab.f64(() => {
    const call = gaussianCall(lab, net(), { seed: 0, loss: 'cross-entropy' });
    const graph = network(call);
    const loss = (params: Tree): Tensor => {
      const { values } = forwardValues(graph, { ...surroundingsOf(call), params });
      return call.loss.value(values.at(-1)!, call.batch);
    };
    const { credit } = zeroDivergenceCredit(call, graph, { step: 1, timing: 'own', startNoise: 0 });
    return distance(credit, grad(loss)(call.params));
  });

/** The least ratio of the summed difference in f32 to that in f64, over depths, activations, scales and seeds. */
async function precisionGain(lab: Lab): Promise<number> {
  const ratios: number[] = [];
  for (const hidden of [2, 7])
    for (const activation of ['logistic', 'tanh'] as const)
      for (const scale of [1, 0.1])
        for (const seed of seedsOf(lab)) {
          const measure = (): number => {
            const call = gaussianCall(lab, chainNet(hidden, activation), { seed, scale });
            return summedDifference(creditOf(zeroDivergence(), call).credit, exactOf(call));
          };
          ratios.push(measure() / (await lab.f64(measure)));
        }
  return least(ratios);
}

/** The least relative distance from backprop when a condition is broken. */
const broken =
  (options: ZeroDivergenceOptions) =>
  (lab: Lab): Promise<number> =>
    lab.f64(() =>
      least(
        seedsOf(lab).flatMap((seed) =>
          lab.pick<ActivationName[]>(['logistic'], ['logistic', 'tanh']).map((activation) => {
            const call = gaussianCall(lab, chainNet(2, activation), { seed });
            return distance(creditOf(zeroDivergence(options), call).credit, exactOf(call));
          }),
        ),
      ),
    );

const claim = (id: string, sentence: string, rest: Pick<Claim, 'threshold' | 'measure'> & Partial<Claim>): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  expected: 'holds',
  ...rest,
});

const none = { published: 'zero divergence' } as const;

const ablations: readonly (readonly [id: string, text: string, options: ZeroDivergenceOptions, least: number])[] = [
  ['step-0-99999', 'a step of 0.99999', { step: 0.99999 }, 1e-7],
  ['step-0-9', 'a step of 0.9', { step: 0.9 }, 1e-2],
  ['step-0-5', 'a step of 0.5', { step: 0.5 }, 5e-2],
  ['start-off-by-1e-3', 'hidden start values off by noise of deviation 1e-3', { startNoise: 1e-3 }, 1e-4],
  ['start-off-by-0-1', 'hidden start values off by noise of deviation 0.1', { startNoise: 0.1 }, 1e-2],
  ['all-at-the-last-step', 'all weights learning at the last step', { timing: 'last' }, 1e-2],
  ['one-step-late', 'every weight learning one step late', { timing: 'late' }, 1e-2],
];

export const identityClaims: readonly Claim[] = [
  ...(
    [
      ['z-il', 'Z-IL', () => zeroDivergence],
      ['fa-z-il', 'Fa-Z-IL', fullyAutonomous],
    ] as const
  ).flatMap(([id, name, make]) => [
    claim(
      `${id}-three-layers`,
      `${name} gives backprop's weight changes in a 64-32-32-10 network, for sigmoid, tanh and ReLU, squared error and cross-entropy.`,
      {
        ...none,
        threshold: atMost(1e-12),
        measure: (lab) => onChains(lab, 2, () => make(2)()),
      },
    ),
    claim(`${id}-eight-layers`, `${name} gives backprop's weight changes through eight weight layers.`, {
      ...none,
      threshold: atMost(1e-9),
      measure: (lab) => onChains(lab, 7, () => make(7)()),
    }),
  ]),
  claim(
    'fires-at-its-depth',
    'In Fa-Z-IL every layer fires at the step of its depth below the output: the number of layers that do not.',
    {
      unit: 'layers',
      threshold: exactly(0),
      measure: misfires,
    },
  ),
  claim(
    'convolutions',
    "Z-IL gives backprop's weight changes in a network of two convolutions and a dense layer with cross-entropy.",
    {
      ...none,
      threshold: atMost(1e-12),
      measure: (lab) => onGraph(lab, convNet, ({ model: net }) => levelled(networkOf(net))),
    },
  ),
  claim(
    'residual-levelled',
    "Z-IL gives backprop's weight changes in a residual network with identity vertices on the shorter way.",
    {
      ...none,
      threshold: atMost(1e-12),
      measure: (lab) => onGraph(lab, residualNet, ({ model: net }) => levelled(networkOf(net))),
    },
  ),
  claim('residual-not-levelled', 'Without identity vertices it does not: the relative error is above 0.1.', {
    published: 'huge divergence',
    threshold: above(0.1),
    measure: (lab) => onGraph(lab, residualNet, ({ model: net }) => networkOf(net)),
  }),
  claim(
    'tied-layers',
    "Z-IL gives backprop's weight changes where one weight serves three layers: what each use learns is added up.",
    {
      ...none,
      threshold: atMost(1e-12),
      measure: (lab) => onGraph(lab, tiedNet, tied),
    },
  ),
  claim(
    'difference-is-rounding',
    'The summed difference to backprop shrinks by at least a million from f32 to f64, at both depths and both scales of the data.',
    {
      published: 'vanishes with precision',
      unit: '×',
      threshold: atLeast(1e6),
      measure: precisionGain,
    },
  ),
  ...ablations.map(([id, text, options, low]) =>
    claim(id, `With ${text} the relative distance from backprop is above ${low}.`, {
      published: 'not 0',
      threshold: above(low),
      measure: broken(options),
    }),
  ),
];
