/** Check 3: equilibrium propagation tends to the gradient of the fixed point, in proportion to β from one side and to β² centred. */
import { type Tensor, trees } from '../../engine/index.ts';
import { networkOf } from '../../methods/energy/build.ts';
import { knownCouplings } from '../../methods/energy/couplings.ts';
import { hopfieldEnergy } from '../../methods/energy/hopfield.ts';
import { forwardValues, type Values } from '../../methods/energy/network.ts';
import { predictionEnergy } from '../../methods/energy/prediction.ts';
import { surroundingsOf } from '../../methods/predictive-coding/credit.ts';
import type { CreditCall } from '../../methods/rule.ts';
import type { Tree } from '../../nn/index.ts';
import { logLogSlope } from '../../stats/index.ts';
import { atLeast, atMost, below, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type EnergyFor, estimator, implicitGradient, settler } from './equilibrium.ts';
import { distance, worst } from './measure.ts';
import { portion, unmoved } from './nudge-claims.ts';
import { digitCall, digitNet, exactAt, halfSquares, seedsOf } from './setting.ts';

const NUDGES = [0.1, 0.01, 1e-3] as const;

const hopfieldNet = () =>
  digitNet({
    widths: [32, 10],
    activation: 'tanh',
    last: 'tanh',
    init: { distribution: 'normal', mode: 'fanIn', gain: 0.5 },
  });

const energyOf =
  ({ model, modelState }: CreditCall<null>): EnergyFor =>
  (batch) =>
    hopfieldEnergy(knownCouplings(model), {
      around: { modelState, call: { train: true } },
      x: batch.x,
      teacher: { loss: halfSquares, batch },
    });

const zerosFor = (call: CreditCall<null>): Values =>
  forwardValues(networkOf(call.model), surroundingsOf(call)).values.map(trees.zerosLike);

interface Fixed {
  /** By nudge. */
  readonly oneSided: readonly number[];
  readonly centred: readonly number[];
  /** Distance of the mean over both signs from the centred estimate. */
  readonly meanOfSigns: number;
  /** Largest force in any phase. */
  readonly residual: number;
  /** Relative difference between the implicit gradient and a difference of the cost along a direction. */
  readonly oracle: number;
}

const fixedPoints = (lab: Lab): Promise<readonly Fixed[]> =>
  lab.once('fixed points', () =>
    lab.f64(async () => {
      const all: Fixed[] = [];
      for (const seed of seedsOf(lab)) {
        lab.step('equilibria of a Hopfield net');
        all.push(fixedPoint(await digitCall(lab, hopfieldNet(), seed), lab.key('direction', seed)));
      }
      return all;
    }),
  );

function fixedPoint(call: CreditCall<null>, key: Tensor): Fixed {
  const energyFor = energyOf(call);
  const [settleFrom, estimate] = [settler(energyFor, 0.2), estimator(energyFor)];
  const rest = settleFrom(call, zerosFor(call), 0);
  const exact = implicitGradient(energyFor, call, rest.state);
  const residuals = [rest.residual];
  const estimates = NUDGES.map((nudge) => {
    const [up, down] = [nudge, -nudge].map((by) => settleFrom(call, rest.state, by)) as [typeof rest, typeof rest];
    residuals.push(up.residual, down.residual);
    return {
      positive: estimate(call, up.state, nudge, rest.state, 0),
      negative: estimate(call, down.state, -nudge, rest.state, 0),
      centred: estimate(call, up.state, nudge, down.state, -nudge),
    };
  });
  const both = ({ positive, negative }: (typeof estimates)[number]): Tree =>
    trees.scale(trees.add(positive, negative), 0.5);
  return {
    oneSided: estimates.map(({ positive }) => distance(positive, exact)),
    centred: estimates.map(({ centred }) => distance(centred, exact)),
    meanOfSigns: worst(estimates.map((e) => distance(both(e), e.centred))),
    residual: worst(residuals),
    oracle: differenceAlong(call, exact, rest.state, settleFrom, key),
  };
}

/** The implicit gradient beside a central difference of the settled cost, along a random direction. */
function differenceAlong(
  call: CreditCall<null>,
  exact: Tree,
  start: Values,
  settleFrom: ReturnType<typeof settler>,
  key: Tensor,
): number {
  const direction = trees.randomLike(key, call.params);
  const cost = (h: number): number => {
    const params = trees.add(call.params, trees.scale(direction, h));
    const { state } = settleFrom({ ...call, params }, start, 0);
    return energyOf(call)(call.batch).cost(state, params).item();
  };
  const slope = (cost(1e-5) - cost(-1e-5)) / 2e-5;
  return Math.abs(trees.dot(exact, direction).item() / slope - 1);
}

