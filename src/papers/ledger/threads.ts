/** Papers in worker threads of Node: a claim that computes for minutes stops neither the display nor Ctrl-C. */
import type { EngineSettings, ProfileInUse } from '../../run/engine-settings.ts';
import { inThreads, type PoolReport } from '../../run/pool.ts';
import type { ClaimEvent } from '../../run/schema.ts';
import type { Scale } from './claim.ts';
import type { Figure, Table } from './lab.ts';

/** A paper to be measured, as plain data. */
export interface PaperJob {
  readonly slug: string;
  readonly scale: Scale;
  readonly seed: number;
  /** Ids of the claims to measure. */
  readonly only: readonly string[];
  readonly engine: EngineSettings;
}

/** What a paper reports: how far it is, and every claim with all pictures and tables so far. */
export type PaperEvent =
  | { readonly type: 'tick'; readonly what: string; readonly done: number | null }
  | {
      readonly type: 'measured';
      readonly claim: ClaimEvent;
      readonly figures: readonly Figure[];
      readonly tables: readonly Table[];
      readonly profile: ProfileInUse;
    };

/** Measures papers in up to `count` worker threads. */
export const inPaperThreads = (
  jobs: readonly PaperJob[],
  count: number,
  signal?: AbortSignal,
): AsyncGenerator<PoolReport<PaperEvent>> =>
  inThreads<PaperJob, PaperEvent>(jobs, { file: workerFile(), count, signal });

/** The worker's file: beside this source, and in dist/papers of the built package, whose files all stand one folder below dist. */
const workerFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : '../papers/worker.js', import.meta.url);
