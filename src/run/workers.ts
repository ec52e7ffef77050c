/** Jobs in worker threads of Node: one backend per worker, the data shared, jobs handed out as workers become free. */
import type { Worker } from 'node:worker_threads';
import type { Dataset } from '../data/index.ts';
import type { EngineSettings } from './engine-settings.ts';
import { errorOf, type Failure } from './failure.ts';
import type { JobEvent, JobSpec } from './job.ts';
import type { JobReport, Runner } from './runner.ts';
import { sharedDataset } from './shared.ts';

/** What every worker is started with. */
export interface WorkerSetup {
  readonly set: Dataset;
  readonly engine: EngineSettings;
}

export type WorkerReply =
  | { readonly kind: 'event'; readonly event: JobEvent }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** A runner over up to `count` worker threads. */
export const inWorkers = (setup: WorkerSetup, count: number): Runner =>
  async function* (jobs, signal) {
    signal?.throwIfAborted();
    const { Worker: NodeWorker } = await import('node:worker_threads');
    const workerData: WorkerSetup = { ...setup, set: sharedDataset(setup.set) };
    const workers = Array.from(
      { length: Math.min(count, jobs.length) },
      () => new NodeWorker(workerFile(), { workerData }),
    );
    const pool = new Pool(jobs, workers);
    const stop = () => pool.fail(signal!.reason);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      yield* pool.reports();
    } finally {
      signal?.removeEventListener('abort', stop);
      await pool.close();
    }
  };

/** The worker's file: beside this source, and in dist/run of the built package, whose files all stand one folder below dist. */
const workerFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : '../run/worker.js', import.meta.url);

/** Hands out jobs and queues what comes back. */
class Pool {
  readonly #jobs: readonly JobSpec[];
  readonly #workers: readonly Worker[];
  readonly #queue: JobReport[] = [];
  #next = 0;
  #running = 0;
  #error: unknown = null;
  #wake: () => void = () => {};

  constructor(jobs: readonly JobSpec[], workers: readonly Worker[]) {
    this.#jobs = jobs;
    this.#workers = workers;
    for (const worker of workers) {
      worker.on('error', (error) => this.fail(error));
      this.#assign(worker);
    }
  }

  async *reports(): AsyncGenerator<JobReport> {
    while (true) {
      if (this.#error !== null) throw this.#error;
      const report = this.#queue.shift();
      if (report !== undefined) yield report;
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
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #assign(worker: Worker): void {
    const job = this.#next++;
    if (job >= this.#jobs.length) return;
    this.#running++;
    worker.removeAllListeners('message');
    worker.on('message', (reply: WorkerReply) => this.#receive(worker, job, reply));
    worker.postMessage(this.#jobs[job]);
  }

  #receive(worker: Worker, job: number, reply: WorkerReply): void {
    if (reply.kind === 'event') this.#queue.push({ job, event: reply.event });
    else if (reply.kind === 'failed') this.fail(errorOf(reply.failure));
    else {
      this.#running--;
      this.#assign(worker);
    }
    this.#wake();
  }
}
