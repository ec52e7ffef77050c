/** How many threads programs may use. */
import { ConfigError } from '../../../errors.ts';
import { MAX_THREADS } from './control.ts';
import { coreCount, reasonForOneThread } from './spawn.ts';

/** `auto` stands for one thread per core. */
export type ThreadCount = number | 'auto';

let chosen: number | null = null;

/** The number of threads that programs may use: what was set, else the environment's COTANGENT_THREADS, else 1. */
export function threads(): number {
  chosen ??= countOf(globalThis.process?.env?.COTANGENT_THREADS ?? 1);
  return chosen;
}

/** Keeps the setting; refuses what is no count. */
export function chooseThreads(count: ThreadCount): void {
  chosen = countOf(count);
}

function countOf(count: ThreadCount | string): number {
  if (count === 'auto') return Math.min(coreCount(), MAX_THREADS);
  const n = Number(count);
  if (Number.isInteger(n) && n >= 1 && n <= MAX_THREADS) return n;
  throw new ConfigError(`threads: ${count} is not a count from 1 to ${MAX_THREADS}`, {
    help: "give a whole number or 'auto'",
  });
}

/** Whether memories should be made so that threads can share them. */
export const wantsSharedMemory = (): boolean => threads() > 1 && reasonForOneThread() === null;
