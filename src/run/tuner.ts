/** The tuner: for every learner the same number of trials with the same budget, chosen by held-out training rows, never by the test rows. */
import { defaultDtype } from '../engine/dtype.ts';
import { backend, ConfigError } from '../engine/index.ts';
import { foldIn, type KeyWords } from '../engine/threefry.ts';
import type { Budget, Learner } from '../methods/learner.ts';
import { fnv1a } from './checkpoint.ts';
import { type FitOutcome, fitOnce } from './fit.ts';
import { checkSpace, edgesOf, gridPoints, type Hyper, randomPoints, type Space } from './space.ts';
import { type Task, withHoldout } from './task.ts';
import { type Metric, memoryTrials, ranked, type Study, type TrialRecord, type TrialStore } from './trials.ts';

/** A learner whose hyper-parameters are to be found. */
export interface Candidate {
  /** Name in records and results; two candidates may not share one. */
  readonly id: string;
  readonly space: Space;
  /** Makes the learner for one choice of hyper-parameters. `steps` are the updates of the whole budget for schedules, null where they are not known. */
  make(hyper: Hyper, fit: { readonly task: Task; readonly budget: Budget }): Learner<unknown>;
  /** What it is besides its hyper-parameters: part of what a stored search is recognised by. */
  readonly detail?: string;
}

/** `grid` for one or two dimensions, `random` for more; `halving` begins with random points and gives the better third three times the budget, round by round. */
export type SearchKind = 'grid' | 'random' | 'halving';

export interface TuneOptions {
  readonly task: Task;
  readonly learners: readonly Candidate[];
  /** Choices of hyper-parameters tried for every learner. */
  readonly trials: number;
  /** Of one trial; of one in the last round of `halving`. */
  readonly budget: Budget;
  /** Decides the random points, the held-out rows and the fits; every trial starts from the same parameters and sees the same batches. */
  readonly key: KeyWords;
  /** `grid` unless said. */
  readonly kind?: SearchKind;
  /** What decides; the loss unless said: the accuracy picks runs that are about to diverge. */
  readonly metric?: Metric;
  /** Share of the training rows that trials are measured on; 0.1 unless said. */
  readonly holdout?: number;
  /** Keeps trials, so that a stopped search goes on where it was. */
  readonly store?: TrialStore;
  readonly signal?: AbortSignal | undefined;
  /** Told of every trial, also of those that were taken from the store. */
  readonly onTrial?: (trial: TrialRecord) => void;
}

/** What was found for one learner. */
export interface Best {
  readonly hyper: Hyper;
  readonly trial: TrialRecord;
  /** Dimensions whose best value is an end of its range: the range may be too narrow. */
  readonly edges: readonly string[];
  /** Whether every trial diverged; `hyper` is then the first one tried. */
  readonly isDiverged: boolean;
}

export interface Tuned {
  /** By the candidate's id. */
  readonly best: Readonly<Record<string, Best>>;
  readonly trials: readonly TrialRecord[];
}

/** Folded into the key of a search. */
const HOLDOUT = 1;
const POINTS = 2;
const FIT = 3;
/** Factor between rounds of successive halving. */
const ETA = 3;

/**
 * Searches the hyper-parameters of every learner with equal numbers of trials and equal budgets.
 * Trials that a store already holds are not run again: a search that was killed ends with the same result to the bit, save for measured seconds.
 * Source of `halving`: Jamieson, Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, AISTATS 2016.
 */
export async function tune(options: TuneOptions): Promise<Tuned> {
  const search = new Search(options);
  await search.begin();
  const best: Record<string, Best> = {};
  for (const candidate of options.learners) best[candidate.id] = await search.bestOf(candidate);
  return { best, trials: search.trials };
}

class Search {
  readonly trials: TrialRecord[] = [];
  readonly #options: TuneOptions;
  readonly #store: TrialStore;
  readonly #held: Task;
  readonly #metric: Metric;
  readonly #key: KeyWords;
  #known = new Map<string, TrialRecord>();