/** The slope that lies farthest from what is expected. */
const slopeOf = async (lab: Lab, key: 'oneSided' | 'centred', expected: number): Promise<number> =>
  (await fixedPoints(lab))
    .map((fixed) => logLogSlope(NUDGES, fixed[key]).slope)
    .reduce((a, b) => (Math.abs(b - expected) > Math.abs(a - expected) ? b : a));

interface WithPrediction {
  /** Against PC-Nudge at λ = β/(1 + β), times 1/(1 + β). */
  readonly identity: number;
  /** Against backprop at β = 1e-3. */
  readonly oneSided: number;
  readonly centred: number;
}

/** The same estimator with the energy of predictive coding. */
const withPrediction = (lab: Lab): Promise<WithPrediction> =>
  lab.once('prediction energy', () =>
    lab.f64(async () => {
      lab.step('equilibria of a predictive net');
      const net = digitNet({ widths: [48, 32, 10], activation: 'tanh', init: 'pytorchDefault' });
      const call = await digitCall(lab, net, 0);
      const around = surroundingsOf(call);
      const energyFor: EnergyFor = (batch) =>
        predictionEnergy(networkOf(net), { ...around, x: batch.x }, halfSquares, batch);
      const [settleFrom, estimate] = [settler(energyFor, 0.2), estimator(energyFor)];
      const rest = forwardValues(networkOf(net), around).values;
      const exact = trees.scale(exactAt(call), call.batch.x.shape[0]!);
      const at = (nudge: number): Values => settleFrom(call, rest, nudge).state;
      const [beta, weak] = [0.1, 1e-3];
      return {
        identity: distance(
          trees.scale(estimate(call, at(beta), beta, rest, 0), (1 + beta) / call.batch.x.shape[0]!),
          settledNudge(call, beta / (1 + beta)),
        ),
        oneSided: distance(estimate(call, at(weak), weak, rest, 0), exact),
        centred: distance(estimate(call, at(weak), weak, at(-weak), -weak), exact),
      };
    }),
  );

function settledNudge(call: CreditCall<null>, nudge: number): Tree {
  const run = portion(call, 50);
  let stage = run(call.params, call.batch, unmoved(call), nudge);
  for (let k = 1; k < 20; k++) stage = run(call.params, call.batch, [...stage.moved], nudge);
  return stage.credit;
}

const claim = (id: string, sentence: string, rest: Pick<Claim, 'threshold' | 'measure'> & Partial<Claim>): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  expected: 'holds',
  ...rest,
});

export const equilibriumClaims: readonly Claim[] = [
  claim('phases-settle', 'Every phase of the Hopfield net settles to a force below 1e-13.', {
    threshold: below(1e-13),
    measure: async (lab) => worst((await fixedPoints(lab)).map(({ residual }) => residual)),
  }),
  claim(
    'implicit-gradient',
    'The gradient by implicit differentiation is the central difference of the settled cost, relative error below 1e-6.',
    {
      threshold: below(1e-6),
      measure: async (lab) => worst((await fixedPoints(lab)).map(({ oracle }) => oracle)),
    },
  ),
  ...(
    [
      ['one-sided', 'oneSided', 1],
      ['centred', 'centred', 2],
    ] as const
  ).flatMap(([name, key, slope]) => [
    claim(
      `${name}-slope-at-least`,
      `The ${name} estimate tends to the gradient of the fixed point with a slope in β of at least ${slope - 0.05}.`,
      {
        published: slope,
        threshold: atLeast(slope - 0.05),
        measure: (lab) => slopeOf(lab, key, slope),
      },
    ),
    claim(`${name}-slope-at-most`, `The slope of the ${name} estimate is at most ${slope + 0.05}.`, {
      published: slope,
      threshold: atMost(slope + 0.05),
      measure: (lab) => slopeOf(lab, key, slope),
    }),
  ]),
  claim('mean-of-signs', 'The mean of the one-sided estimates of both signs is the centred one.', {
    threshold: below(1e-12),
    measure: async (lab) => worst((await fixedPoints(lab)).map(({ meanOfSigns }) => meanOfSigns)),
  }),
  claim(
    'prediction-energy',
    'The same estimator with the energy of predictive coding is PC-Nudge at λ = β/(1 + β), up to the factor 1/(1 + β).',
    {
      threshold: below(1e-10),
      measure: async (lab) => (await withPrediction(lab)).identity,
    },
  ),
  claim(
    'prediction-energy-one-sided',
    'Against backprop the one-sided estimate with that energy is off by at most 3e-3 at β = 1e-3.',
    {
      kind: 'report',
      threshold: atMost(3e-3),
      measure: async (lab) => (await withPrediction(lab)).oneSided,
    },
  ),
  claim(
    'prediction-energy-centred',
    'Against backprop the centred estimate with that energy is off by at most 1e-5 at β = 1e-3.',
    {
      kind: 'report',
      threshold: atMost(1e-5),
      measure: async (lab) => (await withPrediction(lab)).centred,
    },
  ),
];
