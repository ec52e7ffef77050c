/** Check 8: what a step costs, counted from its graph and its plan; and timed in one run with backprop and a forward pass. */
import { costOf, type Graph, jit, optimize, random, type Tensor, trees } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { forwardGradient } from '../../methods/forward-gradient.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { crossEntropy, dense, type Model, model, type Tree } from '../../nn/index.ts';
import { timeInterleaved } from '../../run/index.ts';
import { atLeast, atMost, type Claim, claimsOf } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';

interface Costs {
  readonly macs: number;
  readonly flops: number;
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
      ...countsOf(step.graphOf(params, key)),
      peakBytes: step.peakBytes(params, key),
      paramBytes: 4 * trees.countParams(params),
    }),
  };
}

function countsOf(graph: Graph): Pick<Costs, 'macs' | 'flops'> {
  const { macs, flops } = costOf(optimize(graph));
  return { macs, flops };
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

const BATCH = 64;

/** A compiled pass that only evaluates the loss. */
function forwardPass(of: Model) {
  const { params, state } = of.initialise(random.key(1));
  const x = random.normal(random.key(2), [BATCH, ...of.inputShape]);
  const y = random.randint(random.key(3), [BATCH], 0, of.outputShape.at(-1)!);
  const pass = jit((p: Tree) => crossEntropy().value(of.apply(p, state, x)[0], { x, y }));
  return { run: () => pass(params), flops: () => countsOf(pass.graphOf(params)).flops };
}

/** Times of a step with a tangent of the units, of one with a tangent of all weights, of backprop and of a forward pass, in one run. */
const timed = (lab: Lab) =>
  lab.once('timing', async () => {
    const of = threeLayers();
    const steps = {
      units: creditStep(units(), of, BATCH),
      weight: creditStep(forwardGradient(), of, BATCH),
      signs: creditStep(forwardGradient({ law: 'rademacher' }), of, BATCH),
      backprop: creditStep(backprop(), of, BATCH),
    };
    const forward = forwardPass(of);
    const { units: ofUnits, weight, signs, backprop: exact } = steps;
    const report = await timeInterleaved(
      { units: ofUnits.run, weight: weight.run, signs: signs.run, backprop: exact.run, forward: forward.run },
      { rounds: 15, warmUpMs: 100, signal: lab.signal },
    );
    const base = steps.backprop.costs().flops;
    const row = (name: 'units' | 'weight' | 'signs', what: string) => [
      what,
      report.ratio(name, 'backprop').estimate.toFixed(2),
      (steps[name].costs().flops / base).toFixed(2),
      report.ratio(name, 'forward').estimate.toFixed(2),
      (steps[name].costs().flops / forward.flops()).toFixed(2),
    ];
    lab.table(
      'timing',
      'Compiled credit steps on 784-256-256-10, batch 64: time and FLOPs over those of backprop and of a forward pass',
      ['tangent', 'time / backprop', 'FLOPs', 'time / forward pass', 'FLOPs'],
      [row('units', 'the units'), row('signs', 'all weights, signs'), row('weight', 'all weights, Gaussian')],
    );
    return report;
  });

const timing = (id: string, sentence: string, limit: number, measure: (lab: Lab) => Promise<number>): Claim => ({
  id,
  kind: 'timing',
  sentence,
  published: null,
  unit: '× time',
  threshold: atMost(limit),
  expected: 'holds',
  scales: ['full'],
  measure,
});

const cost = claimsOf('cost');

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
  timing(
    'time-units',
    'A step with a tangent of the units takes about the time of a backprop step, whose multiply-adds it has.',
    2,
    async (lab) => (await timed(lab)).ratio('units', 'backprop').estimate,
  ),
  timing(
    'time-weight',
    'A step with a tangent of all weights takes little more than two forward passes, drawing its signs included.',
    2.5,
    async (lab) => (await timed(lab)).ratio('signs', 'forward').estimate,
  ),
];
