/** Recorded motion in, an energy out: fits a Hamiltonian to trajectories and rolls it out so that the energy is kept. */
import { ConfigError, concat, fromArray, jit, type Tensor } from '../../engine/index.ts';
import { foldIn, HostRandom, type KeyWords, keyFrom } from '../../engine/threefry.ts';
import { implicitMidpoint, rollOut } from '../../solve/index.ts';
import { energyAt, velocityAt } from './energy.ts';
import { type SampledHamiltonian, type Sampling, sampledHamiltonian } from './sampled.ts';
import { type PairMotion, pairMotion } from './series.ts';

/** Numbers row by row. */
export type Table = readonly (readonly number[])[];

/** A recorded motion: states (q₁ … qₙ, p₁ … pₙ) in the order of time. */
export interface Trajectory {
  readonly states: Table;
  /** Velocities (q̇, ṗ) at the states; from pairs of neighbours where they were not measured. */
  readonly velocities?: Table;
  /** Times of the states, ascending; needed where there are no velocities. */
  readonly times?: readonly number[];
}

export interface FitHamiltonianOptions {
  /** Width of the hidden layer; a third of the training rows, 20 to 500, unless said. */
  readonly units?: number;
  /** `a-swim` unless said. */
  readonly sampling?: Exclude<Sampling, 'swim'>;
  /** Share of the rows that only measure the fit; 0.2 unless said. */
  readonly holdout?: number;
  /** Pivots up to this part of the largest are cut, 1e-13 unless said; more where the motion is noisy. */
  readonly rcond?: number;
  /** Energy of the first state, 0 unless said: motion says nothing about the constant. */
  readonly energy?: number;
  readonly key?: KeyWords;
}

/** An energy that was fitted to motion. */
export interface HamiltonianFit {
  readonly model: SampledHamiltonian;
  /** Degrees of freedom. */
  readonly freedoms: number;
  /** Rows that the weights were solved from, and rows that only measure. */
  readonly points: number;
  readonly held: number;
  /** Relative error of the velocities, |v̂ − v|/|v|, on either. */
  readonly trainError: number;
  readonly heldError: number;
  /** H of states. */
  energy(states: Table): number[];
  /** (q̇, ṗ) of states. */
  velocity(states: Table): number[][];
  /** States at 0, h, 2h, … by the implicit midpoint rule, which keeps the energy; throws a DivergedError where h is too long. */
  rollOut(start: readonly number[], options: { readonly h: number; readonly steps: number }): number[][];
}

const HOLD = 1;
const DRAW = 2;

/** Fits the energy of recorded motion: one least-squares problem over sampled features, no descent. */
export function fitHamiltonian(
  trajectories: readonly Trajectory[],
  options: FitHamiltonianOptions = {},
): HamiltonianFit {
  const { holdout = 0.2, energy = 0, key = keyFrom(1), sampling, rcond } = options;
  const width = requireTrajectories(trajectories);
  if (!(holdout >= 0 && holdout < 1))
    throw new ConfigError(`holdout is ${holdout}, not a share from 0 to below 1`, {
      holdout,
      help: '0.2 holds a fifth back',
    });
  const motion = motionOf(trajectories);
  const { train, held } = divided(motion, holdout, foldIn(key, HOLD));
  const rows = train.x.shape[0]!;
  const units = options.units ?? Math.min(500, Math.max(20, Math.floor(rows / 3)));
  const anchor = tensorOf([trajectories[0]!.states[0]!]);
  const model = sampledHamiltonian(
    { ...train, anchor, anchorEnergy: energy },
    {
      units,
      key: foldIn(key, DRAW),
      ...(sampling === undefined ? {} : { sampling }),
      ...(rcond === undefined ? {} : { rcond }),
    },
  );
  return {
    model,
    freedoms: width / 2,
    points: rows,
    held: held?.x.shape[0] ?? 0,
    trainError: velocityError(model, train),
    heldError: held === null ? Number.NaN : velocityError(model, held),
    ...faces(model),
  };
}

