/** Check 9: NIST7x7, drawn by procedure, one letter at a time. */

import { letters } from '../../data/index.ts';
import {
  argmax,
  cast,
  eq,
  fromArray,
  jit,
  mean as meanOf,
  random,
  range,
  reshape,
  type Tensor,
  vmap,
} from '../../engine/index.ts';
import { foldIn } from '../../engine/threefry.ts';
import { batchesOf, shown } from '../../methods/multiplexed/schedule.ts';
import { Simulation } from '../../methods/multiplexed/simulate.ts';
import { mse, type Tree } from '../../nn/index.ts';
import { median } from '../../stats/index.ts';
import { above, atLeast, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { costOn, gradientDescent, logisticNet, type Resident, uniformStart } from './setting.ts';

const ROWS = 2000;
const RUNS = 3;

function lettersOf(lab: Lab, name: string): Resident {
  const part = letters({ key: lab.words(name), n: ROWS });
  return {
    x: reshape(fromArray(part.x as Float32Array, [ROWS, 49], 'f32'), [ROWS, 49]),
    y: fromArray(part.y as Int32Array, [ROWS], 'i32'),
  };
}

/** Three runs side by side; `advance` makes some steps and returns the parameters. */
function setting(lab: Lab) {
  const net = logisticNet([49, 4, 4]);
  const [train, test] = [lettersOf(lab, 'letters train'), lettersOf(lab, 'letters test')];
  const state = net.initialise(random.key(0)).state;
  const score = jit(
    vmap((theta: Tree): Tensor => {
      const isRight = eq(argmax(net.apply(theta, state, test.x)[0], 1), test.y);
      return meanOf(cast(isRight, 'f32'));
    }),
  );
  const order = lab.words('letters order');
  return {
    cost: costOn(net, mse(), train, state),
    params: uniformStart(net, lab.key('letters start'), -0.5, 0.5, RUNS),
    sources: range(RUNS).map((i) => batchesOf({ rows: ROWS, batch: 1, key: foldIn(order, i) })),
    accuracy: (theta: Tree): number => median([...score(theta).readSync()]),
  };
}

const CHUNK = 1000;

/** Median accuracy at given steps; η falls to 0 along a line where it decays. */
function circuit(lab: Lab, name: string, rate: number, looks: readonly number[], decays: boolean): number[] {
  const { cost, params, sources, accuracy } = setting(lab);
  const key = random.keys(lab.key(`letters codes ${name}`), RUNS);
  const simulation = new Simulation({ settings: { amplitude: 0.01 }, cost, params, key, runs: RUNS });
  const end = looks.at(-1)!;
  return looks.map((look) => {
    while (simulation.steps < look) {
      const from = simulation.steps;
      const rates = range(CHUNK).map((i) => (decays ? rate * (1 - (from + i) / end) : rate));
      simulation.advance(shown(sources, { from, blocks: CHUNK, block: 1, tauX: 1 }), rates);
      lab.step(`letters, ${name}`, simulation.steps / end);
    }
    return accuracy(simulation.state.theta);
  });
}

function backprop(lab: Lab, rate: number, steps: number): number {
  const { cost, params, sources, accuracy } = setting(lab);
  const step = gradientDescent(cost, null, RUNS);
  let theta = params;
  for (let from = 0; from < steps; from += CHUNK) {
    theta = step(theta, shown(sources, { from, blocks: CHUNK, block: 1, tauX: 1 }), Array(CHUNK).fill(rate));
    lab.step(`letters, backprop ${rate}`, from / steps);
  }
  return accuracy(theta);
}

const LOOKS = [5000, 20_000, 50_000, 100_000];

const constant = (lab: Lab): Promise<number[]> =>
  lab.once('letters', () => {
    const found = circuit(lab, 'η 10', 10, LOOKS, false);
    lab.table(
      'letters',
      'NIST7x7 (procedural), 49-4-4, one letter a step, η 10: median accuracy of three runs; prototypes 0.33–0.47, 0.57–0.61, 0.67, 0.72',
      LOOKS.map((n) => `${n} steps`),
      [found],
    );
    return found;
  });

export const letterClaims: readonly Claim[] = [
  {
    id: 'letters-100000-steps',
    kind: 'learning',
    sentence:
      'NIST7x7 (procedural), 49-4-4, one letter a step, random codes, η 10: median accuracy of three runs after 100,000 steps.',
    published: '0.719 (prototype)',
    unit: 'accuracy',
    threshold: atLeast(0.66),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => (await constant(lab)).at(-1)!,
  },
  {
    id: 'letters-rising',
    kind: 'learning',
    sentence: 'It is still rising then: accuracy after 100,000 steps over that after 50,000.',
    published: '0.719 / 0.666 (prototype)',
    unit: '×',
    threshold: above(1),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => {
      const found = await constant(lab);
      return found.at(-1)! / found.at(-2)!;
    },
  },
  {
    id: 'letters-million-steps',
    kind: 'learning',
    sentence: 'The same with η decayed from 10 to 0 over 10⁶ steps: median accuracy of three runs.',
    published: '0.8 (target of the official code)',
    unit: 'accuracy',
    threshold: atLeast(0.8),
    expected: 'holds',
    scales: ['full'],
    measure: (lab) => circuit(lab, 'a million steps', 10, [1_000_000], true)[0]!,
  },
  {
    id: 'letters-backprop',
    kind: 'report',
    sentence:
      'Online backprop on the same letters, the better of lr 0.1 and 0.3, after 20,000 steps: median accuracy of three runs.',
    published: '0.90–0.92 (prototypes)',
    unit: 'accuracy',
    threshold: atLeast(0),
    expected: 'holds',
    scales: ['full'],
    measure: (lab) => Math.max(...[0.1, 0.3].map((rate) => backprop(lab, rate, 20_000))),
  },
];
