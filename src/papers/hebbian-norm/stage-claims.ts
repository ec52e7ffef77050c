/** Checks 2 and 3: the predecessor's similarity without learning, and Hebbian learning inside that scheme, which hurts. */
import { takeRows } from '../../data/index.ts';
import { gt, jit, matmul, sqrt, stack, sum, type Tensor, where } from '../../engine/index.ts';
import {
  activities,
  drawHebbian,
  fire,
  type HebbianNetwork,
  type HebbianUnits,
} from '../../methods/hebbian/network.ts';
import { lineChart } from '../../plot/index.ts';
import { mean } from '../../stats/index.ts';
import { atLeast, atMost, type Claim, claimsOf } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  accuracy,
  answers,
  type Digits,
  digits,
  firstNetwork,
  images,
  LABELS,
  learnOnline,
  ofLabel,
  seedsOf,
  shuffled,
  testRows,
  WIDTH,
} from './setting.ts';

/** Output vectors of a network, with the units in the output layer too where they are steps. */
function outputs(net: HebbianNetwork, units: HebbianUnits, x: Tensor): Tensor {
  const last = activities(net, units, x).at(-1) ?? x;
  const z = matmul(last, net.weights.at(-1)!).add(net.biases.at(-1)!);
  return units === 'step' ? fire('step', z) : z;
}

const run = {
  step: jit((net: HebbianNetwork, x: Tensor) => outputs(net, 'step', x)),
  relu: jit((net: HebbianNetwork, x: Tensor) => outputs(net, 'relu', x)),
};

/** Share of test images whose output is most like the mean output of their own label. */
function similarity(all: Digits, net: HebbianNetwork, units: HebbianUnits, n: number, tests: number): number {
  const test = testRows(all, tests);
  const prototypes = stack(seedsOf(LABELS).map((label) => run[units](net, images(ofLabel(all, label, n))).mean(0)));
  const unit = (v: Tensor): Tensor => {
    const length = sqrt(sum(v.square(), -1, { keepDims: true }));
    return v.div(where(gt(length, 0), length, 1)); // nothing fired: like none
  };
  return accuracy(answers(matmul(unit(prototypes), unit(run[units](net, images(test))), { transposeY: true })), test);
}

const depthsOf = (lab: Lab): readonly number[] => lab.pick([0, 2, 5, 10], [0, 1, 2, 3, 5, 8, 10, 15]);

/** Accuracy by hidden layers without learning. */
const untrained = (lab: Lab): Promise<readonly number[]> =>
  lab.once('untrained', async () => {
    const all = await digits(lab);
    const found = depthsOf(lab).map((layers) =>
      mean(
        seedsOf(lab.pick(1, 3)).map((seed) => {
          lab.step(`similarity, ${layers} hidden layers`);
          const net = drawHebbian(
            { width: WIDTH, layers, units: 'step' },
            lab.key('predecessor', seed),
            'f32',
            'predecessor',
          );
          return similarity(all, net, 'step', lab.pick(100, 300), lab.pick(500, 2000));
        }),
      ),
    );
    const points = depthsOf(lab).map((x, i) => ({ x, y: found[i]! }));
    lab.figure(
      'untrained',
      'Accuracy by similarity of untrained networks, by hidden layers.',
      lineChart([{ name: 'step units', points }], {
        title: 'Similarity without learning',
        x: { label: 'hidden layers' },
        y: { label: 'accuracy', range: [0, 1] },
      }),
    );
    return found;
  });

const atDepth = async (lab: Lab, depth: number): Promise<number> =>
  (await untrained(lab))[depthsOf(lab).indexOf(depth)]!;

/** Smallest fall of accuracy from one depth to the next, down to depth 5. */
async function leastFall(lab: Lab): Promise<number> {
  const until = depthsOf(lab).indexOf(5);
  const found = (await untrained(lab)).slice(0, until + 1);
  return Math.min(...found.slice(1).map((value, i) => found[i]! - value));
}

