/** `fit`: a closed-form model of recorded data; `fit hamiltonian` gives the energy that moves them. */
import { basename, join, resolve } from 'node:path';
import { ConfigError, DataError, DivergedError } from '../engine/errors.ts';
import { keyFrom } from '../engine/threefry.ts';
import { fitHamiltonian, type HamiltonianFit, hamiltonianToDocument } from '../methods/hamiltonian/index.ts';
import { formatNumber, formatSeconds } from '../plot/units.ts';
import { useEngine } from '../run/engine-settings.ts';
import { readBytes, writeAtomic } from '../run/files.ts';
import { median } from '../stats/index.ts';
import { above, atLeast, choice, finite, names, text, whole } from './fields.ts';
import { energyChart, hamiltonianPage, phasePortrait, type RolledOut } from './hamiltonian-page.ts';
import type { Line } from './lines.ts';
import { type Motion, readMotion } from './motion-table.ts';
import { writeLine } from './output.ts';
import { runFolder } from './run-folder.ts';
import { type Call, defineVerb, option, preset } from './verb.ts';

const options = {
  q: option('--q <names>', 'columns of positions (default q, q1, q2, …)', names()),
  p: option('--p <names>', 'columns of momenta, in the same order (default p, p1, p2, …)', names()),
  dq: option('--dq <names>', 'columns of measured dq/dt (default d before each name, where they are there)', names()),
  dp: option('--dp <names>', 'columns of measured dp/dt', names()),
  time: option('--time <name>', 'column of times, needed without velocities (default t or time)', text()),
  run: option('--run <name>', 'column that tells runs apart (default run, where it is there)', text()),
  units: option('--units <n>', 'width of the sampled layer (default a third of the rows, 20 to 500)', whole(1)),
  sampling: preset(
    '--sampling <kind>',
    'elm, u-swim or a-swim (default a-swim)',
    choice('elm', 'u-swim', 'a-swim'),
    'a-swim',
  ),
  holdout: preset('--holdout <share>', 'rows that only measure the fit (default 0.2)', atLeast(0), 0.2),
  rcond: preset(
    '--rcond <part>',
    'cut of the least-squares system; larger for noisy data (default 1e-13)',
    above(0),
    1e-13,
  ),
  energy: preset('--energy <value>', 'energy of the first state (default 0)', finite(), 0),
  step: option('--step <time>', 'step of the roll-outs (default the median time between states, else 0.05)', above(0)),
  steps: option('--steps <n>', 'steps of the roll-outs (default as many as the run has)', whole(1)),
} as const;

type FitCall = Call<typeof options>;
type FitLine = Extract<Line, { type: 'fit' }>;

export const fitVerb = defineVerb({
  name: 'fit',
  summary: 'fit a model to recorded data in closed form: hamiltonian, the energy of a motion',
  args: [
    { name: '<kind>', about: 'hamiltonian' },
    { name: '<file>', about: 'csv or tsv table: one row a state, positions and momenta, with times or velocities' },
  ],
  options,
  examples: [
    ['cotangent fit hamiltonian pendulum.csv', 'columns q, p, t: energy, roll-outs, phase portrait, report'],
    [
      'cotangent fit hamiltonian orbit.csv --q x,y --p px,py --run id --units 400',
      'columns of other names, several runs',
    ],
    ['cotangent fit hamiltonian noisy.csv --rcond 1e-3 --steps 2000', 'noisy data, longer roll-outs'],
  ],
  async run(call) {
    const [kind, file] = call.args as [string, string];
    if (kind !== 'hamiltonian')
      throw new ConfigError(`fit knows no kind "${kind}"`, { kind, help: 'cotangent fit hamiltonian data.csv' });
    useEngine({ dtype: 'f64' });
    const motion = readMotion(await bytesOf(file, call), call.values);
    const start = performance.now();
    const fitted = fitHamiltonian(motion.trajectories, fitOptions(call));
    const seconds = (performance.now() - start) / 1000;
    const runs = motion.trajectories.map((_, i) => rolledOut(fitted, motion, i, call));
    const line = await writeResults({ file, motion, fitted, runs, seconds }, call);
    writeLine(line, call);
    for (const [name, value] of factsOf(line)) call.ui.say(`${name.padEnd(32)} ${value}`);
    call.ui.say(`${line.report}, ${line.model}`);
    return 0;
  },
});

const fitOptions = ({ values: { units, sampling, holdout, rcond, energy, seed } }: FitCall) => ({
  sampling,
  holdout,
  rcond,
  energy,
  key: keyFrom(seed),
  ...(units === undefined ? {} : { units }),
});

