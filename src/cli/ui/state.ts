/** What the live display knows of a comparison, as a pure function of the events so far. */
import type { Event, StartEvent } from '../../run/schema.ts';

export interface RunState {
  readonly seed: number;
  /** From 0 to 1. */
  readonly fraction: number;
  readonly loss: number | null;
  /** A shortened history of the loss. */
  readonly losses: History;
  readonly accuracy: number | null;
  /** What the run itself has taken; runs of several rules may take turns. */
  readonly seconds: number;
  readonly isDone: boolean;
}

export interface RuleState {
  readonly rule: string;
  readonly runs: readonly RunState[];
  readonly skipped: string | null;
  /** Hyper-parameters tried before the runs. */
  readonly trials: number;
  /** Milliseconds, by the clock of the display. */
  readonly startedAt: number | null;
  readonly movedAt: number | null;
  readonly endedAt: number | null;
}

export interface UiState {
  readonly start: StartEvent | null;
  readonly startedAt: number;
  readonly rules: readonly RuleState[];
}

/** Values averaged over `stride` neighbours, so that a long run keeps a short history. */
export interface History {
  readonly values: readonly (number | null)[];
  readonly stride: number;
  readonly pending: readonly (number | null)[];
}

const historyLength = 96;
const emptyHistory: History = { values: [], stride: 1, pending: [] };
const emptyRun = (seed: number): RunState => ({
  seed,
  fraction: 0,
  loss: null,
  losses: emptyHistory,
  accuracy: null,
  seconds: 0,
  isDone: false,
});
const emptyRule = (rule: string): RuleState => ({
  rule,
  runs: [],
  skipped: null,
  trials: 0,
  startedAt: null,
  movedAt: null,
  endedAt: null,
});

/** The state before the first event. */
export const emptyState = (now: number): UiState => ({ start: null, startedAt: now, rules: [] });

/** The state after one more event that came at `now` (milliseconds). */
export function advance(state: UiState, event: Event, now: number): UiState {
  switch (event.type) {
    case 'start':
      return { ...state, start: event, startedAt: now, rules: event.rules.map(emptyRule) };
    case 'skip':
      return withRule(state, event.rule, (r) => ({ ...r, skipped: event.reason }));
    case 'trial':
      return withRule(state, event.rule, (r) => ({ ...r, trials: r.trials + 1 }));
    case 'progress':
      return withRun(state, event, now, (run) => ({
        ...run,
        fraction: event.steps > 0 ? Math.min(1, event.step / event.steps) : run.fraction,
        loss: event.loss,
        losses: remember(run.losses, event.loss),
      }));
    case 'epoch':
      return withRun(state, event, now, (run) => ({
        ...run,
        fraction: epochFraction(state, event.epoch, run),
        loss: event.loss,
        accuracy: event.accuracy,
        seconds: event.seconds,
      }));
    case 'result':
      return withRun(state, event, now, (run) => ({
        ...run,
        fraction: 1,
        loss: event.loss,
        accuracy: event.accuracy,
        seconds: event.seconds,
        isDone: true,
      }));
    default:
      return state;
  }
}

/** Epochs say how far a run is only where epochs are the budget; `progress` lines always do. */
function epochFraction({ start }: UiState, epoch: number, run: RunState): number {
  if (start?.budget.kind !== 'epochs') return run.fraction;
  return Math.max(run.fraction, Math.min(1, epoch / start.budget.value));
}

function withRule(state: UiState, rule: string, change: (r: RuleState) => RuleState): UiState {
  const known = state.rules.some((r) => r.rule === rule);
  const rules = known ? state.rules : [...state.rules, emptyRule(rule)];
  return { ...state, rules: rules.map((r) => (r.rule === rule ? change(r) : r)) };
}

function withRun(
  state: UiState,
  at: { rule: string; seed: number },
  now: number,
  change: (run: RunState) => RunState,
): UiState {
  return withRule(state, at.rule, (r) => {
    const old = r.runs.find((run) => run.seed === at.seed) ?? emptyRun(at.seed);
    const runs = [...r.runs.filter((run) => run.seed !== at.seed), change(old)]; // the one that moved last stands last
    const isDone = runs.length >= seedsOf(state) && runs.every((run) => run.isDone);
    return { ...r, runs, startedAt: r.startedAt ?? now, movedAt: now, endedAt: isDone ? now : null };
  });
}

/** Adds a value (null where it is not finite); when the history is full, neighbours are averaged in pairs. */
export function remember(history: History, value: number | null): History {
  const pending = [...history.pending, value !== null && Number.isFinite(value) ? value : null];
  if (pending.length < history.stride) return { ...history, pending };
  const values = [...history.values, knownMean(pending)];
  if (values.length < historyLength) return { ...history, values, pending: [] };
  const halved = Array.from({ length: historyLength / 2 }, (_, i) => knownMean(values.slice(2 * i, 2 * i + 2)));
  return { values: halved, stride: 2 * history.stride, pending: [] };
}

/** The mean of what is known; null where nothing is. */
function knownMean(values: readonly (number | null)[]): number | null {
  const known = values.filter((v) => v !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
}

/** Number of seeds each rule is run with. */
export const seedsOf = (state: UiState): number => Math.max(1, state.start?.seeds.length ?? 1);

/** How much of a rule is done, 0 to 1, over all its seeds; a skipped rule is done. */
export const ruleFraction = (state: UiState, rule: RuleState): number =>
  rule.skipped === null ? rule.runs.reduce((sum, run) => sum + run.fraction, 0) / seedsOf(state) : 1;

/** How much of the whole comparison is done, 0 to 1, skipped rules left aside. */
export function totalFraction(state: UiState): number {
  const counted = state.rules.filter((r) => r.skipped === null);
  return knownMean(counted.map((r) => ruleFraction(state, r))) ?? 0;
}

/** Milliseconds left, from the pace so far; null before there is a pace to go by. */
export function remainingMs(state: UiState, now: number): number | null {
  const done = totalFraction(state);
  const elapsed = now - state.startedAt;
  return done < 0.02 || elapsed < 1000 ? null : (elapsed * (1 - done)) / done;
}

/** The mean accuracy over the seeds that have one. */
export const accuracyOf = (rule: RuleState): number | null => knownMean(rule.runs.map((run) => run.accuracy));
