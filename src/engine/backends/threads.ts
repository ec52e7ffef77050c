/** Threads of compiled programs: asked for by name, so that a page which never asks does not load them. */
import { backend, shareMemories } from './current.ts';
import { WasmBackend } from './wasm/backend.ts';
import { ThreadPool } from './wasm/team/pool.ts';
import { chooseThreads, type ThreadCount, threads } from './wasm/team/setting.ts';
import { reasonForOneThread } from './wasm/team/spawn.ts';

export { type ThreadCount, threads };

/**
 * Sets how many threads compiled programs may use: a whole number up to 16, or `auto` for one per core. Results are the same bits for any number. Programs with little work stay on one thread, and so do all
 * until the threads have started.
 */
export function setThreads(count: ThreadCount): void {
  chooseThreads(count);
  if (threads() > 1 && reasonForOneThread() === null)
    shareMemories(({ library, pool }) => new ThreadPool(library, pool.arena));
}

/** What became of the wish for threads. */
export interface ThreadState {
  readonly wanted: number;
  /** Threads that a large program would use now. */
  readonly running: number;
  /** Why there is only one, when more were wanted and cannot be had. */
  readonly reason?: string;
}

const STARTING_MS = 10_000;

/** Waits until the threads that were asked for have started, or until it is clear that they cannot. */
export async function threadsReady(): Promise<ThreadState> {
  const wanted = threads();
  if (wanted === 1) return { wanted, running: 1 };
  const here = backend();
  const team = here instanceof WasmBackend ? here.team : null;
  if (!(team instanceof ThreadPool))
    return { wanted, running: 1, reason: reasonForOneThread() ?? 'only the wasm backend has threads' };
  for (let waits = 0; waits < STARTING_MS; waits++) {
    const running = team.threads;
    if (running === wanted) return { wanted, running };
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { wanted, running: 1, reason: 'the threads did not start' };
}
