/** Check 6 at full scale: the paper's convolutional networks, as far as this machine gets. */
import { loadDataset, sliceRows } from '../../data/index.ts';
import { conv2d, crossEntropy, dense, flatten, type Model, maxPool, model } from '../../nn/index.ts';
import { lineChart } from '../../plot/index.ts';
import { atLeast, below, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type ImageCurve, type ImageTask, parametersOf, resident, trainImages } from './images.ts';

/** The paper tests on the last images of the training file. */
const TEST = 1000;

async function lastTested(name: string, rows: number): Promise<ImageTask> {
  const { train } = await loadDataset(name);
  const from = train.n - TEST;
  return {
    train: resident(sliceRows(train, 0, Math.min(rows, from))),
    test: resident(sliceRows(train, from, train.n)),
    rows: Math.min(rows, from),
  };
}

/** Three stages of convolution without padding, relu and pooling, then one dense layer. */
const stages = (input: readonly number[], filters: readonly number[]): Model => {
  const stage = (n: number) => [
    conv2d({ filters: n, kernel: 3, activation: 'relu', init: 'glorotUniform' }),
    maxPool({ size: 2 }),
  ];
  return model(input, [...filters.flatMap(stage), flatten(), dense({ units: 10, init: 'glorotUniform' })]);
};

/** CNN A: 14,378 parameters. */
export const fashionCnn = (): Model => stages([1, 28, 28], [16, 32, 32]);
/** CNN B: 26,154 parameters. */
export const cifarCnn = (): Model => stages([3, 32, 32], [16, 32, 64]);

const loss = crossEntropy({ smoothing: 0.01 });

const fashion = (lab: Lab): Promise<ImageCurve> =>
  lab.once('fashion cnn', async () => {
    const curve = trainImages(lab, {
      name: 'fashion cnn',
      net: fashionCnn(),
      task: await lastTested('fashion-mnist', 59_000),
      loss,
      settings: { amplitude: 0.1, limit: 0.01 },
      rate: 15,
      decays: true,
      steps: 20_000,
      seeds: 1,
      every: 250,
      inOrder: true,
    });
    const svg = lineChart(
      [{ name: 'MGD, η 15 → 0, clip 0.01', points: curve.steps.map((x, i) => ({ x, y: curve.accuracy[i]! })) }],
      { title: 'Fashion-MNIST, CNN A', x: { label: 'steps' }, y: { label: 'test accuracy' } },
    );
    lab.figure('fashion-cnn', 'Test accuracy of the paper’s network for Fashion-MNIST, batch 100 in file order.', svg);
    return curve;
  });

/** The last mean loss on test rows over the first one measured. */
const cifar = (lab: Lab): Promise<number> =>
  lab.once('cifar cnn', async () => {
    const { loss: losses } = trainImages(lab, {
      name: 'cifar cnn',
      net: cifarCnn(),
      task: await lastTested('cifar10', 20_000),
      loss,
      settings: { amplitude: 1e-3, limit: 0.01 },
      rate: 15,
      steps: 6000,
      seeds: 1,
      every: 250,
      inOrder: true,
    });
    return losses.at(-1)! / losses[0]!;
  });

export const convClaims: readonly Claim[] = [
  {
    id: 'cnn-parameters',
    kind: 'identity',
    sentence: 'The two convolutional networks have 14,378 and 26,154 parameters: sum of the differences.',
    published: '14,378 and 26,154',
    unit: 'parameters',
    threshold: { op: '==', value: 0 },
    expected: 'holds',
    measure: () => Math.abs(parametersOf(fashionCnn()) - 14_378) + Math.abs(parametersOf(cifarCnn()) - 26_154),
  },
  {
    id: 'fashion-cnn',
    kind: 'learning',
    sentence:
      'Fashion-MNIST, CNN A (P = 14,378), Δθ 0.1, batch 100, η from 15 to 0 over 20,000 steps, C̃ cut at ±0.01: test accuracy.',
    published: '91.6 % (follow-up, many more steps)',
    unit: 'accuracy',
    threshold: atLeast(0.6),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => (await fashion(lab)).accuracy.at(-1)!,
  },
  {
    id: 'cifar-cnn',
    kind: 'report',
    sentence:
      'CIFAR-10, CNN B (P = 26,154), Δθ 0.001, batch 100, 6,000 steps of the paper’s 2·10⁷: test loss at the end over that after 250 steps.',
    published: '60.7 % after 2·10⁷ steps',
    unit: '×',
    threshold: below(1),
    expected: 'holds',
    scales: ['full'],
    measure: cifar,
  },
];