/** Between-class share of the output variance at a depth, less its sampling floor of 9/n. */
const betweenShare = (lab: Lab, layers: number): Promise<number> =>
  lab.once(`between ${layers}`, async () => {
    const all = await digits(lab);
    const test = testRows(all, 2000);
    const net = drawHebbian({ width: WIDTH, layers, units: 'step' }, lab.key('predecessor', 0), 'f32', 'predecessor');
    const o = run.step(net, images(test));
    const centre = o.mean(0);
    const total = sum(o.sub(centre).square()).item() / test.n;
    let between = 0;
    for (const label of seedsOf(LABELS)) {
      const rows = Array.from(test.y.keys()).filter((i) => test.y[i] === label);
      const own = run.step(net, images(takeRows(test, rows))).mean(0);
      between += (rows.length / test.n) * sum(own.sub(centre).square()).item();
    }
    return between / total - 9 / test.n;
  });

/** One network, Hebbian updates over shuffled images of all labels, then similarity. */
const hurt = (lab: Lab, units: HebbianUnits, eta: number): Promise<number> =>
  lab.once(`stage 1 ${units} ${eta}`, async () => {
    const all = await digits(lab);
    const n = lab.pick(50, 100);
    return mean(
      seedsOf(lab.pick(1, 3)).map((seed) => {
        const net = firstNetwork(lab, seed);
        if (eta === 0) return similarity(all, net, units, n, lab.pick(500, 2000));
        const rows = seedsOf(LABELS).flatMap((label) => all.byLabel[label]!.slice(0, n));
        const order = shuffled(rows.length, lab.words('stage 1', seed)).map((i) => rows[i]!);
        const samples = images(takeRows(all.train, order)).reshape([rows.length, 1, WIDTH]);
        const [inner] = learnOnline(lab, { net, eta, units }, samples);
        const trained = { ...net, weights: [net.weights[0]!, inner!.reshape([WIDTH, WIDTH]), net.weights[2]!] };
        return similarity(all, trained, units, n, lab.pick(500, 2000));
      }),
    );
  });

const learning = claimsOf('learning');

const FULL = { scales: ['full'] } as const satisfies Partial<Claim>;

export const stageClaims: readonly Claim[] = [
  learning(
    'untrained-linear',
    'Without learning and without hidden layers, similarity of step outputs recognises digits: accuracy.',
    'share',
    { quick: atLeast(0.7), full: atLeast(0.78) },
    (lab) => atDepth(lab, 0),
    { published: 'about 0.80' },
  ),
  learning(
    'untrained-falls',
    'It falls with every depth measured down to 5 hidden layers: smallest fall.',
    'share',
    atLeast(0),
    leastFall,
    { published: 'falls with depth' },
  ),
  learning(
    'untrained-deep',
    'With 10 hidden layers it is at chance.',
    'share',
    { quick: atMost(0.18), full: atMost(0.15) },
    (lab) => atDepth(lab, 10),
    { published: 'chance at 15' },
  ),
  learning(
    'between-class',
    'The share of the output variance between classes falls from 0 to 5 hidden layers, sampling floor subtracted: ratio.',
    '×',
    atLeast(10),
    async (lab) => (await betweenShare(lab, 0)) / Math.max(1e-9, await betweenShare(lab, 5)),
    FULL,
  ),
  learning(
    'hebbian-hurts',
    'Inside that scheme Hebbian learning of step units loses accuracy (η = 3e-5 and 50 images a label at quick scale, 1e-5 and 100 at full): points below η = 0.',
    'points',
    { quick: atLeast(10), full: atLeast(5) },
    async (lab) => 100 * ((await hurt(lab, 'step', 0)) - (await hurt(lab, 'step', lab.pick(3e-5, 1e-5)))),
    { published: 'below' },
  ),
  learning(
    'hebbian-never-gains',
    'No η of 1e-6, 1e-5, 1e-4 (steps) and 1e-5, 1e-3 (ReLU) gains in that scheme: largest gain.',
    'points',
    atMost(1),
    async (lab) => {
      let most = Number.NEGATIVE_INFINITY;
      for (const [units, eta] of [
        ['step', 1e-6],
        ['step', 1e-5],
        ['step', 1e-4],
        ['relu', 1e-5],
        ['relu', 1e-3],
      ] as const)
        most = Math.max(most, 100 * ((await hurt(lab, units, eta)) - (await hurt(lab, units, 0))));
      return most;
    },
    FULL,
  ),
];
