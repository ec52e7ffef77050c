/** Seconds that training takes on hardware: steps counted in a simulation times what a step takes there. */
import { ConfigError } from '../../engine/index.ts';
import { fullSettings, type MgdSettings, measurementsPerStep } from './settings.ts';

export interface Hardware {
  readonly name: string;
  /** Seconds that one perturbation pattern takes: τ_p. */
  readonly perturbation: number;
  /** Seconds that the fastest change of the input takes; 0 where nothing limits it. */
  readonly input?: number;
  /** Seconds that the fastest write of all parameters takes; 0 where nothing limits it. */
  readonly update?: number;
}

/** The platforms that the paper assumes. */
export const platforms: Readonly<Record<'chip-in-the-loop' | 'on-chip-memory' | 'superconducting', Hardware>> = {
  'chip-in-the-loop': { name: 'chip in the loop', perturbation: 1e-3 },
  'on-chip-memory': { name: 'analogue memory on the chip', perturbation: 10e-9 },
  superconducting: { name: 'superconducting or fast photonic', perturbation: 200e-12 },
};

export interface HardwareRun {
  readonly steps: number;
  readonly settings?: MgdSettings;
  /** Counts the measurements of the baseline too, which the paper leaves out. */
  readonly countBaseline?: boolean;
}

export interface WallClock {
  readonly seconds: number;
  /** Which of the three takes longest. */
  readonly slowest: 'perturbations' | 'samples' | 'updates';
  /** Seconds that each would take alone. */
  readonly perturbations: number;
  readonly samples: number;
  readonly updates: number;
}

/** max(steps·τ_p, samples·fastest input, updates·fastest write), with all three. */
export function wallClock({ steps, settings = {}, countBaseline = false }: HardwareRun, hardware: Hardware): WallClock {
  const { tauX, tauTheta, tauP, form } = fullSettings(settings);
  const { perturbation, input = 0, update = 0 } = hardware;
  if (!(steps >= 0 && perturbation > 0 && input >= 0 && update >= 0))
    throw new ConfigError(`${steps} steps of ${perturbation} s are no run`, { steps, ...hardware });
  const measured = countBaseline ? steps * measurementsPerStep(settings) : steps;
  const each = {
    perturbations: (measured / tauP) * perturbation,
    samples: (steps / tauX) * input,
    updates: (form === 'analogue' ? steps : steps / tauTheta) * update,
  };
  const seconds = Math.max(...Object.values(each));
  const slowest = (Object.keys(each) as WallClock['slowest'][]).find((name) => each[name] === seconds)!;
  return { seconds, slowest, ...each };
}

/** τ_p at which the hardware takes as long as backprop did. */
export const breakEven = (backpropSeconds: number, steps: number): number => backpropSeconds / steps;
