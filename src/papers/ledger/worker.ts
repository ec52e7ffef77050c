/** The worker thread's side of `inPaperThreads`: measures the papers it is sent, one at a time. */
import { parentPort } from 'node:worker_threads';
import { useEngine } from '../../run/engine-settings.ts';
import { failureOf } from '../../run/failure.ts';
import type { WorkerReply } from '../../run/pool.ts';
import { paperNamed } from '../index.ts';
import { reproduce } from './runner.ts';
import type { PaperEvent, PaperJob } from './threads.ts';

/** Milliseconds between two ticks of progress. */
const tickMs = 80;

const send = (reply: WorkerReply<PaperEvent>): void => parentPort!.postMessage(reply);

async function work({ slug, engine, ...options }: PaperJob): Promise<void> {
  try {
    const profile = useEngine(engine);
    let last = Number.NEGATIVE_INFINITY;
    await reproduce(await paperNamed(slug), {
      ...options,
      progress(what, done) {
        if (performance.now() - last < tickMs) return;
        last = performance.now();
        send({ kind: 'event', event: { type: 'tick', what, done } });
      },
      onClaim: (claim, { figures, tables }) =>
        send({ kind: 'event', event: { type: 'measured', claim, figures, tables, profile } }),
    });
    send({ kind: 'done' });
  } catch (error) {
    send({ kind: 'failed', failure: failureOf(error) });
  }
}

parentPort!.on('message', (job: PaperJob) => void work(job));
