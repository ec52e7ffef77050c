/** The worker thread's side of `inWorkers`: loads the task once, then runs the jobs it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import { CotangentError } from '../engine/index.ts';
import { type JobSpec, runJob } from './job.ts';
import { loadTask } from './task.ts';
import type { WorkerReply, WorkerTask } from './workers.ts';

const { name, options } = workerData as WorkerTask;
const task = loadTask(name, options);

const send = (reply: WorkerReply): void => parentPort!.postMessage(reply);

async function work(job: JobSpec): Promise<void> {
  try {
    for await (const event of runJob(job, await task)) send({ kind: 'event', event });
    send({ kind: 'done' });
  } catch (error) {
    const { code, details } = error instanceof CotangentError ? error : { code: 'Error', details: {} };
    send({ kind: 'failed', code, message: (error as Error).message, details });
  }
}

parentPort!.on('message', (job: JobSpec) => void work(job));
