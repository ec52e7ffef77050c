/** Experiments: tasks, learners, jobs and where they run, comparisons, tuning, checkpoints, reports. */
export { Meter, type Spending } from './budget.ts';
export { type Checkpoint, type CheckpointHeader, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export { type CompareOptions, compare } from './compare.ts';
export { Diagnostics, type StatisticsOptions } from './diagnose.ts';
export { type CreditStatistics, creditStatistics, type InnerProducts } from './diagnose-statistics.ts';
export { type CreditTrace, type TraceCreditOptions, traceCredit } from './diagnose-training.ts';
export { type EngineSettings, useEngine } from './engine-settings.ts';
export { type Evaluation, Evaluator } from './evaluate.ts';
export { type FitOptions, type FitOutcome, fitOnce } from './fit.ts';
export { type JobEvent, type JobSpec, learnerOf, runJob } from './job.ts';
export { buildModel, models } from './models.ts';
export { buildOptimizer, type OptimizerSpec, optimizers } from './optimizers.ts';
export { renderReport, writeReport } from './report.ts';
export { type RuleChoice, type RuleSetting, ruleCandidate } from './rule-candidate.ts';
export { type RuleLearnerOptions, ruleLearner } from './rule-learner.ts';
export { openRunStore, type RunFile, readCheckpoint, readRunFile, writeRunFile } from './run-store.ts';
export { inProcess, type JobReport, type Runner } from './runner.ts';
export { type PairedTestOptions, pairedTests, type RunMeasure } from './significance.ts';
export {
  type Dimension,
  gridPoints,
  type Hyper,
  type HyperValue,
  linearScale,
  logGrid,
  logScale,
  oneOf,
  randomPoints,
  type Space,
  wholeScale,
} from './space.ts';
export { loadTask, type Task, taskOf, withHoldout } from './task.ts';
export {
  type Timed,
  type TimeRatio,
  type Timing,
  type TimingOptions,
  type TimingReport,
  timeInterleaved,
} from './timing.ts';
export {
  type CheckpointStore,
  type Every,
  type RunConfig,
  type TrainEvent,
  type TrainOptions,
  train,
} from './train.ts';
export { Trainer, type TrainerOptions, type TrainState } from './trainer.ts';
export {
  fileTrials,
  type Metric,
  memoryTrials,
  type RunRecord,
  type StoredRecord,
  type Study,
  type TrialRecord,
  type TrialStore,
  type TrialStoreOptions,
} from './trials.ts';
export {
  type AgainstBackpropOptions,
  againstBackprop,
  type TuneAndRunOptions,
  type TunedComparison,
  type TunedResult,
  tuneAndRun,
} from './tuned.ts';
export { type Best, type Candidate, type SearchKind, type Tuned, type TuneOptions, tune } from './tuner.ts';
export { type TuneJobsOptions, tuneJobs } from './tuner-jobs.ts';
export { inWorkers, type WorkerSetup } from './workers.ts';
