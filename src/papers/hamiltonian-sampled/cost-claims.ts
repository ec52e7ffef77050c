/** Check 10: what one solve costs beside the steps of Adam, counted; and timed at a small size. */
import { costOf, optimize, type Tensor } from '../../engine/index.ts';
import { sampledHamiltonian } from '../../methods/hamiltonian/sampled.ts';
import { initialNetwork, trainingStep } from '../../methods/hamiltonian/trained.ts';
import { timeInterleaved } from '../../run/index.ts';
import { RowReduction } from '../../solve/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { caseOf, claim, sampleOf } from './measure.ts';
import { henonHeiles, pendulumLarge } from './systems.ts';

/** The paper's setting for systems of four coordinates. */
const PAPER = { points: 20_000, inputs: 4, units: 5000, batch: 2048, steps: 180_000 } as const;

/** FLOPs of QR with n columns and m rows. */
const solveFlops = (m: number, n: number): number => 2 * m * n ** 2;

const paperSolve = solveFlops(PAPER.points * PAPER.inputs + 1, PAPER.units + 1);

/** FLOPs of a compiled step of Adam on Hénon–Heiles, a point and unit, from its graph. */
async function stepFlops(lab: Lab): Promise<number> {
  const one = caseOf(henonHeiles(), 256, 100);
  const { data } = await sampleOf(lab, one, 0);
  const params = initialNetwork(lab.words('network'), 4, one.units);
  const { optimizer, step } = trainingStep(1e-3, 10);
  const graph = step.graphOf(params, optimizer.init(params), data.x, data.velocity, 1);
  return costOf(optimize(graph)).flops / (one.points * one.units);
}

const adamFlops = async (lab: Lab): Promise<number> => (await stepFlops(lab)) * PAPER.steps * PAPER.batch * PAPER.units;

const timed = (lab: Lab) =>
  lab.once('times', async () => {
    const one = caseOf(pendulumLarge, 1000, 300);
    const { data } = await sampleOf(lab, one, 0);
    const key = lab.words('layer');
    const solved = (sampling: 'u-swim' | 'a-swim') => () =>
      sampledHamiltonian(data, { units: one.units, sampling, key });
    const { optimizer, step } = trainingStep(2e-2, 1000);
    const params = initialNetwork(lab.words('network'), 2, one.units);
    const state = optimizer.init(params);
    const [x, v] = [data.x, data.velocity].map((t: Tensor) => t.slice([0, 0], [256, 2])) as [Tensor, Tensor];
    const adam = () => step(params, state, x, v, 1)[2].readSync();
    return timeInterleaved(
      { 'u-swim': solved('u-swim'), 'a-swim': solved('a-swim'), adam },
      { rounds: 9, warmUpMs: 100, minMs: 1, signal: lab.signal },
    );
  });

export const costClaims: readonly Claim[] = [
  claim(
    'cost',
    'flops-step',
    'A step of Adam on the Hamiltonian network takes some 60 FLOPs a point and unit with four coordinates, from the graph of the compiled step.',
    {
      published: 60,
      unit: 'FLOPs',
      threshold: atMost(90),
      measure: stepFlops,
    },
  ),
  claim(
    'cost',
    'flops-ratio',
    'In the paper’s setting 180,000 steps of Adam take many times the FLOPs of one solve, 2·(K·D + 1)·(M + 1)².',
    {
      published: 27,
      unit: '×',
      threshold: atLeast(20),
      measure: async (lab) => (await adamFlops(lab)) / paperSolve,
    },
  ),
  claim(
    'cost',
    'memory',
    'The factor that blocks of rows are absorbed into holds the paper’s setting (M = 5000) in a fraction of the 3.2 GB of its dense system.',
    {
      published: 0.2,
      unit: 'GB',
      threshold: atMost(0.2),
      measure: () => new RowReduction(PAPER.units + 1).bytes / 1e9,
    },
  ),
  claim('timing', 'time-approximate', 'A-SWIM, with its two solves, takes some two times the time of U-SWIM.', {
    published: 2.2,
    unit: '× time',
    scales: ['full'],
    threshold: atMost(2.5),
    measure: async (lab) => (await timed(lab)).ratio('a-swim', 'u-swim').estimate,
  }),
  claim(
    'timing',
    'time-adam',
    'The 15,000 steps of Adam that the paper takes on the large pendulum (here of 256 points, not 2048) take many times the time of A-SWIM with the same width.',
    {
      published: 23,
      unit: '× time',
      scales: ['full'],
      threshold: atLeast(20),
      measure: async (lab) => 15_000 * (await timed(lab)).ratio('adam', 'a-swim').estimate,
    },
  ),
];
