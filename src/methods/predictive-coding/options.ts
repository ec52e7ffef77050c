/** Options of the family, checked once. */
import { ConfigError } from '../../engine/index.ts';

/** Refuses a number that is not positive and finite. */
export function checkPositive(option: string, value: number, help: string): void {
  if (!(Number.isFinite(value) && value > 0))
    throw new ConfigError(`${option} is ${value}; it must be a positive number`, { [option]: value, help });
}

/** Refuses a count that is not a whole number above 0. */
export function checkSteps(option: string, count: number): void {
  if (!(Number.isInteger(count) && count >= 1))
    throw new ConfigError(`${option} is ${count}; it counts steps`, { [option]: count, help: 'use 1 or more' });
}