  constructor(options: TuneOptions) {
    const { task, holdout = 0.1, key, metric = 'loss', store = memoryTrials() } = options;
    requireDistinct(options.learners);
    for (const { space } of options.learners) pointsOf(space, options);
    if (metric === 'accuracy' && !task.isClassification)
      throw new ConfigError(`${task.name} has no accuracy to choose by`, { metric, help: "use metric: 'loss'" });
    this.#options = options;
    this.#store = store;
    this.#metric = metric;
    this.#held = withHoldout(task, holdout, foldIn(key, HOLDOUT));
    this.#key = foldIn(key, FIT);
    // A learner that refuses its task does so here, before any work.
    for (const candidate of options.learners)
      candidate.make(pointsOf(candidate.space, options)[0]!, { task: this.#held, budget: options.budget });
  }

  async begin(): Promise<void> {
    const records = await this.#store.open(studyOf(this.#options));
    this.#known = new Map(records.filter((r) => r.type === 'trial').map((r) => [idOf(r.rule, r.rung, r.trial), r]));
  }

  async bestOf(candidate: Candidate): Promise<Best> {
    const { kind = 'grid', budget } = this.#options;
    const points = pointsOf(candidate.space, this.#options).map((hyper, trial) => ({ hyper, trial }));
    const rounds = kind === 'halving' ? Math.floor(Math.log(points.length) / Math.log(ETA) + 1e-9) : 0;
    let left = points;
    for (let rung = 0; ; rung++) {
      const share: Budget = { ...budget, value: budget.value / ETA ** (rounds - rung) };
      const done: TrialRecord[] = [];
      for (const { hyper, trial } of left)
        done.push(await this.#trial(candidate, { hyper, trial, rung, budget: share }));
      const order = ranked(done, this.#metric);
      if (rung === rounds) return found(candidate, order[0]!);
      left = order.slice(0, Math.max(1, Math.floor(order.length / ETA))).map((r) => points[r.trial]!);
    }
  }

  async #trial(
    candidate: Candidate,
    what: Pick<TrialRecord, 'hyper' | 'trial' | 'rung' | 'budget'>,
  ): Promise<TrialRecord> {
    const { signal, onTrial } = this.#options;
    signal?.throwIfAborted();
    const known = this.#known.get(idOf(candidate.id, what.rung, what.trial));
    const record = known ?? (await this.#run(candidate, what));
    if (known === undefined) await this.#store.append(record);
    this.trials.push(record);
    onTrial?.(record);
    return record;
  }

  async #run(
    candidate: Candidate,
    what: Pick<TrialRecord, 'hyper' | 'trial' | 'rung' | 'budget'>,
  ): Promise<TrialRecord> {
    const { budget, hyper } = what;
    const [task, key] = [this.#held, this.#key];
    const learner = candidate.make(hyper, { task, budget });
    const outcome: FitOutcome = await fitOnce(learner, { task, budget, key, signal: this.#options.signal });
    return { type: 'trial', rule: candidate.id, ...what, key, ...outcome };
  }
}

const idOf = (rule: string, rung: number, trial: number): string => `${rung} ${trial} ${rule}`;

const found = (candidate: Candidate, trial: TrialRecord): Best => ({
  hyper: trial.hyper,
  trial,
  edges: edgesOf(candidate.space, trial.hyper),
  isDiverged: trial.status === 'diverged',
});

function pointsOf(space: Space, { trials, kind = 'grid', key }: TuneOptions): Hyper[] {
  checkSpace(space, trials);
  return kind === 'grid' ? gridPoints(space, trials) : randomPoints(space, trials, foldIn(key, POINTS));
}

function requireDistinct(learners: readonly Candidate[]): void {
  const ids = learners.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) < i);
  if (ids.length > 0 && twice === undefined) return;
  throw new ConfigError(ids.length === 0 ? 'there is nothing to tune' : `two learners are named ${twice}`, {
    ids,
    help: 'give every candidate an id of its own',
  });
}

/** What a stored search is recognised by. */
export function studyOf(options: TuneOptions): Study {
  const { task, learners, trials, budget, key, kind = 'grid', holdout = 0.1 } = options;
  return {
    task: task.name,
    data: fnv1a(bytesOf(task.train.x)) + fnv1a(bytesOf(task.train.y)),
    learners: learners.map(({ id, space, detail = '' }) => ({ id, space, detail })),
    trials,
    kind,
    budget,
    holdout,
    key,
    profile: backend().profile,
    dtype: defaultDtype(),
  };
}

const bytesOf = (a: ArrayBufferView): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
