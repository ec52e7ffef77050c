/** Refusals that several solvers share. */
import { ConfigError } from '../engine/errors.ts';

/** Refuses an interval whose ends are out of order or not finite. */
export function requireInterval(name: string, low: number, high: number): void {
  if (low < high && Number.isFinite(low) && Number.isFinite(high)) return;
  throw new ConfigError(`${name} needs a finite interval with low < high, got [${low}, ${high}]`, {
    low,
    high,
    help: 'swap the ends, or choose finite ones',
  });
}

/** Refuses an option that has to be a positive number. */
export function requirePositive(name: string, value: number): void {
  if (value > 0) return;
  throw new ConfigError(`${name} must be positive, got ${value}`, {
    [name]: value,
    help: 'leave it out for the default',
  });
}
