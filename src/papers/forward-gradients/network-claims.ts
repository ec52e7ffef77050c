/** Check 7: forward gradients in networks beside backprop, every rule tuned over the same rates. */
import { loader } from '../../data/index.ts';
import { jit, type Tensor, trees } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { type ForwardGradientOptions, forwardGradient } from '../../methods/forward-gradient.ts';
import type { CreditCall, CreditRule } from '../../methods/rule.ts';
import { type Batch, type Model, type Tree, toTensors } from '../../nn/index.ts';
import { sgd } from '../../optim/index.ts';
import { againstBackprop, fitOnce, logScale, ruleLearner, Trainer, type TrainState } from '../../run/index.ts';
import { mean } from '../../stats/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { mnistTask, reluNetwork } from '../shared/mnist.ts';

type NetName = 'regression' | 'mlp';

const nets: Readonly<Record<NetName, () => Model>> = {
  regression: () => reluNetwork([]),
  mlp: () => reluNetwork([32]),
};

const variants: Readonly<Record<string, ForwardGradientOptions>> = {
  fresh: { place: 'preactivation', drawn: 'fresh', law: 'rademacher' },
  shared: { place: 'preactivation', drawn: 'shared', law: 'rademacher' },
  weight: { place: 'weight', law: 'rademacher' },
};

const BATCH = 64;
const EPOCHS = 4;

/** Rates at quick scale, where nothing is tuned: those of the search at full scale, rounded. */
const QUICK_RATES: Readonly<Record<string, number>> = { backprop: 0.03, fresh: 0.003, weight: 3e-4 };

/** Mean test accuracy by rule. */
type Accuracies = Readonly<Record<string, number>>;

const accuracies = (lab: Lab, net: NetName): Promise<Accuracies> =>
  lab.once(`networks ${net}`, async () => (lab.isQuick ? quickAccuracies(lab, net) : tunedAccuracies(lab, net)));

async function quickAccuracies(lab: Lab, net: NetName): Promise<Accuracies> {
  const task = await mnistTask(10_000, 2000);
  const found: Record<string, number> = {};
  for (const [name, rate] of Object.entries(QUICK_RATES)) {
    const rule = name === 'backprop' ? backprop() : forwardGradient(variants[name]);
    const optimizer = sgd({ learningRate: rate });
    const learner = ruleLearner({
      rule: rule as CreditRule,
      model: nets[net](),
      loss: task.loss,
      optimizer,
      batch: BATCH,
    });
    const budget = { kind: 'epochs', value: EPOCHS } as const;
    const { accuracy } = await fitOnce(learner, { task, budget, key: lab.words(`network ${net}`), signal: lab.signal });
    found[name] = accuracy ?? Number.NaN;
  }
  return found;
}

/** Nine rates from 1e-4 to 1 for every rule, each for the whole budget on nine tenths of the training rows; then three runs at the best one. */
async function tunedAccuracies(lab: Lab, net: NetName): Promise<Accuracies> {
  const names = Object.keys(variants).filter((name) => net === 'mlp' || name !== 'shared');
  const { tuned, results } = await againstBackprop({
    task: await mnistTask(10_000, 2000),
    model: nets[net](),
    rules: names.map((name) => ({
      id: name,
      rule: () => forwardGradient(variants[name]) as CreditRule<unknown>,
      space: { learningRate: logScale(1e-4, 1) },
    })),
    optimizer: (learningRate) => sgd({ learningRate }),
    batch: BATCH,
    trials: 9,
    budget: { kind: 'epochs', value: EPOCHS },
    runs: 3,
    key: lab.words(`network ${net}`),
    signal: lab.signal,
    onTrial: ({ rule }) => lab.step(`tuning ${rule}, ${net}`),
    onRun: ({ rule }) => lab.step(`running ${rule}, ${net}`),
  });
  lab.table(
    `networks-${net}`,
    `MNIST, 10,000 images, ${EPOCHS} epochs, ${net === 'mlp' ? '784-32-10' : 'softmax regression'}: test accuracy, three runs at the tuned rate`,
    ['rule', 'rate', 'accuracy', '± (95 %)', 'runs'],
    Object.entries(results).map(([name, { accuracy, runs }]) => [
      name,
      Number(tuned.best[name]!.hyper.learningRate),
      accuracy.mean?.toFixed(3) ?? '–',
      accuracy.ci95?.toFixed(3) ?? '–',
      runs.map((run) => run.accuracy?.toFixed(3) ?? 'diverged').join(' '),
    ]),
  );
  return Object.fromEntries(Object.entries(results).map(([name, { accuracy }]) => [name, accuracy.mean ?? Number.NaN]));
}

