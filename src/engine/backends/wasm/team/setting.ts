/** How many threads programs may use. */
import { ConfigError } from '../../../errors.ts';
import { MAX_THREADS } from './control.ts';
import { coreCount } from './spawn.ts';

/** `auto` stands for one thread per core. */
export type ThreadCount = number | 'auto';

let chosen = 1;

/** The number of threads that programs may use; 1 unless it was set. */
export const threads = (): number => chosen;

/** Keeps the setting; refuses what is no count. */
export function chooseThreads(count: ThreadCount): void {
  chosen = countOf(count);
}

function countOf(count: ThreadCount): number {
  if (count === 'auto') return Math.min(coreCount(), MAX_THREADS);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_THREADS) return count;
  throw new ConfigError(`threads: ${count} is not a count from 1 to ${MAX_THREADS}`, {
    help: "give a whole number or 'auto'",
  });
}
