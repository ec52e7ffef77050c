/** Jobs in worker threads of Node: one task load and one backend per worker, jobs handed out as workers become free. */
import type { Worker } from 'node:worker_threads';
import type { LoadOptions } from '../data/index.ts';
import { CotangentError } from '../engine/index.ts';
import type { JobEvent, JobSpec } from './job.ts';
import type { Runner } from './runner.ts';

export interface WorkerTask {
  readonly name: string;
  readonly options: LoadOptions;
}

export type WorkerReply =
  | { readonly kind: 'event'; readonly event: JobEvent }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly details: object };

interface Idle {
  readonly worker: Worker;
}

/** A runner over `count` worker threads. */
export const inWorkers = (task: WorkerTask, count: number): Runner =>
  async function* (jobs, signal) {
    const { Worker: NodeWorker } = await import('node:worker_threads');
    const file = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './run/worker.js', import.meta.url);
    const pool = new Pool(
      jobs,
      Array.from({ length: Math.min(count, jobs.length) }, () => ({
        worker: new NodeWorker(file, { workerData: task }),
      })),
    );
    const stop = () => pool.fail(signal!.reason);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      yield* pool.events();
    } finally {
      signal?.removeEventListener('abort', stop);
      await pool.close();
    }
  };

/** Hands out jobs and queues what comes back. */
class Pool {
  readonly #jobs: JobSpec[];
  readonly #workers: readonly Idle[];
  readonly #queue: JobEvent[] = [];
  #running = 0;
  #error: unknown = null;
  #wake: () => void = () => {};

  constructor(jobs: readonly JobSpec[], workers: readonly Idle[]) {
    this.#jobs = [...jobs];
    this.#workers = workers;
    for (const { worker } of workers) {
      worker.on('message', (reply: WorkerReply) => this.#receive(worker, reply));
      worker.on('error', (error) => this.fail(error));
      this.#assign(worker);
    }
  }

  async *events(): AsyncGenerator<JobEvent> {
    while (true) {
      if (this.#error !== null) throw this.#error;
      const event = this.#queue.shift();
      if (event !== undefined) yield event;
      else if (this.#running === 0) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  fail(error: unknown): void {
    this.#error ??= error;
    this.#wake();
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #assign(worker: Worker): void {
    const job = this.#jobs.shift();
    if (job === undefined) return;
    this.#running++;
    worker.postMessage(job);
  }

  #receive(worker: Worker, reply: WorkerReply): void {
    if (reply.kind === 'event') this.#queue.push(reply.event);
    else if (reply.kind === 'failed') this.fail(new CotangentError(reply.code, reply.message, reply.details));
    else {
      this.#running--;
      this.#assign(worker);
    }
    this.#wake();
  }
}
