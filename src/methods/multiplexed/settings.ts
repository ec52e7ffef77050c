/** Settings of multiplexed gradient descent: the code, three time constants, the form of the circuit, and what is wrong with it. */
import { ConfigError } from '../../engine/index.ts';
import { checkChoice } from '../perturbation/options.ts';
import { type CodeOptions, checkCode } from './codes.ts';

/** The three time constants, in steps; a step is one measurement of the cost. */
export interface TimeConstants {
  /** τ_p: steps that a pattern is held. */
  readonly tauP?: number;
  /** τ_θ: steps between updates; in the analogue form the time constant of the low-pass filter. */
  readonly tauTheta?: number;
  /** τ_x: steps that a sample is held. */
  readonly tauX?: number;
}

/** What is wrong with real hardware. */
export interface Faults {
  /** σ_C: deviation of the noise on every measurement of the perturbed cost. */
  readonly costNoise?: number;
  /** σ_θ: deviation of the noise on every update. */
  readonly updateNoise?: number;
  /** Whether each parameter has noise of its own, or all hear the same number. */
  readonly updateNoiseKind?: 'independent' | 'common';
  /** The cost is read by a converter of so many bits from 0 to `full`; what is above is cut. */
  readonly converter?: { readonly bits: number; readonly full: number };
}

export interface MgdSettings extends CodeOptions, TimeConstants, Faults {
  /** `discrete` remembers the baseline C₀ and updates every τ_θ; `analogue` filters the cost by RC circuits and updates all the time. */
  readonly form?: 'discrete' | 'analogue';
  /** τ_hp: time constant of the analogue high-pass filter, in steps. */
  readonly tauHighPass?: number;
  /** How C̃ is found: against the baseline, against the opposite perturbation, or exactly by forward mode, which no hardware can. */
  readonly probe?: 'finite' | 'antithetic' | 'jvp';
  /** |C̃| is cut at this. */
  readonly limit?: number;
  /** μ of v ← μv + G, θ ← θ − ηv; 0 for the plain form. */
  readonly momentum?: number;
}

/** Settings with every choice made. */
export type FullSettings = Required<Omit<MgdSettings, 'share' | 'frequencies' | 'flips' | 'converter'>> &
  Pick<MgdSettings, 'share' | 'frequencies' | 'flips' | 'converter'>;

/** Fills settings in and refuses what cannot be run. */
export function fullSettings(settings: MgdSettings): FullSettings {
  checkCode(settings);
  const full: FullSettings = {
    code: 'random-code',
    amplitude: 0.01,
    tauP: 1,
    tauTheta: 1,
    tauX: 1,
    form: 'discrete',
    tauHighPass: 1.6,
    probe: 'finite',
    limit: Number.POSITIVE_INFINITY,
    momentum: 0,
    costNoise: 0,
    updateNoise: 0,
    updateNoiseKind: 'independent',
    ...settings,
  };
  checkTimes(full);
  checkForm(full);
  checkFaults(full);
  return full;
}

function checkTimes({ tauP, tauTheta, tauX, form }: FullSettings): void {
  for (const [name, value] of Object.entries({ tauP, tauTheta, tauX })) {
    const isFilter = form === 'analogue' && name === 'tauTheta';
    if (isFilter ? value > 0 && Number.isFinite(value) : Number.isInteger(value) && value >= 1) continue;
    throw new ConfigError(`${name} is ${value}; it counts steps`, {
      [name]: value,
      help: 'use a whole number of 1 or more',
    });
  }
  if (tauX % tauP !== 0)
    throw new ConfigError(`a sample is held for ${tauX} steps and a pattern for ${tauP}: patterns would mix samples`, {
      tauX,
      tauP,
      help: 'make tauX a multiple of tauP',
    });
}

function checkForm({ form, probe, momentum, tauHighPass, limit }: FullSettings): void {
  checkChoice('form', form, ['discrete', 'analogue']);
  checkChoice('probe', probe, ['finite', 'antithetic', 'jvp']);
  const isPlain = probe === 'finite' && momentum === 0;
  if (form === 'analogue' && !isPlain)
    throw new ConfigError('the analogue form has a probe and a momentum of its own: its two filters', {
      probe,
      momentum,
      help: "use form: 'discrete', or leave probe and momentum out",
    });
  if (!(tauHighPass > 0 && limit > 0 && momentum >= 0 && momentum < 1))
    throw new ConfigError(`tauHighPass ${tauHighPass}, limit ${limit} and momentum ${momentum} do not go together`, {
      tauHighPass,
      limit,
      momentum,
      help: 'the first two are above 0, momentum is in [0, 1)',
    });
}

function checkFaults({ costNoise, updateNoise, updateNoiseKind, converter }: FullSettings): void {
  checkChoice('updateNoiseKind', updateNoiseKind, ['independent', 'common']);
  if (!(costNoise >= 0 && updateNoise >= 0))
    throw new ConfigError(`deviations of noise are ${costNoise} and ${updateNoise}`, {
      costNoise,
      updateNoise,
      help: 'use 0 for none',
    });
  if (converter !== undefined && !(Number.isInteger(converter.bits) && converter.bits >= 1 && converter.full > 0))
    throw new ConfigError(`a converter of ${converter.bits} bits up to ${converter.full} reads nothing`, {
      ...converter,
      help: 'give 1 bit or more and a full scale above 0',
    });
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Steps in which neither sample nor parameters change: one baseline serves them all. */
export const blockSteps = ({ form, tauTheta, tauX }: FullSettings): number =>
  form === 'analogue' ? 1 : divisor(tauTheta, tauX);

/** Measurements of the cost in one step, on average. */
export function measurementsPerStep(settings: MgdSettings): number {
  const full = fullSettings(settings);
  if (full.form === 'analogue' || full.probe === 'jvp') return 1;
  return full.probe === 'antithetic' ? 2 : 1 + 1 / blockSteps(full);
}
