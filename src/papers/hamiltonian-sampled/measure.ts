/** Fits that several claims share: a system, a size, a seed and a way of sampling in, the error of the energy out. */
import { fromArray, type Tensor } from '../../engine/index.ts';
import { breathe } from '../../methods/breathe.ts';
import { type Energy, energyAt } from '../../methods/hamiltonian/energy.ts';
import { type SampledHamiltonian, type Sampling, sampledHamiltonian } from '../../methods/hamiltonian/sampled.ts';
import type { MotionData } from '../../methods/hamiltonian/system.ts';
import { median } from '../../stats/index.ts';
import type { Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { energiesOf, motionAt, rangeOf, type State, type System, statesOf, tableOf } from './systems.ts';

/** A system with so many points and units. */
export interface Case {
  readonly system: System;
  readonly points: number;
  readonly units: number;
}

export const caseOf = (system: System, points: number, units: number): Case => ({ system, points, units });

export const nameOf = ({ system, points, units }: Case): string => `${system.name} (${points}, ${units})`;

/** Training data of a seed, and fresh points with their true energies. */
export interface Sample {
  readonly states: readonly State[];
  readonly data: MotionData;
  readonly test: Tensor;
  readonly truth: Float64Array;
}

export const sampleOf = (lab: Lab, { system, points }: Case, seed: number): Promise<Sample> =>
  lab.once(`data ${system.name} ${system.domain} ${points} ${seed}`, () => {
    const states = statesOf(system, points, lab.words('points', seed));
    const fresh = statesOf(system, lab.pick(2000, 5000), lab.words('test points', seed));
    return { states, data: motionAt(system, states), test: tableOf(fresh), truth: energiesOf(system, fresh) };
  });

/** |Ĥ − H| / |H| over the test points. */
export function relativeError(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  let [miss, size] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    miss += (found[i]! - truth[i]!) ** 2;
    size += truth[i]! ** 2;
  }
  return Math.sqrt(miss / size);
}

export const errorOf = (model: Energy, { test, truth }: Pick<Sample, 'test' | 'truth'>): number =>
  relativeError(energyAt(model, test).readSync(), truth);

export interface Fitted {
  readonly model: SampledHamiltonian;
  readonly error: number;
}

/** A sampled network of a seed; all ways of sampling share data and key. */
export const fitted = (lab: Lab, one: Case, sampling: Sampling, seed: number): Promise<Fitted> =>
  lab.once(`fit ${nameOf(one)} ${one.system.domain} ${sampling} ${seed}`, async () => {
    const sample = await sampleOf(lab, one, seed);
    lab.step(`${nameOf(one)}, ${sampling}, seed ${seed}`);
    await breathe();
    const model = sampledHamiltonian(sample.data, {
      units: one.units,
      sampling,
      key: lab.words('layer', seed),
      range: rangeOf(one.system),
      energies: fromArray(energiesOf(one.system, sample.states), [one.points], 'f64'),
    });
    return { model, error: errorOf(model, sample) };
  });

/** Errors of seeds 0, 1, …, one after another. */
export async function errorsOf(lab: Lab, one: Case, sampling: Sampling, seeds: number): Promise<number[]> {
  const errors: number[] = [];
  for (let seed = 0; seed < seeds; seed++) errors.push((await fitted(lab, one, sampling, seed)).error);
  return errors;
}

/** Median over seeds of the error of one way of sampling over another's on the same data. */
export async function medianRatio(
  lab: Lab,
  one: Case,
  over: Sampling,
  under: Sampling,
  seeds: number,
): Promise<number> {
  const [a, b] = [await errorsOf(lab, one, over, seeds), await errorsOf(lab, one, under, seeds)];
  return median(a.map((error, i) => error / b[i]!));
}

/** The ratio of the medians over seeds. */
export async function ratioOfMedians(
  lab: Lab,
  one: Case,
  over: Sampling,
  under: Sampling,
  seeds: number,
): Promise<number> {
  return median(await errorsOf(lab, one, over, seeds)) / median(await errorsOf(lab, one, under, seeds));
}

/** Types a claim; `holds`, nothing published and no unit unless said. */
export const claim = (
  kind: Claim['kind'],
  id: string,
  sentence: string,
  rest: Pick<Claim, 'threshold' | 'measure'> & Partial<Claim>,
): Claim => ({ id, kind, sentence, published: null, unit: '', expected: 'holds', ...rest });
