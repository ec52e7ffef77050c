/** Starts threads where the platform has them: worker_threads in Node, workers from a Blob in browsers. */
import { serveCommands, type WorkerStart } from './worker.ts';

export interface SpawnedThread {
  /** Ends it in the middle of whatever it does; resolves when it is gone. */
  terminate(): Promise<unknown>;
}

// The worker's source is the function's own text, so that no bundler needs to know of a second entry.
const SOURCE = `const serve = ${serveCommands.toString()};
if (typeof require === 'function') serve(require('node:worker_threads').workerData);
else self.onmessage = ({ data }) => serve(data);`;

/** Node's worker_threads; null in browsers. */
const nodeThreads = (): typeof import('node:worker_threads') | null =>
  globalThis.process?.getBuiltinModule?.('node:worker_threads') ?? null;

/** Why this place has no further threads; null where it has. */
export function reasonForOneThread(): string | null {
  if (nodeThreads() !== null) return null;
  if (typeof Worker === 'undefined') return 'this engine has no workers';
  if (typeof SharedArrayBuffer === 'undefined' || globalThis.crossOriginIsolated === false)
    return 'this page is not cross-origin isolated: it was served without the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  return null;
}

/** The number of threads that run at the same time here. */
export function coreCount(): number {
  const os = globalThis.process?.getBuiltinModule?.('node:os');
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** Whether this thread may sleep: the main thread of a page may not. */
export function maySleep(words: Int32Array): boolean {
  try {
    Atomics.wait(words, 0, ~Atomics.load(words, 0), 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts a thread that serves commands; `onFailure` hears when it could not start or ended by itself. */
export function spawn(start: WorkerStart, onFailure: () => void): SpawnedThread {
  const node = nodeThreads();
  if (node !== null) {
    const worker = new node.Worker(SOURCE, { eval: true, workerData: start, execArgv: [], env: {} });
    worker.unref();
    worker.on('error', onFailure);
    return { terminate: () => worker.terminate() };
  }
  const url = URL.createObjectURL(new Blob([SOURCE], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onerror = onFailure;
  worker.postMessage(start);
  return {
    terminate: async () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
