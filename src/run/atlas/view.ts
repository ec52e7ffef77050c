/** What the pages of an atlas show: one row a cell, with its distance to backprop on the same model, and curves averaged over seeds. */
import { meanInterval } from '../../stats/index.ts';
import { summaryOf } from '../compare.ts';
import type { Interval, RuleSummary } from '../schema.ts';
import { pairedTests } from '../significance.ts';
import { BASELINE, type Place } from './placement.ts';
import type { AtlasFile, AtlasHead, AtlasPoint, AtlasRefusal, AtlasRun } from './records.ts';

/** A cell: means over its runs. */
export interface AtlasRow
  extends Pick<RuleSummary, 'rule' | 'accuracy' | 'loss' | 'angleDeg' | 'flops' | 'peakBytes' | 'seconds'> {
  readonly model: string;
  readonly learningRate: number;
  /** Training samples of a run. */
  readonly samples: number;
  /** Whether the rate is an end of the range that was searched. */
  readonly isEdge: boolean;
  readonly diverged: number;
}

/** A cell beside backprop on the same model. */
export interface ComparedRow extends AtlasRow {
  /** Of accuracy, paired by seed; null for backprop and where fewer than two pairs ended. */
  readonly difference: {
    readonly mean: number;
    readonly low: number;
    readonly high: number;
    readonly p: number;
  } | null;
  /** Over backprop's. */
  readonly flopsRatio: number | null;
  readonly runs: readonly AtlasRun[];
  readonly layers: readonly string[];
}

export interface TaskView {
  readonly head: AtlasHead;
  /** From the most to the least accurate. */
  readonly rows: readonly ComparedRow[];
  readonly refusals: readonly AtlasRefusal[];
}

/** A rule with its model, where that is not the usual one. */
export const placeText = ({ rule, model }: Place): string => (model === 'mlp' ? rule : `${rule} on ${model}`);

/** The means over the runs of one cell. */
export function rowOf(runs: readonly AtlasRun[]): AtlasRow {
  const [first] = runs;
  const results = runs.map((run) => ({
    ...run,
    type: 'result' as const,
    seed: run.run,
    angleDeg: [...run.points.at(-1)!.angleDeg],
    normRatio: [],
    diverged: run.status === 'diverged',
  }));
  const { rule, accuracy, loss, angleDeg, flops, peakBytes, seconds, diverged = 0 } = summaryOf(first!.rule, results);
  const learningRate = first!.hyper.learningRate as number;
  return {
    rule,
    model: first!.model,
    accuracy,
    loss,
    angleDeg,
    flops,
    peakBytes,
    seconds,
    learningRate,
    samples: first!.budget.value,
    isEdge: first!.isEdge,
    diverged,
  };
}

/** The view of a task's records; a rule that was refused once and ran later is not told as refused. */
export function taskView({ head, records }: AtlasFile): TaskView {
  const runs = records.filter((r): r is AtlasRun => r.type === 'run');
  const names = [...new Set(runs.map(placeText))];
  const cells = names.map((name) => runs.filter((run) => placeText(run) === name));
  const rows = cells.map((own) => comparedRow(own, runs));
  const refusals = records.filter(
    (r): r is AtlasRefusal => r.type === 'refusal' && !runs.some(({ rule }) => rule === r.rule),
  );
  return { head, rows: rows.sort((a, b) => (b.accuracy.mean ?? -1) - (a.accuracy.mean ?? -1)), refusals };
}

function comparedRow(own: readonly AtlasRun[], all: readonly AtlasRun[]): ComparedRow {
  const row = rowOf(own);
  const base = all.filter(({ rule, model }) => rule === BASELINE && model === row.model);
  const isBase = row.rule === BASELINE;
  const measures = [...base, ...(isBase ? [] : own)].map((run) => ({ ...run, seed: run.run }));
  const [test] = pairedTests(measures, { baseline: BASELINE, metric: 'accuracy' });
  const difference = test === undefined ? null : { ...test, mean: test.difference };
  const flopsRatio = base.length === 0 || base[0]!.flops === 0 ? null : row.flops / rowOf(base).flops;
  return { ...row, difference, flopsRatio, runs: own, layers: own[0]!.layers };
}

/** One point of a mean curve with the lowest and the highest seed. */
export interface MeanPoint {
  readonly samples: number;
  readonly y: number | null;
  readonly low?: number;
  readonly high?: number;
}

/** The mean over runs of something measured along them. */
export function meanCurve(
  runs: readonly AtlasRun[],
  pick: (point: AtlasPoint) => number | null | undefined,
): MeanPoint[] {
  const longest = Math.max(0, ...runs.map(({ points }) => points.length));
  return Array.from({ length: longest }, (_, i) => {
    const points = runs.flatMap((run) => (run.points[i] === undefined ? [] : [run.points[i]]));
    const values = points.map(pick).filter((v): v is number => typeof v === 'number');
    const { samples } = points[0]!;
    if (values.length === 0) return { samples, y: null };
    return { samples, y: meanInterval(values).mean, low: Math.min(...values), high: Math.max(...values) };
  });
}

/** Angle of all layers together at a point of the curves, as a mean over layers and runs; null where none is defined. */
export function meanAngle(runs: readonly AtlasRun[], at: 'first' | 'last'): Interval {
  const angles = runs.flatMap(({ points }) => {
    const known = (at === 'first' ? points[0]! : points.at(-1)!).angleDeg.filter((v) => v !== null);
    return known.length === 0 ? [] : [known.reduce((a, b) => a + b, 0) / known.length];
  });
  return meanInterval(angles);
}
