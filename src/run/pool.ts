/** A pool of worker threads of Node: jobs are handed out as workers become free, and what they report is merged. */
import type { Worker } from 'node:worker_threads';
import { errorOf, type Failure } from './failure.ts';

/** What a worker posts: any number of events, then whether it is done. */
export type WorkerReply<E> =
  | { readonly kind: 'event'; readonly event: E }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What a job reports; `job` is its place in the list. */
export interface PoolReport<E> {
  readonly job: number;
  readonly event: E;
}

export interface PoolOptions {
  /** The worker's file; it gets one job a message and answers with replies. */
  readonly file: URL;
  readonly workerData?: unknown;
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs jobs in up to `count` worker threads; an abort ends them at once, whatever they are doing. */
export async function* inThreads<J, E>(
  jobs: readonly J[],
  { file, workerData, count, signal }: PoolOptions,
): AsyncGenerator<PoolReport<E>> {
  signal?.throwIfAborted();
  const { Worker: NodeWorker } = await import('node:worker_threads');
  const workers = Array.from({ length: Math.min(count, jobs.length) }, () => new NodeWorker(file, { workerData }));
  const pool = new Pool<J, E>(jobs, workers);
  const stop = () => pool.fail(signal!.reason);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    yield* pool.reports();
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.close();
  }
}

/** Hands out jobs and queues what comes back. */
class Pool<J, E> {
  readonly #jobs: readonly J[];
  readonly #workers: readonly Worker[];
  readonly #queue: PoolReport<E>[] = [];
  #next = 0;
  #running = 0;
  #error: unknown = null;
  #wake: () => void = () => {};

  constructor(jobs: readonly J[], workers: readonly Worker[]) {
    this.#jobs = jobs;
    this.#workers = workers;
    for (const worker of workers) {
      worker.on('error', (error) => this.fail(error));
      this.#assign(worker);
    }
  }

  async *reports(): AsyncGenerator<PoolReport<E>> {
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
    worker.on('message', (reply: WorkerReply<E>) => this.#receive(worker, job, reply));
    worker.postMessage(this.#jobs[job]);
  }

  #receive(worker: Worker, job: number, reply: WorkerReply<E>): void {
    if (reply.kind === 'event') this.#queue.push({ job, event: reply.event });
    else if (reply.kind === 'failed') this.fail(errorOf(reply.failure));
    else {
      this.#running--;
      this.#assign(worker);
    }
    this.#wake();
  }
}
