/** What a search has tried, as plain data: the record of a trial, where records are kept, and which trial is the best. */
import { ConfigError } from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import type { Budget } from '../methods/learner.ts';
import type { FitOutcome } from './fit.ts';
import type { Hyper } from './space.ts';

/** One fit of one learner with one choice of hyper-parameters; loss and accuracy are those of held-out training rows. */
export interface TrialRecord extends FitOutcome {
  readonly type: 'trial';
  /** Name of the learner. */
  readonly rule: string;
  /** Its place in the search, from 0. */
  readonly trial: number;
  /** Round of successive halving; 0 in other searches. */
  readonly rung: number;
  readonly hyper: Hyper;
  readonly budget: Budget;
  readonly key: KeyWords;
}

/** One fit of a learner with its best hyper-parameters; loss and accuracy are those of the test rows. */
export interface RunRecord extends FitOutcome {
  readonly type: 'run';
  readonly rule: string;
  readonly run: number;
  readonly hyper: Hyper;
  readonly budget: Budget;
  readonly key: KeyWords;
}

export type StoredRecord = TrialRecord | RunRecord;

/** Everything that decides the trials of a search, as plain data; two searches with equal ones try and find the same. */
export type Study = Readonly<Record<string, unknown>>;

/** Keeps records, so that a search that was stopped goes on with the trial it had not finished. */
export interface TrialStore {
  /** Hands out what was kept of this study; refuses records of another one. */
  open(study: Study): Promise<readonly StoredRecord[]>;
  append(record: StoredRecord): Promise<void>;
}

export interface TrialStoreOptions {
  /** What to do with the records of another study: refuse (default), or begin afresh. */
  readonly onOther?: 'refuse' | 'replace';
}

/** A store in memory. */
export function memoryTrials(options: TrialStoreOptions = {}): TrialStore {
  let text: string | null = null;
  const kept: Text = {
    read: async () => text,
    async write(next) {
      text = next;
    },
  };
  return textStore(kept, options);
}

/** A store in a file of JSON lines, the study first (Node). Every write is the old file or the new one, never half of it. */
export const fileTrials = (path: string, options: TrialStoreOptions = {}): TrialStore =>
  textStore(
    {
      async read() {
        const { exists, readBytes } = await import('./files.ts');
        return (await exists(path)) ? new TextDecoder().decode(await readBytes(path)) : null;
      },
      async write(text) {
        const { writeAtomic } = await import('./files.ts');
        await writeAtomic(path, text);
      },
    },
    options,
  );

interface Text {
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
}

function textStore({ read, write }: Text, { onOther = 'refuse' }: TrialStoreOptions): TrialStore {
  let lines: string[] = [];
  return {
    async open(study) {
      const head = JSON.stringify({ type: 'study', ...study });
      const [first, ...rest] = ((await read()) ?? '').split('\n').filter((line) => line !== '');
      const isOther = first !== undefined && first !== head;
      if (isOther && onOther === 'refuse') throw otherStudy(first, head);
      lines = [head, ...(isOther ? [] : rest)];
      return lines.slice(1).map((line) => JSON.parse(line) as StoredRecord);
    },
    async append(record) {
      lines.push(JSON.stringify(record));
      await write(`${lines.join('\n')}\n`);
    },
  };
}

/** Names the first thing in which two studies differ. */
function otherStudy(written: string, now: string): ConfigError {
  const [a, b] = [fieldsOf(written), fieldsOf(now)];
  const field = [...Object.keys(b), ...Object.keys(a)].find((k) => JSON.stringify(a[k]) !== JSON.stringify(b[k]));
  const show = (x: unknown) => String(JSON.stringify(x)).slice(0, 80);
  return new ConfigError(
    `the stored trials belong to another search: ${field} was ${show(a[field!])} and is ${show(b[field!])}`,
    { field, help: 'give another file, or the settings that the search was started with' },
  );
}

function fieldsOf(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** What trials are ordered by: the loss on held-out rows, or the accuracy there. */
export type Metric = 'loss' | 'accuracy';

/** Trials from the best to the worst: one that diverged comes last, a tie goes to the one tried first. */
export const ranked = (trials: readonly TrialRecord[], metric: Metric): TrialRecord[] =>
  [...trials].sort((a, b) => badness(a, metric) - badness(b, metric) || a.trial - b.trial);

function badness({ loss, accuracy, status }: TrialRecord, metric: Metric): number {
  if (status === 'diverged' || loss === null) return Number.MAX_VALUE;
  if (metric === 'loss') return loss;
  if (accuracy !== null) return -accuracy;
  throw new ConfigError('a task without classes has no accuracy to choose by', { metric, help: "use metric: 'loss'" });
}
