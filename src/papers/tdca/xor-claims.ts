/** Check 2: XOR from fresh random starts, where backprop often ends in a local optimum. */
import { median } from '../../stats/index.ts';
import { atLeast, atMost, below, type Claim, claimsIn } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  bestOf,
  evolved,
  innerSteps,
  judgeBackprop,
  judgeTopDown,
  RATES,
  seedsOf,
  shapeFor,
  xorProblem,
} from './setting.ts';
import { drawTrajectories } from './trajectory.ts';

const problem = xorProblem();

interface Outcome {
  readonly backprop: number;
  /** Share of fresh starts that end with all four patterns right, one an evolution seed. */
  readonly seeing: readonly number[];
  readonly blind: readonly number[];
}

async function solved(lab: Lab, observeHidden: boolean): Promise<number[]> {
  const shape = shapeFor(1, 2, 2, observeHidden);
  const plan = { shape, problems: [problem], generations: lab.pick(50, 100), starts: lab.pick(2, 8) };
  const found: number[] = [];
  for (const seed of seedsOf(lab)) {
    const psi = await evolved(lab, `XOR ${observeHidden ? 'with' : 'without'} h`, { ...plan, seed });
    found.push(judgeTopDown(lab, problem, psi, shape).solved);
  }
  return found;
}

/** The landscape of one start, with the first of the evolved networks. */
async function draw(lab: Lab): Promise<void> {
  const shape = shapeFor(1, 2, 2, true);
  const plan = { shape, problems: [problem], generations: 100, starts: 8, seed: 0 };
  const scores = await judgeBackprop(lab, problem);
  const rate = RATES[scores.findIndex((s) => s.solved === bestOf(scores, 'solved'))]!;
  drawTrajectories(lab, problem, await evolved(lab, 'XOR with h', plan), shape, rate);
}

const outcome = (lab: Lab): Promise<Outcome> =>
  lab.once('XOR', async () => {
    const backprop = bestOf(await judgeBackprop(lab, problem), 'solved');
    const seeing = await solved(lab, true);
    if (!lab.isQuick) await draw(lab);
    const blind = lab.isQuick ? [] : await solved(lab, false);
    const steps = innerSteps({ problems: [problem], generations: lab.pick(50, 100), starts: lab.pick(2, 8) });
    const show = (xs: readonly number[]): string => xs.map((x) => x.toFixed(3)).join(' ');
    lab.table(
      'xor',
      'Share of 200 fresh starts of a 2-2-1 network that have all four patterns right after 100 updates',
      ['credit', 'share, seed by seed', 'updates of the outer search, a seed'],
      [
        ['backprop, best of ten rates', show([backprop]), 0],
        ['top-down, sees h', show(seeing), steps],
        ...(lab.isQuick ? [] : [['top-down, does not see h', show(blind), steps]]),
      ],
    );
    return { backprop, seeing, blind };
  });

const claim = claimsIn('learning', 'share');

const full = { scales: ['full'] } as const;

export const xorClaims: readonly Claim[] = [
  claim(
    'xor-backprop-least',
    'Backprop at its best rate solves XOR from about seven in ten starts (least).',
    atLeast(0.66),
    async (lab) => (await outcome(lab)).backprop,
    { published: 'stops in a local optimum' },
  ),
  claim(
    'xor-backprop-most',
    'Backprop at its best rate solves XOR from about seven in ten starts (most).',
    atMost(0.78),
    async (lab) => (await outcome(lab)).backprop,
    { published: 'stops in a local optimum' },
  ),
  claim(
    'xor-solved',
    'An evolved top-down network solves it from nearly all fresh starts: median of three searches.',
    atLeast(0.92),
    async (lab) => median((await outcome(lab)).seeing),
    {
      ...full,
      expected: 'not reproduced',
      why: 'Searches differ: 0.89, 0.88 and 1.00 for these seeds, 0.86, 1.00, 1.00, 0.935, 0.91 and 0.955 for six more (median of nine 0.935); a prototype’s nine gave 0.925 to 1.00.',
      published: 'reaches the global optimum',
    },
  ),
  claim(
    'xor-lead',
    'Its share less that of backprop.',
    atLeast(0.15),
    async (lab) => median((await outcome(lab)).seeing) - (await outcome(lab)).backprop,
    {
      ...full,
      expected: 'not reproduced',
      why: '0.145 above backprop’s 0.745 where 0.15 was asked for: see the share itself.',
      published: 'global against local',
    },
  ),
  claim(
    'xor-blind',
    'A top-down network that does not see hidden activities fails here: its share less that of backprop.',
    below(0),
    async (lab) => median((await outcome(lab)).blind) - (await outcome(lab)).backprop,
    { ...full, kind: 'report' },
  ),
];
