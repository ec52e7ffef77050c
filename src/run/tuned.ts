/** Learning claims in one call: every learner tuned with the same number of trials, then run from several starts and measured on the test rows. */
import { foldIn } from '../engine/threefry.ts';
import { backprop } from '../methods/backprop.ts';
import type { Budget } from '../methods/learner.ts';
import { type MeanInterval, meanInterval } from '../stats/index.ts';
import { fitOnce } from './fit.ts';
import { type RuleChoice, type RuleSetting, ruleCandidate } from './rule-candidate.ts';
import { memoryTrials, type RunRecord } from './trials.ts';
import { type Candidate, studyOf, type Tuned, type TuneOptions, tune } from './tuner.ts';

export interface TuneAndRunOptions extends TuneOptions {
  /** Fits of each learner with its best hyper-parameters; fit i starts from the same key for every learner. */
  readonly runs: number;
  /** Of one such fit; the budget of a trial unless said. */
  readonly runBudget?: Budget;
  /** Told of every run. */
  readonly onRun?: (run: RunRecord) => void;
}

/** A learner at its best: hyper-parameters chosen on held-out training rows, measured on test rows. */
export interface TunedResult {
  readonly runs: readonly RunRecord[];
  readonly loss: MeanInterval;
  readonly accuracy: MeanInterval;
  /** Runs that ended without a finite loss; they are left out of the means. */
  readonly diverged: number;
}

export interface TunedComparison {
  readonly tuned: Tuned;
  /** By the candidate's id. */
  readonly results: Readonly<Record<string, TunedResult>>;
}

/** Folded into the key of a search. */
const RUNS = 4;

/** Tunes every learner with equal trials and budgets, then fits each `runs` times on all training rows and measures it on the test rows. */
export async function tuneAndRun(options: TuneAndRunOptions): Promise<TunedComparison> {
  const store = options.store ?? memoryTrials();
  const tuned = await tune({ ...options, store });
  const known = (await store.open(studyOf(options))).filter((record) => record.type === 'run');
  const results: Record<string, TunedResult> = {};
  for (const candidate of options.learners) {
    const runs: RunRecord[] = [];
    for (let i = 0; i < options.runs; i++) {
      const plan = planOf(candidate, i, tuned, options);
      const before = known.find((record) => isOf(record, plan));
      const record = before ?? { ...plan, ...(await fitted(candidate, plan, options)) };
      if (before === undefined) await store.append(record);
      options.onRun?.(record);
      runs.push(record);
    }
    results[candidate.id] = summaryOf(runs);
  }
  return { tuned, results };
}

export interface AgainstBackpropOptions extends Omit<TuneAndRunOptions, 'learners'>, RuleSetting {
  readonly rules: readonly RuleChoice[];
  /** Learners that are no rule, tuned beside them. */
  readonly learners?: readonly Candidate[];
}

/** `tuneAndRun` for rules on one model, with backprop tuned beside them by the same number of trials over the same learning rates as the first rule. */
export function againstBackprop({
  rules,
  learners = [],
  ...options
}: AgainstBackpropOptions): Promise<TunedComparison> {
  const candidates = rules.map((choice) => ruleCandidate(choice, options));
  const { learningRate } = (candidates[0] ?? ruleCandidate({ rule: backprop }, options)).space;
  const baseline = ruleCandidate({ rule: () => backprop(), space: { learningRate: learningRate! } }, options);
  const hasOwn = candidates.some(({ id }) => id === baseline.id);
  return tuneAndRun({ ...options, learners: [...(hasOwn ? [] : [baseline]), ...candidates, ...learners] });
}

type Plan = Pick<RunRecord, 'type' | 'rule' | 'run' | 'hyper' | 'budget' | 'key'>;

const planOf = ({ id }: Candidate, run: number, tuned: Tuned, options: TuneAndRunOptions): Plan => ({
  type: 'run',
  rule: id,
  run,
  hyper: tuned.best[id]!.hyper,
  budget: options.runBudget ?? options.budget,
  key: foldIn(foldIn(options.key, RUNS), run),
});

const isOf = (record: RunRecord, plan: Plan): boolean =>
  Object.entries(plan).every(([k, v]) => JSON.stringify(record[k as keyof Plan]) === JSON.stringify(v));

function fitted(candidate: Candidate, { hyper, budget, key }: Plan, { task, signal }: TuneAndRunOptions) {
  signal?.throwIfAborted();
  return fitOnce(candidate.make(hyper, { task, budget }), { task, budget, key, signal });
}

const summaryOf = (runs: readonly RunRecord[]): TunedResult => ({
  runs,
  loss: meanInterval(runs.flatMap(({ loss }) => (loss === null ? [] : [loss]))),
  accuracy: meanInterval(runs.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]))),
  diverged: runs.filter(({ status }) => status === 'diverged').length,
});
