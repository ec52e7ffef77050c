/** Check 4: contrastive Hebbian learning tends to backprop as feedback grows weak. */
import { jit, type Tensor } from '../../engine/index.ts';
import { contrastiveHebbian } from '../../methods/contrastive-hebbian-learning.ts';
import type { CreditResult } from '../../methods/rule.ts';
import { type Batch, binaryCrossEntropy, type Tree } from '../../nn/index.ts';
import { logLogSlope } from '../../stats/index.ts';
import { above, atLeast, atMost, below, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { cosines, layerDistances, least, worst } from './measure.ts';
import { digitCall, digitNet, exactAt, seedsOf } from './setting.ts';

const STRENGTHS = [1, 0.1, 0.01, 1e-3] as const;

/** Sigmoids in all layers: the last one is the link of this loss, so δ at the output is target − output. */
const loss = binaryCrossEntropy({ features: 'sum' });
const net = () => digitNet({ widths: [48, 32, 10], activation: 'logistic', init: 'lecunNormal' });

interface Hebbian {
  /** By strength, then by layer. */
  readonly errors: readonly (readonly number[])[];
  readonly cosines: readonly (readonly number[])[];
  readonly residual: number;
}

const hebbian = (lab: Lab): Promise<readonly Hebbian[]> =>
  lab.once('contrastive Hebbian learning', () =>
    lab.f64(async () => {
      const all: Hebbian[] = [];
      for (const seed of seedsOf(lab)) {
        const call = await digitCall(lab, net(), seed, loss);
        const exact = exactAt(call);
        const results = STRENGTHS.map((feedback) => {
          lab.step(`γ = ${feedback}`);
          const rule = contrastiveHebbian({ feedback, steps: feedback === 1 ? 160 : 60, rate: 0.5 });
          const run = jit((params: Tree, batch: Batch): { credit: Tree; residual: Tensor } => {
            const { credit, metrics } = rule.credit({ ...call, params, batch }) as CreditResult<null>;
            return { credit, residual: metrics.residual! };
          });
          return run(call.params, call.batch);
        });
        all.push({
          errors: results.map(({ credit }) => layerDistances(credit, exact)),
          cosines: results.map(({ credit }) => cosines(credit, exact)),
          residual: worst(results.map(({ residual }) => residual.item())),
        });
      }
      return all;
    }),
  );

/** Slopes below γ = 0.1 of every layer. */
async function slopes(lab: Lab): Promise<number[]> {
  const weak = STRENGTHS.slice(1);
  return (await hebbian(lab)).flatMap(({ errors }) =>
    errors[0]!.map(
      (_, l) =>
        logLogSlope(
          weak,
          errors.slice(1).map((row) => row[l]!),
        ).slope,
    ),
  );
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

export const hebbianClaims: readonly Claim[] = [
  claim('hebbian-phases-settle', 'Both phases settle to a rate of change below 1e-15 from the forward pass.', {
    threshold: below(1e-15),
    measure: async (lab) => worst((await hebbian(lab)).map(({ residual }) => residual)),
  }),
  claim(
    'hebbian-slope-at-least',
    'Below γ = 0.1 the error of every layer against backprop falls with a slope of at least 0.95.',
    {
      published: 1,
      threshold: atLeast(0.95),
      measure: async (lab) => least(await slopes(lab)),
    },
  ),
  claim('hebbian-slope-at-most', 'Below γ = 0.1 the slope of every layer is at most 1.05.', {
    published: 1,
    threshold: atMost(1.05),
    measure: async (lab) => worst(await slopes(lab)),
  }),
  claim('hebbian-direction', 'At full strength, γ = 1, every layer still has a cosine to backprop above 0.9.', {
    threshold: above(0.9),
    measure: async (lab) => least((await hebbian(lab)).flatMap(({ cosines: c }) => c[0]!)),
  }),
  claim('hebbian-is-not-backprop', 'At full strength the worst layer has a relative error above 0.2.', {
    threshold: above(0.2),
    measure: async (lab) => least((await hebbian(lab)).map(({ errors }) => worst(errors[0]!))),
  }),
];
