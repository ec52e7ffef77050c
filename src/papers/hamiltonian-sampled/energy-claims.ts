/** Check 8: a field that is closer need not be the better physics; only the Hamiltonian network keeps an energy. */
import { jit, type Tensor } from '../../engine/index.ts';
import { breathe } from '../../methods/breathe.ts';
import { energyAt, velocityAt } from '../../methods/hamiltonian/energy.ts';
import { fitVelocity } from '../../methods/hamiltonian/system.ts';
import { type LinePoint, lineChart } from '../../plot/index.ts';
import { rungeKutta4 } from '../../solve/index.ts';
import { median } from '../../stats/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { caseOf, claim, fitted, relativeError, sampleOf } from './measure.ts';
import { fieldOf, pendulumLarge, type State, tableOf } from './systems.ts';

const COARSE = caseOf(pendulumLarge, 1500, 60);
const STARTS: readonly State[] = [
  [1.5, 0],
  [2.5, 0],
];
const H = 0.05;
const STEPS = 2000;
/** What a path that leaves all bounds counts as. */
const CAP = 1e9;

type Path = readonly (readonly State[])[];

/** All starts side by side, compiled; a path that is not finite any more ends. */
function pathsOf(field: (x: Tensor) => Tensor): Path {
  const move = rungeKutta4<Tensor>((x) => field(x));
  const step = jit((x: Tensor) => move(x, 0, H));
  const path: State[][] = [STARTS.map((x) => [...x])];
  for (let i = 0, x = tableOf(STARTS); i < STEPS; i++) {
    x = step(x);
    path.push(x.toArray() as State[] & number[][]);
  }
  return path;
}

const capped = (v: number): number => (Number.isFinite(v) ? Math.min(CAP, v) : CAP);

/** The largest |H(x) − H(x₀)| over all starts and times. */
const drift = (path: Path, energy: (x: State) => number): number =>
  Math.max(...path.flatMap((now) => now.map((x, s) => capped(Math.abs(energy(x) - energy(path[0]![s]!))))));

interface Outcome {
  /** Largest change of the true energy along the path of either. */
  readonly hamiltonian: number;
  readonly free: number;
  /** Relative error of the fields. */
  readonly fieldErrors: readonly [hamiltonian: number, free: number];
  /** Largest change of the learned energy along the Hamiltonian network's path. */
  readonly learned: number;
}

async function outcomeOf(lab: Lab, seed: number): Promise<Outcome> {
  const { model } = await fitted(lab, COARSE, 'a-swim', seed);
  const { data, test } = await sampleOf(lab, COARSE, seed);
  const free = fitVelocity(model.features, data);
  await breathe();
  const paths = [pathsOf((x) => velocityAt(model, x)), pathsOf(free)] as const;
  const truth = (test.toArray() as number[][]).flatMap((x) => fieldOf(pendulumLarge, x));
  const learned = paths[0].map((now) => energyAt(model, tableOf(now)).readSync());
  if (seed === 0) show(lab, paths);
  return {
    hamiltonian: drift(paths[0], pendulumLarge.energy),
    free: drift(paths[1], pendulumLarge.energy),
    fieldErrors: [
      relativeError(velocityAt(model, test).readSync(), truth),
      relativeError(free(test).readSync(), truth),
    ],
    learned: Math.max(...learned.flatMap((e) => Array.from(e, (v, s) => Math.abs(v - learned[0]![s]!)))),
  };
}

function show(lab: Lab, [hamiltonian, free]: readonly [Path, Path]): void {
  const change = (path: Path): LinePoint[] =>
    path.flatMap((now, i) => {
      const y = Math.abs(pendulumLarge.energy(now[1]!) - pendulumLarge.energy(STARTS[1]!));
      return i % 10 === 0 && i > 0 ? [{ x: i * H, y: Number.isFinite(y) ? y : null }] : [];
    });
  const drifts = lineChart(
    [
      { name: 'Hamiltonian', points: change(hamiltonian) },
      { name: 'without', points: change(free) },
    ],
    {
      title: 'Change of the true energy along a learned path',
      x: { label: 'time' },
      y: { label: '|H − H₀|', log: true },
    },
  );
  lab.figure(
    'energy',
    'A pendulum let go at 2.5 rad, by the sampled Hamiltonian network and by the same layer fitted to velocities without Hamilton’s equations.',
    drifts,
  );
  const turn = (path: Path): LinePoint[] =>
    path.map((now) => ({ x: now[1]![0]!, y: now[1]![1]! })).filter(({ x, y }) => Math.abs(x) < 7 && Math.abs(y) < 7);
  const portrait = lineChart(
    [
      { name: 'Hamiltonian', points: turn(hamiltonian) },
      { name: 'without', points: turn(free) },
    ],
    { title: 'The same paths in the plane of states', x: { label: 'q' }, y: { label: 'p' } },
  );
  lab.figure(
    'phase-portrait',
    'The path closes on itself with Hamilton’s equations and winds outwards or inwards without.',
    portrait,
  );
}

const outcomes = (lab: Lab): Promise<Outcome[]> =>
  lab.once('energy along paths', async () => {
    const all: Outcome[] = [];
    for (let seed = 0; seed < 3; seed++) {
      lab.step(`paths of 2000 steps, seed ${seed}`);
      all.push(await outcomeOf(lab, seed));
    }
    lab.table(
      'energy',
      'Large pendulum, M = 60: relative error of the field, largest change of the true energy over T = 100',
      ['seed', 'field, Hamiltonian', 'field, without', 'energy, Hamiltonian', 'energy, without'],
      all.map((o, seed) => [seed, ...[...o.fieldErrors, o.hamiltonian, o.free].map((v) => v.toExponential(1))]),
    );
    return all;
  });

const energy = (
  id: string,
  sentence: string,
  limit: number,
  measure: (all: readonly Outcome[]) => number,
  kind: Claim['kind'] = 'learning',
): Claim =>
  claim(kind, id, sentence, {
    scales: ['full'],
    threshold: atMost(limit),
    measure: async (lab) => measure(await outcomes(lab)),
  });

export const energyClaims: readonly Claim[] = [
  energy(
    'energy-kept',
    'Large pendulum, M = 60: the true energy along the Hamiltonian network’s path changes by at most half of what it does for the same layer without Hamilton’s equations, T = 100, median of 3 seeds.',
    0.5,
    (all) => median(all.map((o) => o.hamiltonian / o.free)),
  ),
  energy(
    'energy-learned',
    'The learned energy itself stays along the path, to the error of RK4 with step 0.05: largest change.',
    1e-5,
    (all) => Math.max(...all.map((o) => o.learned)),
  ),
  energy(
    'field-error',
    'And yet the layer without Hamilton’s equations has the smaller error of the field: its error over the Hamiltonian network’s, median of 3 seeds.',
    1,
    (all) => median(all.map(({ fieldErrors: [h, f] }) => f / h)),
    'report',
  ),
];
