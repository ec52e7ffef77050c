/** Options of the perturbation family, checked once. */
import { ConfigError } from '../../engine/index.ts';
import type { Law } from './law.ts';
import { laws } from './law.ts';

/** Refuses a law that is not known. */
export function checkLaw(law: string): Law {
  if ((laws as readonly string[]).includes(law)) return law as Law;
  throw new ConfigError(`there is no law "${law}" of perturbations`, { law, help: `laws are ${laws.join(', ')}` });
}

/** Refuses a step that is not a positive number. */
export function checkSigma(sigma: number): number {
  if (Number.isFinite(sigma) && sigma > 0) return sigma;
  throw new ConfigError(`sigma is ${sigma}; a perturbation has a positive, finite size`, { sigma, help: 'try 1e-3' });
}

/** Refuses a number of draws that is not a positive integer. */
export function checkDraws(name: string, count: number): number {
  if (Number.isInteger(count) && count >= 1) return count;
  throw new ConfigError(`${name} is ${count}; it counts draws`, { [name]: count, help: 'use 1 or more' });
}