async function bytesOf(file: string, { io }: FitCall) {
  const bytes = await readBytes(resolve(io.cwd, file)).catch((cause: NodeJS.ErrnoException) => {
    throw new DataError(`${file} cannot be read: ${cause.code ?? cause.message}`, {
      file,
      help: 'give a csv or tsv file',
    });
  });
  return { name: basename(file), bytes };
}

/** A run from its first state on; what leaves all bounds or does not settle has no prediction. */
function rolledOut(fitted: HamiltonianFit, { trajectories }: Motion, i: number, { values }: FitCall): RolledOut {
  const { states, times } = trajectories[i]!;
  const h = values.step ?? (times === undefined ? 0.05 : median(times.slice(1).map((t, k) => t - times[k]!)));
  const steps = values.steps ?? Math.max(1, states.length - 1);
  try {
    const predicted = fitted.rollOut(states[0]!, { h, steps });
    return { recorded: states, predicted, energies: fitted.energy(predicted), h };
  } catch (error) {
    if (error instanceof DivergedError) return { recorded: states, predicted: null, energies: [], h };
    throw error;
  }
}

interface Results {
  readonly file: string;
  readonly motion: Motion;
  readonly fitted: HamiltonianFit;
  readonly runs: readonly RolledOut[];
  readonly seconds: number;
}

const driftOf = ({ energies }: RolledOut): number =>
  energies.reduce((most, e) => Math.max(most, Math.abs(e - energies[0]!)), 0);

async function writeResults(
  { file, motion, fitted, runs, seconds }: Results,
  { values, io }: FitCall,
): Promise<FitLine> {
  const folder = await runFolder(values.out, 'fit-hamiltonian', io);
  const at = (name: string): string => join(folder, name);
  const { solution, features } = fitted.model;
  const line: FitLine = {
    type: 'fit',
    kind: 'hamiltonian',
    file,
    from: motion.from,
    freedoms: fitted.freedoms,
    runs: runs.length,
    points: fitted.points,
    held: fitted.held,
    units: features.units,
    sampling: values.sampling,
    rank: solution.rank,
    trainError: fitted.trainError,
    heldError: fitted.held === 0 ? null : fitted.heldError,
    rolledOut: runs.filter((r) => r.predicted !== null).length,
    energyDrift: Math.max(0, ...runs.map(driftOf)),
    seconds,
    model: at('model.json'),
    predictions: at('predictions.csv'),
    report: at('report.html'),
  };
  const write = (name: string, content: string) => writeAtomic(resolve(io.cwd, at(name)), content);
  const pictures = picturesOf(motion, runs);
  for (const { name, svg } of pictures) await write(`${name}.svg`, svg);
  await write('model.json', `${JSON.stringify(hamiltonianToDocument(fitted.model), null, 1)}\n`);
  await write('predictions.csv', predictionTable(motion, runs));
  await write('report.html', hamiltonianPage({ title: basename(file), facts: factsOf(line), figures: pictures }));
  return line;
}

function picturesOf({ names: { q, p } }: Motion, runs: readonly RolledOut[]) {
  const portraits = q.map((name, i) => ({
    name: `phase-portrait${q.length === 1 ? '' : `-${i + 1}`}`,
    caption: `Recorded states and roll-outs of the learned energy from the first state of each run, ${name} and ${p[i]!}.`,
    svg: phasePortrait(runs, i, [name, p[i]!]),
  }));
  const known = runs.filter((r) => r.predicted !== null);
  if (known.length === 0) return portraits;
  const caption =
    'The learned energy along the roll-outs by the implicit midpoint rule, which is symplectic: it may oscillate, it does not drift.';
  return [...portraits, { name: 'energy', caption, svg: energyChart(known) }];
}

function predictionTable({ names: { q, p } }: Motion, runs: readonly RolledOut[]): string {
  const rows = runs.flatMap(({ predicted, energies, h }, run) =>
    (predicted ?? []).map((x, k) => [run + 1, k * h, ...x, energies[k]!].join(',')),
  );
  return `${[['run', 't', ...q, ...p, 'energy'].join(','), ...rows].join('\n')}\n`;
}

const factsOf = (line: FitLine): (readonly [name: string, value: string])[] => [
  ['degrees of freedom', String(line.freedoms)],
  ['velocities', `from ${line.from}`],
  ['states fitted, held back', `${line.points}, ${line.held}`],
  ['units, rank', `${line.units} (${line.sampling}), ${line.rank}`],
  ['relative error, fitted', formatNumber(line.trainError)],
  ['relative error, held back', line.heldError === null ? 'nothing held back' : formatNumber(line.heldError)],
  ['runs rolled out', `${line.rolledOut} of ${line.runs}`],
  ['largest change of energy', formatNumber(line.energyDrift)],
  ['time to fit', formatSeconds(line.seconds)],
];