/** What a model answers to numbers. */
export function faces(model: SampledHamiltonian): Pick<HamiltonianFit, 'energy' | 'velocity' | 'rollOut'> {
  const field = jit((x: Tensor) => velocityAt(model, x));
  const velocity = (states: Table): number[][] => field(tensorOf(states)).toArray() as number[][];
  const step = implicitMidpoint<readonly number[]>((x) => velocity([x])[0]!);
  return {
    energy: (states) => [...energyAt(model, tensorOf(states)).readSync()],
    velocity,
    rollOut: (start, options) => rollOut(step, start, options).map((state) => [...state]),
  };
}

function tensorOf(rows: Table): Tensor {
  return fromArray(Float64Array.from(rows.flat()), [rows.length, rows[0]!.length], 'f64');
}

/** Points and velocities of all trajectories: as measured, or from neighbours by the rule of the roll-out. */
function motionOf(trajectories: readonly Trajectory[]): PairMotion {
  const parts = trajectories.map(({ states, velocities, times }): PairMotion => {
    if (velocities !== undefined) return { x: tensorOf(states), velocity: tensorOf(velocities) };
    const spans = times!.slice(1).map((t, i) => [t - times![i]!]);
    return pairMotion(tensorOf(states.slice(0, -1)), tensorOf(states.slice(1)), tensorOf(spans), 'midpoint');
  });
  return {
    x: concat(
      parts.map((p) => p.x),
      0,
    ),
    velocity: concat(
      parts.map((p) => p.velocity),
      0,
    ),
  };
}

function divided(motion: PairMotion, holdout: number, key: KeyWords): { train: PairMotion; held: PairMotion | null } {
  const order = [...new HostRandom(key).permutation(motion.x.shape[0]!)];
  const count = Math.floor(holdout * order.length);
  const pick = (at: readonly number[]): PairMotion => {
    const of = (t: Tensor): Tensor => {
      const rows = t.toArray() as number[][];
      return tensorOf(at.map((i) => rows[i]!));
    };
    return { x: of(motion.x), velocity: of(motion.velocity) };
  };
  return { train: pick(order.slice(count)), held: count === 0 ? null : pick(order.slice(0, count)) };
}

function velocityError(model: SampledHamiltonian, { x, velocity }: PairMotion): number {
  const [found, truth] = [velocityAt(model, x).readSync(), velocity.readSync()];
  const miss = found.map((v, i) => v - truth[i]!);
  return length(miss) / length(truth);
}

const length = (x: ArrayLike<number>): number => Math.sqrt(Array.from(x).reduce((s, v) => s + v * v, 0));

function requireTrajectories(trajectories: readonly Trajectory[]): number {
  const width = trajectories[0]?.states[0]?.length ?? 0;
  if (width === 0 || width % 2 !== 0)
    throw new ConfigError(`states of ${width} numbers are no positions and momenta`, {
      width,
      help: 'give at least one trajectory of states (q₁ … qₙ, p₁ … pₙ)',
    });
  trajectories.forEach((one, i) => {
    requireTrajectory(one, i, width);
  });
  return width;
}

function requireTrajectory({ states, velocities, times }: Trajectory, i: number, width: number): void {
  const refuse = (what: string, help: string) => new ConfigError(`trajectory ${i}: ${what}`, { trajectory: i, help });
  const ragged = [...states, ...(velocities ?? [])].findIndex(
    (row) => row.length !== width || !row.every(Number.isFinite),
  );
  if (ragged >= 0) throw refuse(`row ${ragged} is not ${width} finite numbers`, 'repair the row, or leave it out');
  if (velocities !== undefined) {
    if (velocities.length !== states.length)
      throw refuse(`${velocities.length} velocities for ${states.length} states`, 'give one velocity a state');
    return;
  }
  if (times === undefined) throw refuse('there are neither velocities nor times', 'give times, or velocities (q̇, ṗ)');
  if (states.length < 2)
    throw refuse('a single state does not tell where it moves', 'give at least two states, or velocities (q̇, ṗ)');
  if (times.length !== states.length)
    throw refuse(`${times.length} times for ${states.length} states`, 'give one time a state');
  const back = times.findIndex((t, k) => k > 0 && !(t > times[k - 1]!));
  if (back >= 0) throw refuse(`time ${times[back]} follows ${times[back - 1]}`, 'sort the rows by time, run by run');
}
