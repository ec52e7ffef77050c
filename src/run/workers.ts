/** Jobs in worker threads of Node: one backend per worker, the data shared. */
import type { Dataset } from '../data/index.ts';
import type { EngineSettings } from './engine-settings.ts';
import type { JobEvent, JobSpec } from './job.ts';
import { inThreads } from './pool.ts';
import type { Runner } from './runner.ts';
import { sharedDataset } from './shared.ts';

/** What every worker is started with. */
export interface WorkerSetup {
  readonly set: Dataset;
  readonly engine: EngineSettings;
}

/** A runner over up to `count` worker threads. */
export const inWorkers =
  (setup: WorkerSetup, count: number): Runner =>
  (jobs, signal) => {
    const workerData: WorkerSetup = { ...setup, set: sharedDataset(setup.set) };
    return inThreads<JobSpec, JobEvent>(jobs, { file: workerFile(), workerData, count, signal });
  };

/** The worker's file: beside this source, and in dist/run of the built package, whose files all stand one folder below dist. */
const workerFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : '../run/worker.js', import.meta.url);
