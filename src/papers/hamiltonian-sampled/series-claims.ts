/** Check 7: energies from pairs of states alone, and the correction to first order. */

import { energyAt } from '../../methods/hamiltonian/energy.ts';
import { sampledHamiltonian } from '../../methods/hamiltonian/sampled.ts';
import { correctedEnergyAt, pairMotion } from '../../methods/hamiltonian/series.ts';
import { lineChart } from '../../plot/index.ts';
import { rollOut, rungeKutta4 } from '../../solve/index.ts';
import { logLogSlope, median } from '../../stats/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { caseOf, claim, relativeError, sampleOf } from './measure.ts';
import { fieldOf, pendulumNear, type State, tableOf } from './systems.ts';

interface Errors {
  readonly h: number;
  readonly plain: number;
  readonly corrected: number;
}

const SUBSTEPS = 20;
const published: Readonly<Record<number, readonly [plain: number, corrected: number]>> = {
  0.05: [7.4e-3, 1e-4],
  0.1: [1.5e-2, 4.2e-4],
  0.2: [3e-2, 1.7e-3],
  0.4: [6.1e-2, 6.9e-3],
  0.8: [0.13, 3e-2],
};

/** The state a time h later, by Runge–Kutta in small steps. */
function after(x: State, h: number): State {
  const step = rungeKutta4<State>((y) => fieldOf(pendulumNear, y));
  return rollOut(step, x, { h: h / SUBSTEPS, steps: SUBSTEPS }).at(-1)!;
}

async function errorsAt(lab: Lab, h: number, seed: number): Promise<Errors> {
  const one = caseOf(pendulumNear, lab.pick(600, 2500), lab.pick(120, 200));
  const { states, data, test, truth } = await sampleOf(lab, one, seed);
  const motion = pairMotion(data.x, tableOf(states.map((x) => after(x, h))), h);
  const options = { units: one.units, key: lab.words('layer', seed) };
  const model = sampledHamiltonian({ ...data, ...motion }, options);
  return {
    h,
    plain: relativeError(energyAt(model, test).readSync(), truth),
    corrected: relativeError(correctedEnergyAt(model, test, h).readSync(), truth),
  };
}

/** Medians over seeds at every h. */
const byStep = (lab: Lab): Promise<Errors[]> =>
  lab.once('time series', async () => {
    const steps = lab.pick([0.1, 0.2, 0.4], [0.05, 0.1, 0.2, 0.4, 0.8]);
    const all: Errors[] = [];
    for (const h of steps) {
      lab.step(`pairs ${h} apart`);
      const runs: Errors[] = [];
      for (let seed = 0; seed < lab.pick(1, 3); seed++) runs.push(await errorsAt(lab, h, seed));
      all.push({ h, plain: median(runs.map((r) => r.plain)), corrected: median(runs.map((r) => r.corrected)) });
    }
    show(lab, all);
    return all;
  });

function show(lab: Lab, all: readonly Errors[]): void {
  const line = (name: string, of: (e: Errors) => number) => ({ name, points: all.map((e) => ({ x: e.h, y: of(e) })) });
  const series = [line('as learned', (e) => e.plain), line('corrected', (e) => e.corrected)];
  const svg = lineChart(series, {
    title: 'Energy from pairs of states',
    x: { label: 'time between the states', log: true },
    y: { label: 'relative error of H', log: true },
  });
  lab.figure(
    'time-series',
    'Error of an energy learned from pairs of states, before and after the correction to first order.',
    svg,
  );
  const rows = all.map(({ h, plain, corrected }) => [
    h,
    plain.toExponential(2),
    published[h]![0].toExponential(1),
    corrected.toExponential(2),
    published[h]![1].toExponential(1),
  ]);
  lab.table(
    'time-series',
    'Relative error of the energy by the time between two states',
    ['h', 'as learned', 'published', 'corrected', 'published'],
    rows,
  );
}

const slopeOf = async (lab: Lab, of: (e: Errors) => number): Promise<number> => {
  const all = await byStep(lab);
  return logLogSlope(
    all.map((e) => e.h),
    all.map(of),
  ).slope;
};

/** The distance of a published figure's logarithm, at worst. */
const apart = async (lab: Lab, of: (e: Errors) => number, which: 0 | 1): Promise<number> =>
  Math.max(...(await byStep(lab)).map((e) => Math.abs(of(e) / published[e.h]![which] - 1)));

export const seriesClaims: readonly Claim[] = [
  claim(
    'learning',
    'series-correction',
    'An energy learned from pairs of states (small pendulum) has at most a quarter of the error after correction, at every time between them: worst ratio.',
    {
      published: 0.23,
      threshold: atMost(0.25),
      measure: async (lab) => Math.max(...(await byStep(lab)).map((e) => e.corrected / e.plain)),
    },
  ),
  claim(
    'learning',
    'series-slope-corrected',
    'The corrected error is of second order in that time: slope in logarithms.',
    {
      published: 2.04,
      threshold: atLeast(1.8),
      measure: (lab) => slopeOf(lab, (e) => e.corrected),
    },
  ),
  claim('learning', 'series-slope-least', 'The uncorrected error is of first order: slope in logarithms, at least.', {
    published: 1.02,
    threshold: atLeast(0.9),
    measure: (lab) => slopeOf(lab, (e) => e.plain),
  }),
  claim('learning', 'series-slope-most', 'And at most.', {
    published: 1.02,
    threshold: atMost(1.2),
    measure: (lab) => slopeOf(lab, (e) => e.plain),
  }),
  claim(
    'report',
    'series-published',
    'The corrected errors are the published ones: largest relative distance over all times.',
    {
      published: 0,
      threshold: atMost(0.1),
      measure: (lab) => apart(lab, (e) => e.corrected, 1),
    },
  ),
];
