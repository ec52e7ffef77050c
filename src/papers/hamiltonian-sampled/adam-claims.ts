/** Check 3: sampled networks beside gradient-trained ones of the same width on the same data. */
import { breathe } from '../../methods/breathe.ts';
import { velocityAt } from '../../methods/hamiltonian/energy.ts';
import { type TrainedHamiltonian, trainedHamiltonian } from '../../methods/hamiltonian/trained.ts';
import { median } from '../../stats/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type Case, caseOf, claim, errorOf, fitted, nameOf, relativeError, sampleOf } from './measure.ts';
import { fieldOf, henonHeiles, pendulumLarge, statesOf, tableOf } from './systems.ts';

const RATES = [1e-2, 2e-2, 4e-2];

async function train(
  lab: Lab,
  one: Case,
  seed: number,
  steps: number,
  learningRate: number,
): Promise<TrainedHamiltonian> {
  const { data } = await sampleOf(lab, one, seed);
  await breathe();
  const what = `${nameOf(one)}, Adam ${learningRate}, seed ${seed}`;
  return trainedHamiltonian(data, {
    units: one.units,
    steps,
    learningRate,
    key: lab.words('network', seed),
    onProgress: (step) => lab.step(what, step / steps),
  });
}

/** The rate with the least error of the velocities at points of its own, after a quarter of the steps. */
const tunedRate = (lab: Lab, one: Case, steps: number): Promise<number> =>
  lab.once(`rate ${nameOf(one)} ${steps}`, async () => {
    const states = statesOf(one.system, 1000, lab.words('held-out points'));
    const truth = states.flatMap((x) => fieldOf(one.system, x));
    const errors: number[] = [];
    for (const rate of RATES) {
      const model = await train(lab, one, 100, Math.round(steps / 4), rate);
      errors.push(relativeError(velocityAt(model, tableOf(states)).readSync(), truth));
    }
    const finite = errors.map((e) => (Number.isFinite(e) ? e : Number.POSITIVE_INFINITY));
    return RATES[finite.indexOf(Math.min(...finite))]!;
  });

/** Errors of Adam over those of A-SWIM, seed by seed. */
export const races = (lab: Lab, one: Case, seeds: number, steps: number, rate?: number): Promise<number[]> =>
  lab.once(`race ${nameOf(one)} ${steps}`, async () => {
    const learningRate = rate ?? (await tunedRate(lab, one, steps));
    const ratios: number[] = [];
    const rows: (string | number)[][] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const sample = await sampleOf(lab, one, seed);
      const trained = errorOf(await train(lab, one, seed, steps, learningRate), sample);
      const { error } = await fitted(lab, one, 'a-swim', seed);
      ratios.push(trained / error);
      rows.push([seed, learningRate, trained.toExponential(1), error.toExponential(1)]);
    }
    const caption = `Relative error of the energy after ${steps} steps of Adam beside A-SWIM: ${nameOf(one)}`;
    lab.table(
      `adam-${one.system.domain.length}d-${one.units}-${steps}`,
      caption,
      ['seed', 'rate', 'Adam', 'A-SWIM'],
      rows,
    );
    return ratios;
  });

const pendulum = caseOf(pendulumLarge, 1000, 300);

export const adamClaims: readonly Claim[] = [
  claim(
    'learning',
    'adam-pendulum',
    'On the large pendulum a network of the same width trained by Adam has many times the error of A-SWIM: median ratio over seeds.',
    {
      published: 4.6e5,
      unit: '×',
      threshold: { quick: atLeast(100), full: atLeast(50) },
      why: 'Quick: 1000 steps from 2e-2, one seed. Full: 8000 steps, the rate tuned, three seeds; A-SWIM has nothing to tune. Part of the published factor is its baseline’s small constant rate.',
      measure: async (lab) =>
        median(await (lab.isQuick ? races(lab, pendulum, 1, 1000, 2e-2) : races(lab, pendulum, 3, 8000))),
    },
  ),
  claim(
    'learning',
    'adam-henon-heiles',
    'On Hénon–Heiles (3000, 1000), at about equal FLOPs (2500 steps), Adam has several times the error of A-SWIM: median ratio over 3 seeds.',
    {
      published: 1e4,
      unit: '×',
      scales: ['full'],
      threshold: atLeast(5),
      measure: async (lab) => median(await races(lab, caseOf(henonHeiles(), 3000, 1000), 3, 2500)),
    },
  ),
  claim(
    'report',
    'adam-small-width',
    'At small width nothing is left of the gap: Hénon–Heiles (600, 200), 2000 steps at 2e-2, Adam’s error over A-SWIM’s.',
    {
      unit: '×',
      scales: ['full'],
      threshold: atMost(3),
      measure: async (lab) => median(await races(lab, caseOf(henonHeiles(), 600, 200), 1, 2000, 2e-2)),
    },
  ),
];