/** Mean |cos| of the credit of a batch to its gradient in the first epoch of training by the rule itself. */
const cosine = (lab: Lab, net: NetName, name: string): Promise<number> =>
  lab.once(`cosine ${net} ${name}`, async () => {
    const task = await mnistTask(10_000, 100);
    const key = lab.words(`cosine ${net} ${name}`);
    const rule = forwardGradient(variants[name]) as CreditRule;
    const about = { model: nets[net](), loss: task.loss, rule };
    const trainer = new Trainer({ ...about, optimizer: sgd({ learningRate: QUICK_RATES[name]! }), key });
    const both = jit(({ params, modelState }: Pick<TrainState, 'params' | 'modelState'>, batch: Batch, own: Tensor) => {
      const call: CreditCall<null> = { ...about, params, modelState, state: null, batch, key: own };
      const credit = (rule.credit(call as CreditCall<Tree>) as { credit: Tree }).credit;
      const exact = (backprop().credit(call) as { credit: Tree }).credit;
      return trees.dot(credit, exact).div(trees.norm(credit).mul(trees.norm(exact)));
    });
    const rows = loader({ set: task.train, batch: BATCH, key, normaliser: task.normaliser });
    const found: number[] = [];
    for (let step = 0; step < rows.stepsPerEpoch; step++) {
      const batch = toTensors(rows.batchAt({ epoch: 0, step }), false);
      if (step % 3 === 0) found.push(Math.abs(both(trainer.state, batch, lab.key('cosine', step)).item()));
      await trainer.step(batch, step);
    }
    return mean(found);
  });

interface AccuracyClaim {
  readonly id: string;
  readonly net: NetName;
  readonly sentence: string;
  readonly threshold: Claim['threshold'];
  readonly pick: (accuracy: Accuracies) => number;
}

const accuracyClaim = ({ id, net, sentence, threshold, pick }: AccuracyClaim): Claim => ({
  id,
  kind: 'learning',
  sentence,
  published: null,
  unit: 'test accuracy',
  threshold,
  expected: 'holds',
  ...(net === 'mlp' ? { scales: ['full'] as const } : {}),
  measure: async (lab) => pick(await accuracies(lab, net)),
});

const learning: readonly AccuracyClaim[] = [
  {
    id: 'regression-backprop-lead',
    net: 'regression',
    sentence: 'Softmax regression on MNIST: backprop leads fresh tangents of the units.',
    threshold: atLeast(0.02),
    pick: (a) => a.backprop! - a.fresh!,
  },
  {
    id: 'regression-fresh',
    net: 'regression',
    sentence: 'Softmax regression on MNIST learns well with fresh tangents of the units.',
    threshold: atLeast(0.8),
    pick: (a) => a.fresh!,
  },
  ...(
    [
      ['above-chance', 'far above chance', atLeast(0.4)],
      ['far-below', 'far below backprop', atMost(0.7)],
    ] as const
  ).map(
    ([id, where, threshold]): AccuracyClaim => ({
      id: `regression-weight-${id}`,
      net: 'regression',
      sentence: `Softmax regression on MNIST with one tangent over all 7,850 weights ends ${where}.`,
      threshold,
      pick: (a) => a.weight!,
    }),
  ),
  {
    id: 'mlp-backprop',
    net: 'mlp',
    sentence: 'Backprop trains 784-32-10 on MNIST.',
    threshold: atLeast(0.88),
    pick: (a) => a.backprop!,
  },
  ...(
    [
      ['least', atLeast(0.72)],
      ['most', atMost(0.87)],
    ] as const
  ).map(
    ([id, threshold]): AccuracyClaim => ({
      id: `mlp-fresh-${id}`,
      net: 'mlp',
      sentence: `Fresh tangents of the units train 784-32-10 on MNIST to ${id === 'least' ? 'at least' : 'at most'} this.`,
      threshold,
      pick: (a) => a.fresh!,
    }),
  ),
  {
    id: 'mlp-shared-below-fresh',
    net: 'mlp',
    sentence: 'Tangents of the units shared by the batch do worse than fresh ones on 784-32-10: difference.',
    threshold: atLeast(0),
    pick: (a) => a.fresh! - a.shared!,
  },
  {
    id: 'mlp-weight',
    net: 'mlp',
    sentence: 'One tangent over all 25,450 weights of 784-32-10 fails.',
    threshold: atMost(0.55),
    pick: (a) => a.weight!,
  },
];

const cosineClaim = (
  id: string,
  sentence: string,
  threshold: Claim['threshold'],
  measure: Claim['measure'],
): Claim => ({
  id,
  kind: 'report',
  sentence,
  published: null,
  unit: '',
  threshold,
  expected: 'holds',
  scales: ['full'],
  measure,
});

/** √(2/(πP)) for the weights of softmax regression. */
const WEIGHT_COSINE = Math.sqrt(2 / (Math.PI * 7850));

export const networkClaims: readonly Claim[] = [
  ...learning.map(accuracyClaim),
  cosineClaim(
    'cosine-weight',
    'The mean |cos| of a weight tangent’s credit to the gradient is √(2/(πP)) in softmax regression: relative difference in the first epoch.',
    atMost(0.5),
    async (lab) => Math.abs((await cosine(lab, 'regression', 'weight')) / WEIGHT_COSINE - 1),
  ),
  cosineClaim(
    'cosine-fresh-regression',
    'The credit of fresh tangents of the units has a mean cosine to the gradient of the batch in softmax regression, first epoch.',
    atLeast(0.25),
    (lab) => cosine(lab, 'regression', 'fresh'),
  ),
  cosineClaim(
    'cosine-fresh-mlp',
    'The credit of fresh tangents of the units has a mean cosine to the gradient of the batch in 784-32-10, first epoch.',
    atLeast(0.08),
    (lab) => cosine(lab, 'mlp', 'fresh'),
  ),
];
