/** Where jobs run: here, one after the other, or in workers. */
import type { JobEvent, JobSpec } from './job.ts';

/** What a job reports; `job` is its place in the list. */
export interface JobReport {
  readonly job: number;
  readonly event: JobEvent;
}

/** Runs jobs and merges what they report; the results do not depend on where they run. */
export type Runner = (jobs: readonly JobSpec[], signal?: AbortSignal) => AsyncGenerator<JobReport>;

/** One job after the other in this thread. */
export const inProcess = (run: (spec: JobSpec, signal?: AbortSignal) => AsyncGenerator<JobEvent>): Runner =>
  async function* (jobs, signal) {
    for (const [job, spec] of jobs.entries()) for await (const event of run(spec, signal)) yield { job, event };
  };
