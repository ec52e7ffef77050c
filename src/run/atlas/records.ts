/** What an atlas keeps of a task: one file of JSON lines, the settings first, then trials, runs with their curves, and refusals (Node for files). */
import { DataError } from '../../engine/errors.ts';
import type { Budget } from '../../methods/learner.ts';
import type { StartEvent } from '../schema.ts';
import type { Metric, RunRecord, TrialRecord, TrialStore } from '../trials.ts';
import type { Place, Refusal } from './placement.ts';

/** Everything that decides the cells of a task, and where they were measured. */
export interface AtlasHead {
  readonly type: 'atlas';
  readonly formatVersion: 1;
  readonly task: string;
  readonly title: string;
  readonly rows: { readonly train: number; readonly test: number };
  /** Fingerprint of the training rows. */
  readonly data: string;
  readonly trials: number;
  readonly budget: Budget;
  /** A fit takes at most so many times the FLOPs of backprop's. */
  readonly most: number;
  readonly batch: number;
  readonly optimizer: string;
  /** What chose the rate, on held-out training rows. */
  readonly metric: Metric;
  readonly seed: number;
  /** Measurements along a run, besides the one before it. */
  readonly points: number;
  /** Rows that credit and gradient are compared on. */
  readonly probe: number;
  readonly profile: string;
  readonly machine: StartEvent['machine'];
  readonly version: string;
}

/** A measurement along a run. */
export interface AtlasPoint {
  readonly samples: number;
  readonly loss: number | null;
  readonly accuracy: number | null;
  /** Layer by layer; empty for learners that assign no credit. */
  readonly angleDeg: readonly (number | null)[];
  readonly normRatio: readonly (number | null)[];
}

/** A trial of one cell. */
export type AtlasTrial = TrialRecord & { readonly model: string };

/** A run of one cell with the best rate. */
export interface AtlasRun extends RunRecord {
  readonly model: string;
  readonly peakBytes: number;
  /** Names of the layers that angles belong to. */
  readonly layers: readonly string[];
  /** Whether the rate is an end of the range: a better one may lie beyond. */
  readonly isEdge: boolean;
  readonly points: readonly AtlasPoint[];
}

/** A rule that has no cell in this task, and why. */
export interface AtlasRefusal extends Refusal {
  readonly type: 'refusal';
}

export type AtlasRecord = AtlasTrial | AtlasRun | AtlasRefusal;

/** The atlas of one task. */
export interface AtlasFile {
  readonly head: AtlasHead;
  readonly records: readonly AtlasRecord[];
}

/** May differ when an atlas goes on: where it was measured is told of its beginning. */
const circumstances: readonly string[] = ['machine', 'version'];

/** Records of one task in a file that is always whole. */
export class AtlasStore {
  readonly #path: string;
  readonly #head: AtlasHead;
  #records: AtlasRecord[];

  private constructor(path: string, { head, records }: AtlasFile) {
    this.#path = path;
    this.#head = head;
    this.#records = [...records];
  }

  /** Takes up the file, or begins one; refuses a file of other settings. */
  static async open(path: string, head: AtlasHead): Promise<AtlasStore> {
    const known = await readAtlasFile(path);
    if (known !== null) refuseOther(known.head, head, path);
    return new AtlasStore(path, known ?? { head, records: [] });
  }

  get records(): readonly AtlasRecord[] {
    return this.#records;
  }

  /** The trials of a cell, as the tuner keeps them. */
  trialsOf({ rule, model }: Place): TrialStore {
    return {
      open: async () => this.#records.filter((r): r is AtlasTrial => r.type === 'trial' && isOf(r, { rule, model })),
      append: (record) => this.add({ ...(record as TrialRecord), model }),
    };
  }

  runsOf(place: Place): AtlasRun[] {
    return this.#records.filter((r): r is AtlasRun => r.type === 'run' && isOf(r, place));
  }

  /** Drops the records of a cell that were made with another budget or at rates that are tried no more. */
  keepOnly({ rule, model }: Place, budget: Budget, rates: readonly number[]): void {
    this.#records = this.#records.filter((record) => {
      if (record.type === 'refusal' || !isOf(record, { rule, model })) return true;
      return record.budget.value === budget.value && rates.includes(record.hyper.learningRate as number);
    });
  }

  /** Drops everything about some rules, so that they are measured again. */
  forget(rules: readonly string[]): void {
    this.#records = this.#records.filter(({ rule }) => !rules.includes(rule));
  }

  /** Keeps a record; a run takes the place of an earlier one from the same start, a refusal the place of an earlier one of the same rule. */
  async add(record: AtlasRecord): Promise<void> {
    this.#records = [...this.#records.filter((known) => !isReplaced(known, record)), record];
    const { writeAtomic } = await import('../files.ts');
    await writeAtomic(
      this.#path,
      [this.#head, ...this.#records].map((r) => `${JSON.stringify(r, shortened)}\n`).join(''),
    );
  }
}

const isOf = (record: Place, { rule, model }: Place): boolean => record.rule === rule && record.model === model;

function isReplaced(known: AtlasRecord, by: AtlasRecord): boolean {
  if (by.type === 'refusal') return known.type === 'refusal' && known.rule === by.rule;
  return by.type === 'run' && known.type === 'run' && isOf(known, by) && known.run === by.run;
}

/** Curves and seconds need no more than six digits; rates and keys stay as they are. */
function shortened(key: string, value: unknown): unknown {
  const isShort = key === 'seconds' || key === 'loss' || key === 'accuracy';
  if (isShort && typeof value === 'number') return Number(value.toPrecision(6));
  if ((key === 'angleDeg' || key === 'normRatio') && Array.isArray(value))
    return value.map((v) => (typeof v === 'number' ? Number(v.toPrecision(4)) : v));
  return value;
}

/** Reads the atlas of a task; null where there is none. */
export async function readAtlasFile(path: string): Promise<AtlasFile | null> {
  const { exists, readBytes } = await import('../files.ts');
  if (!(await exists(path))) return null;
  const lines = new TextDecoder().decode(await readBytes(path)).split('\n');
  const [head, ...records] = lines.filter((line) => line !== '').map((line) => parsed(line, path));
  if (head?.type !== 'atlas' || head.formatVersion !== 1)
    throw new DataError(`${path} is not the atlas of a task`, {
      file: path,
      found: head?.type ?? null,
      help: 'cotangent atlas writes such files; remove it, or give another folder by --out',
    });
  return { head: head as unknown as AtlasHead, records: records as unknown as AtlasRecord[] };
}

function parsed(line: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw new DataError(`${file} holds a line that is not JSON: ${line.slice(0, 60)}`, { file });
  }
}

function refuseOther(written: AtlasHead, now: AtlasHead, path: string): void {
  for (const key of Object.keys(now) as (keyof AtlasHead)[]) {
    const [before, after] = [JSON.stringify(written[key]), JSON.stringify(now[key])];
    if (before === after || circumstances.includes(key)) continue;
    throw new DataError(`${path} was begun with ${key} ${before}, and now it is ${after}`, {
      file: path,
      key,
      help: 'give the settings it was begun with, or another folder by --out',
    });
  }
}
