/** Options of the perturbation family, checked once. */
import { ConfigError } from '../../engine/index.ts';
import { laws, sparsityOf } from './law.ts';

/** Refuses a law that is not known. */
export function checkLaw(law: string): void {
  if (sparsityOf(law) === null) checkChoice('law', law, laws);
}

/** Refuses a word that is not one of several. */
export function checkChoice(option: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw new ConfigError(`${option} is "${value}"`, { [option]: value, help: `choose ${choices.join(' or ')}` });
}

/** Refuses a step that is not a positive number. */
export function checkSigma(sigma: number): void {
  if (!(Number.isFinite(sigma) && sigma > 0))
    throw new ConfigError(`sigma is ${sigma}; a perturbation has a positive, finite size`, { sigma, help: 'try 1e-3' });
}

/** Refuses a number of draws that is not a whole number above 0. */
export function checkDraws(option: string, count: number): void {
  if (!(Number.isInteger(count) && count >= 1))
    throw new ConfigError(`${option} is ${count}; it counts draws`, { [option]: count, help: 'use 1 or more' });
}
