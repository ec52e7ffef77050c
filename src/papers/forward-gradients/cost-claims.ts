/** Check 8: what a step costs, counted from its graph and its plan. */
import { costOf, jit, optimize, random, type Tensor, trees } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { forwardGradient } from '../../methods/forward-gradient.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { crossEntropy, dense, type Model, model, type Tree } from '../../nn/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';

interface Costs {
  readonly macs: number;
  readonly peakBytes: number;
  readonly paramBytes: number;
}

/** A compiled credit step of a rule and what it takes. */
export function creditStep(rule: CreditRule<null>, of: Model, batch: number) {
  const { params, state } = of.initialise(random.key(1));
  const x = random.normal(random.key(2), [batch, ...of.inputShape]);
  const y = random.randint(random.key(3), [batch], 0, of.outputShape.at(-1)!);
  const step = jit(
    (p: Tree, key: Tensor) =>
      (
        rule.credit({
          model: of,
          loss: crossEntropy(),
          params: p,
          modelState: state,
          state: null,
          batch: { x, y },
          key,
        }) as { credit: Tree }
      ).credit,
  );
  const key = random.key(4);
  return {
    run: () => step(params, key),
    costs: (): Costs => ({
      macs: costOf(optimize(step.graphOf(params, key))).macs,
      peakBytes: step.peakBytes(params, key),
      paramBytes: 4 * trees.countParams(params),
    }),
  };
}

/** 784-256-256-10. */
export const threeLayers = (): Model =>
  model([784], [...[256, 256].map((units) => dense({ units, activation: 'relu' })), dense({ units: 10 })]);

const units = (): CreditRule<null> => forwardGradient({ place: 'preactivation' });

const macsRatio = (): number =>
  creditStep(units(), threeLayers(), 64).costs().macs / creditStep(backprop(), threeLayers(), 64).costs().macs;

/** Narrow and many samples, so that activations outweigh parameters. */
const deep = (hidden: number): Model =>
  model(
    [64],
    [...Array.from({ length: hidden }, () => dense({ units: 64, activation: 'relu' })), dense({ units: 10 })],
  );

/** Live bytes at the highest point without parameters, tangents and credit, at 8 hidden layers over those at 2. */
function memoryRatio(rule: () => CreditRule<null>, copies: number): number {
  const [two, eight] = [2, 8].map((hidden) => {
    const { peakBytes, paramBytes } = creditStep(rule(), deep(hidden), 1024).costs();
    return peakBytes - copies * paramBytes;
  });
  return eight! / two!;
}

const cost = (
  id: string,
  sentence: string,
  unit: string,
  threshold: Claim['threshold'],
  measure: () => number,
): Claim => ({
  id,
  kind: 'cost',
  sentence,
  published: null,
  unit,
  threshold,
  expected: 'holds',
  measure,
});

export const costClaims: readonly Claim[] = [
  ...(['least', 'most'] as const).map((which) =>
    cost(
      `macs-units-${which}`,
      `One tangent of the units costs as many multiply-adds as backprop on 784-256-256-10, to within 5 % (${which}).`,
      '× backprop',
      which === 'least' ? atLeast(0.95) : atMost(1.05),
      macsRatio,
    ),
  ),
  cost(
    'memory-weight',
    'Activations live at once do not grow with depth for a tangent over all weights: 8 hidden layers over 2, without parameters, tangents and credit.',
    '×',
    atMost(1.2),
    () => memoryRatio(forwardGradient, 3),
  ),
  cost(
    'memory-backprop',
    'Activations live at once grow with depth for backprop: 8 hidden layers over 2, without parameters and credit.',
    '×',
    atLeast(2.5),
    () => memoryRatio(backprop, 2),
  ),
];
