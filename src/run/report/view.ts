/** What a report shows, computed from the events: rules with their results, and series with a band over the seeds. */
import { seriesColors, seriesDash } from '../../plot/palette.ts';
import type {
  Budget,
  CompareSummary,
  EpochEvent,
  ErrorEvent,
  Event,
  Interval,
  ResultEvent,
  RuleSummary,
  SkipEvent,
  StartEvent,
} from '../schema.ts';

/** Mean, lowest and highest over the seeds that have a value; n of them. */
export interface Band {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/** Where a point stands: all four ways of measuring how far a run has come, as means over seeds. */
export interface Position {
  readonly rule: string;
  readonly epoch: number;
  readonly samples: number;
  readonly flops: number;
  readonly seconds: number;
}

export interface CurvePoint extends Position {
  readonly accuracy: Band | null;
  readonly loss: Band | null;
  readonly trainLoss: Band | null;
}

export interface LayerPoint extends Position {
  readonly layer: number;
  readonly angleDeg: Band | null;
  readonly normRatio: Band | null;
}

export interface RuleView extends RuleSummary {
  /** Index into the series colours. */
  readonly color: number;
  readonly dash: string;
  readonly runs: readonly ResultEvent[];
  /** Number of runs that ended without a finite loss. */
  readonly diverged: number;
}

export interface ReportView {
  readonly task: string;
  readonly model: string;
  readonly budget: Budget | null;
  readonly layers: readonly string[];
  readonly start: StartEvent | null;
  /** In the order in which they were asked for. */
  readonly rules: readonly RuleView[];
  readonly curve: readonly CurvePoint[];
  readonly layerCurve: readonly LayerPoint[];
  readonly skipped: readonly SkipEvent[];
  readonly errors: readonly ErrorEvent[];
}

/** Gathers the events of one comparison, also of one that was cut short. */
export function reportView(events: readonly Event[]): ReportView {
  const start = events.find((e) => e.type === 'start') ?? null;
  const summary = events.findLast((e): e is CompareSummary => e.type === 'summary' && 'rules' in e) ?? null;
  const epochs = events.filter((e) => e.type === 'epoch');
  const results = events.filter((e) => e.type === 'result');
  const skipped = events.filter((e) => e.type === 'skip');
  const ids = ruleIds(start, summary, [...epochs, ...results], skipped);
  const groups = groupBy(epochs, (e) => `${e.rule}\n${e.epoch}`).sort((a, b) => a[0]!.epoch - b[0]!.epoch);
  return {
    task: start?.task ?? summary?.task ?? 'unknown task',
    model: start?.model ?? summary?.model ?? 'unknown model',
    budget: start?.budget ?? summary?.budget ?? null,
    layers: layerNames(start, [...epochs, ...results]),
    start,
    rules: ids.map((id, i) => ruleView(id, i, results, summary)),
    curve: groups.map(curvePoint),
    layerCurve: groups.flatMap(layerPoints),
    skipped,
    errors: events.filter((e) => e.type === 'error'),
  };
}

function ruleIds(
  start: StartEvent | null,
  summary: CompareSummary | null,
  seen: readonly (EpochEvent | ResultEvent)[],
  skipped: readonly SkipEvent[],
): string[] {
  const out = new Set(skipped.map((s) => s.rule));
  const asked = [...(start?.rules ?? []), ...(summary?.rules.map((r) => r.rule) ?? []), ...seen.map((e) => e.rule)];
  return [...new Set(asked)].filter((id) => !out.has(id));
}

function layerNames(start: StartEvent | null, seen: readonly (EpochEvent | ResultEvent)[]): string[] {
  const count = Math.max(start?.layers.length ?? 0, ...seen.map((e) => e.angleDeg.length), 0);
  return Array.from({ length: count }, (_, i) => start?.layers[i] ?? `layer ${i}`);
}

function ruleView(
  rule: string,
  index: number,
  results: readonly ResultEvent[],
  summary: CompareSummary | null,
): RuleView {
  const runs = results.filter((r) => r.rule === rule);
  return {
    ...(summary?.rules.find((r) => r.rule === rule) ?? summarise(rule, runs)),
    color: index % seriesColors.light.length,
    dash: seriesDash(index),
    runs,
    diverged: runs.filter((r) => r.diverged === true || r.loss === null).length,
  };
}

/** The means of a rule whose comparison has no summary line yet; intervals are left to whoever writes that line. */
function summarise(rule: string, runs: readonly ResultEvent[]): RuleSummary {
  const layers = Math.max(0, ...runs.map((r) => r.angleDeg.length));
  return {
    rule,
    accuracy: meanOnly(runs.map((r) => r.accuracy)),
    loss: meanOnly(runs.map((r) => r.loss)),
    angleDeg: Array.from({ length: layers }, (_, i) => band(runs.map((r) => r.angleDeg[i]))?.mean ?? null),
    flops: mean(runs.map((r) => r.flops)),
    peakBytes: Math.max(0, ...runs.map((r) => r.peakBytes)),
    seconds: mean(runs.map((r) => r.seconds)),
  };
}

function meanOnly(values: readonly (number | null)[]): Interval {
  const over = band(values);
  return { mean: over?.mean ?? null, ci95: null, n: over?.n ?? 0 };
}

function curvePoint(group: readonly EpochEvent[]): CurvePoint {
  return {
    ...position(group),
    accuracy: band(group.map((e) => e.accuracy)),
    loss: band(group.map((e) => e.loss)),
    trainLoss: band(group.map((e) => e.trainLoss)),
  };
}

function layerPoints(group: readonly EpochEvent[]): LayerPoint[] {
  const layers = Math.max(...group.map((e) => e.angleDeg.length));
  return Array.from({ length: layers }, (_, layer) => ({
    ...position(group),
    layer,
    angleDeg: band(group.map((e) => e.angleDeg[layer])),
    normRatio: band(group.map((e) => e.normRatio[layer])),
  }));
}

function position(group: readonly EpochEvent[]): Position {
  const { rule, epoch } = group[0]!;
  const over = (field: 'samples' | 'flops' | 'seconds') => mean(group.map((e) => e[field]));
  return { rule, epoch, samples: over('samples'), flops: over('flops'), seconds: over('seconds') };
}

function band(values: readonly (number | null | undefined)[]): Band | null {
  const known = values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
  if (known.length === 0) return null;
  return { mean: mean(known), low: Math.min(...known), high: Math.max(...known), n: known.length };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const at = key(item);
    const group = groups.get(at);
    if (group === undefined) groups.set(at, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
