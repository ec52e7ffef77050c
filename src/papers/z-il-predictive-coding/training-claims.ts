/** Checks 4 and 5: from one start on one stream, Z-IL and Fa-Z-IL train the network that backprop trains, and no clock says when. */
import { type Loader, loadDataset, loader, type Part } from '../../data/index.ts';
import { argmax, cast, eq, jit, random, sum, type Tensor, trees } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { breathe } from '../../methods/breathe.ts';
import { autonomousInferenceLearning } from '../../methods/predictive-coding/autonomous.ts';
import { inferenceLearning } from '../../methods/predictive-coding/inference-learning.ts';
import { zeroDivergence } from '../../methods/predictive-coding/zero-divergence.ts';
import type { CreditResult, CreditRule } from '../../methods/rule.ts';
import { type Batch, dense, flatten, type Model, model, type Tree, toTensors } from '../../nn/index.ts';
import { lineChart } from '../../plot/index.ts';
import { numbersOf, worst } from '../ebm-infinitesimal-limit/measure.ts';
import { above, atMost, below, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { halfSquares, seedsOf } from './setting.ts';

const rules = {
  backprop,
  'Z-IL': zeroDivergence,
  'Fa-Z-IL': () => autonomousInferenceLearning({ steps: 5 }),
  IL: inferenceLearning,
} as const satisfies Record<string, () => CreditRule<null>>;

type RuleName = keyof typeof rules;

interface Run {
  readonly params: Tree;
  /** Test error, %. */
  readonly error: number;
  /** Updates in which a layer fired at another step than its depth. */
  readonly misfires: number;
  /** Largest difference of a weight from backprop's after every epoch. */
  readonly apart: readonly number[];
}

interface Plan {
  readonly net: Model;
  readonly train: Part;
  readonly test: Part;
  /** α of the summed gradient. */
  readonly rate: number;
  readonly epochs: number;
}

const BATCH = 20;

const chain = (sample: readonly number[], widths: readonly number[]): Model =>
  model(sample, [
    flatten(),
    ...widths.map((units, i) =>
      dense({ units, bias: false, init: 'lecunNormal', activation: i === widths.length - 1 ? 'identity' : 'tanh' }),
    ),
  ]);

/** The paper's own update: θ − α·Σ over the batch. */
function updateOf(net: Model, rule: CreditRule<null>, rate: number) {
  return jit(
    (params: Tree, batch: Batch): { params: Tree; fired: Tensor[] } => {
      const call = {
        model: net,
        loss: halfSquares,
        params,
        modelState: empty(net),
        state: null,
        batch,
        key: random.key(0),
      };
      const { credit, metrics } = rule.credit(call) as CreditResult<null>;
      const fired = Object.entries(metrics).flatMap(([name, at]) => (name.startsWith('firedAt.') ? [at] : []));
      return { params: trees.sub(params, trees.scale(credit, rate * BATCH)), fired };
    },
    { name: `${rule.id} update` },
  );
}

const empty = (net: Model): Tree => net.layers.map(() => null);

/** Trains and keeps the weights after every epoch. */
async function train(lab: Lab, plan: Plan, name: RuleName, seed: number): Promise<Run & { readonly kept: Tree[] }> {
  const { net, rate, epochs } = plan;
  const update = updateOf(net, rules[name](), rate);
  const rows = loader({ set: plan.train, batch: BATCH, key: lab.words('stream', seed) });
  let { params } = net.initialise(lab.key('start', seed));
  let misfires = 0;
  const kept: Tree[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    lab.step(`${name}, seed ${seed}, epoch ${epoch + 1}`);
    for (const host of rows.epoch(epoch)) {
      const next = update(params, toTensors(host, false));
      params = next.params;
      if (next.fired.some((at, i) => at.item() !== next.fired.length - 1 - i)) misfires++;
    }
    kept.push(params);
    await breathe();
  }
  return { params, kept, misfires, error: testError(plan, params), apart: [] };
}

function testError({ net, test }: Plan, params: Tree): number {
  const hits = jit((p: Tree, { x, y }: Batch): Tensor => {
    const [output] = net.apply(p, empty(net), x, {});
    return sum(cast(eq(argmax(output, -1), y), 'f32'));
  });
  const rows: Loader = loader({ set: test, batch: Math.min(test.n, 599) });
  let right = 0;
  let seen = 0;
  for (const host of rows.epoch(0)) {
    right += hits(params, toTensors(host, false)).item();
    seen += rows.batchSize;
  }
  return 100 * (1 - right / seen);
}

const largestGap = (a: Tree, b: Tree): number => {
  const reference = numbersOf(b);
  return numbersOf(a).reduce((most, v, i) => Math.max(most, Math.abs(v - reference[i]!)), 0);
};

type Runs = Readonly<Record<RuleName, Run>>;

/** 64-64-64-10 on optdigits in f64, every rule from the same start on the same stream. */
const digits = (lab: Lab): Promise<readonly Runs[]> =>
  lab.once('training on digits', () =>
    lab.f64(async () => {
      const { train: rows, test } = await loadDataset('optdigits');
      const plan = { net: chain([1, 8, 8], [64, 64, 10]), train: rows, test, rate: 0.003, epochs: lab.pick(2, 6) };
      const all: Runs[] = [];
      for (const seed of seedsOf(lab)) {
        const exact = await train(lab, plan, 'backprop', seed);
        const runs: Partial<Record<RuleName, Run>> = { backprop: exact };
        for (const name of ['Z-IL', 'Fa-Z-IL', 'IL'] as const) {
          const epochs = name === 'IL' ? lab.pick(1, plan.epochs) : plan.epochs;
          const run = await train(lab, { ...plan, epochs }, name, seed);
          runs[name] = { ...run, apart: run.kept.map((p, e) => largestGap(p, exact.kept[e]!)) };
        }
        all.push(runs as Runs);
      }
      drawGaps(lab, all[0]!);
      return all;
    }),
  );

function drawGaps(lab: Lab, runs: Runs): void {
  const names = ['Z-IL', 'Fa-Z-IL', 'IL'] as const;
  const series = names.map((name) => ({ name, points: runs[name].apart.map((y, i) => ({ x: i + 1, y })) }));
  const svg = lineChart(series, {
    title: 'Largest difference of a weight from backprop',
    x: { label: 'epochs' },
    y: { label: 'difference', log: true },
  });
  lab.figure('training-gap', 'optdigits, 64-64-64-10 tanh, f64, one start and one stream for all.', svg);
}

/** 784-128-10 on MNIST in f32, one epoch: differences in test error, points. */
const mnist = (lab: Lab): Promise<readonly number[]> =>
  lab.once('training on MNIST', async () => {
    const { train: rows, test } = await loadDataset('mnist');
    const plan = { net: chain([1, 28, 28], [128, 10]), train: rows, test, rate: 0.001, epochs: 1 };
    const apart: number[] = [];
    for (const seed of seedsOf(lab)) {
      const [exact, own] = [await train(lab, plan, 'backprop', seed), await train(lab, plan, 'Z-IL', seed)];
      apart.push(Math.abs(exact.error - own.error));
    }
    return apart;
  });

const claim = (id: string, sentence: string, rest: Pick<Claim, 'threshold' | 'measure'> & Partial<Claim>): Claim => ({
  id,
  kind: 'learning',
  sentence,
  published: null,
  unit: '',
  expected: 'holds',
  ...rest,
});

const gapOf = async (lab: Lab, name: RuleName): Promise<number> =>
  worst((await digits(lab)).map((r) => r[name].apart.at(-1)!));

const errorGap = async (lab: Lab, name: RuleName): Promise<number> =>
  worst((await digits(lab)).map((r) => Math.abs(r[name].error - r.backprop.error)));

export const trainingClaims: readonly Claim[] = [
  ...(['Z-IL', 'Fa-Z-IL'] as const).flatMap((name) => {
    const id = name.toLowerCase();
    return [
      claim(
        `${id}-same-weights`,
        `After all updates on optdigits no weight of ${name} differs from backprop's by 1e-12.`,
        {
          published: 'same curves',
          threshold: below(1e-12),
          measure: (lab) => gapOf(lab, name),
        },
      ),
      claim(`${id}-same-error`, `${name} and backprop end at the same test error.`, {
        published: 'same test error',
        unit: 'points',
        threshold: exactly(0),
        measure: (lab) => errorGap(lab, name),
      }),
    ];
  }),
  claim('digits-error', 'That network learns: its worst test error is at most 10 %.', {
    unit: '%',
    scales: ['full'],
    threshold: atMost(10),
    measure: async (lab) => worst((await digits(lab)).map((r) => r.backprop.error)),
  }),
  claim(
    'il-other-weights',
    'Inference learning (20 moves of 0.1) on the same stream ends at other weights: the largest difference is above 0.02.',
    {
      published: 'non-zero divergence',
      threshold: above(0.02),
      measure: async (lab) => Math.min(...(await digits(lab)).map((r) => r.IL.apart.at(-1)!)),
    },
  ),
  claim('il-error', 'Inference learning learns as well: its worst test error is below 12 %.', {
    kind: 'report',
    unit: '%',
    scales: ['full'],
    threshold: below(12),
    measure: async (lab) => worst((await digits(lab)).map((r) => r.IL.error)),
  }),
  claim(
    'mnist-same-error',
    'After an epoch of MNIST in f32 (784-128-10, tanh) the test errors of Z-IL and backprop differ by at most 0.1 points.',
    {
      published: 0,
      unit: 'points',
      scales: ['full'],
      threshold: atMost(0.1),
      measure: async (lab) => worst(await mnist(lab)),
    },
  ),
  claim(
    'autonomy',
    'In all updates of that training with five steps each, the layers of Fa-Z-IL fire at the steps 0, 1 and 2 from the output, by their own errors: the number of updates in which they do not.',
    {
      unit: 'updates',
      threshold: exactly(0),
      measure: async (lab) => (await digits(lab)).reduce((n, r) => n + r['Fa-Z-IL'].misfires, 0),
    },
  ),
];
