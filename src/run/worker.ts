/** The worker thread's side of `inWorkers`: runs the jobs it is sent, one at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { useEngine } from './engine-settings.ts';
import { failureOf } from './failure.ts';
import { type JobEvent, type JobSpec, runJob } from './job.ts';
import type { WorkerReply } from './pool.ts';
import { taskOf } from './task.ts';
import type { WorkerSetup } from './workers.ts';

const { set, engine } = workerData as WorkerSetup;
useEngine(engine);
const task = taskOf(set);

const send = (reply: WorkerReply<JobEvent>): void => parentPort!.postMessage(reply);

async function work(job: JobSpec): Promise<void> {
  try {
    for await (const event of runJob(job, task)) send({ kind: 'event', event });
    send({ kind: 'done' });
  } catch (error) {
    send({ kind: 'failed', failure: failureOf(error) });
  }
}

parentPort!.on('message', (job: JobSpec) => void work(job));
