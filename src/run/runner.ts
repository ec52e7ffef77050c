/** Where jobs run: here, one after the other, or in workers. */
import type { JobEvent, JobSpec } from './job.ts';

/** Runs jobs and merges what they report. */
export type Runner = (jobs: readonly JobSpec[], signal?: AbortSignal) => AsyncGenerator<JobEvent>;

/** One job after the other in this thread. */
export const inProcess = (run: (spec: JobSpec, signal?: AbortSignal) => AsyncGenerator<JobEvent>): Runner =>
  async function* (jobs, signal) {
    for (const job of jobs) yield* run(job, signal);
  };
