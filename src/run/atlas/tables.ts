/** The tables of an atlas as cells of text, for Markdown and HTML alike. */
import {
  formatBytes,
  formatDegrees,
  formatNumber,
  formatPercentInterval,
  formatSeconds,
  formatSi,
} from '../../plot/units.ts';
import { DEFECT, type RuleCost } from './costs.ts';
import type { CostFile } from './folder.ts';
import type { AtlasHead } from './records.ts';
import { type ComparedRow, meanAngle, type TaskView } from './view.ts';

export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One row a cell, the most accurate first. */
export const accuracyTable = ({ rows }: TaskView): TextTable => ({
  head: [
    'rule',
    'model',
    'accuracy',
    'beside backprop',
    'rate',
    'angle, start',
    'angle, end',
    'samples',
    'FLOPs',
    '× backprop',
    'peak bytes',
    'time',
  ],
  rows: rows.map((row) => [
    row.diverged === 0 ? row.rule : `${row.rule} (${row.diverged} of ${row.runs.length} diverged)`,
    row.model,
    formatPercentInterval(row.accuracy.mean, row.accuracy.ci95),
    differenceOf(row),
    `${formatNumber(row.learningRate, 2)}${row.isEdge ? ' (end)' : ''}`,
    formatDegrees(meanAngle(row.runs, 'first').mean),
    formatDegrees(meanAngle(row.runs, 'last').mean),
    String(row.samples),
    formatSi(row.flops, 'FLOP'),
    formatNumber(row.flopsRatio),
    formatBytes(row.peakBytes),
    formatSeconds(row.seconds),
  ]),
});

function differenceOf({ difference }: ComparedRow): string {
  if (difference === null) return '–';
  const points = (v: number) => `${v > 0 ? '+' : ''}${formatNumber(100 * v)}`;
  return `${points(difference.mean)} (${points(difference.low)} … ${points(difference.high)})`;
}

/** One row a rule and shape; a quotient above `DEFECT` is marked. */
export const costTable = ({ rows }: CostFile): TextTable => ({
  head: [
    'rule',
    'model',
    'input',
    'step',
    'time',
    'FLOPs',
    'bytes',
    'time ÷ FLOPs',
    'a move: time',
    'FLOPs',
    'time ÷ FLOPs',
  ],
  rows: rows.map((row) => [
    row.rule,
    row.model,
    row.input.join('×'),
    formatSeconds(row.ms / 1000),
    `${formatNumber(row.timeRatio)} (${formatNumber(row.timeRange[0])} … ${formatNumber(row.timeRange[1])})`,
    formatNumber(row.flopsRatio),
    formatNumber(row.bytesRatio),
    judged(row.quotient),
    ...moveOf(row),
  ]),
});

const judged = (quotient: number): string => `${formatNumber(quotient)}${quotient > DEFECT ? ' ⚠' : ''}`;

const moveOf = ({ iteration }: RuleCost): string[] =>
  iteration === null
    ? ['', '', '']
    : [formatNumber(iteration.timeRatio), formatNumber(iteration.flopsRatio), judged(iteration.quotient)];

/** How the cells of a task were measured. */
export const settingText = ({
  rows,
  trials,
  budget,
  most,
  batch,
  optimizer,
  metric,
  points,
  probe,
  seed,
}: AtlasHead): string =>
  `${rows.train} training and ${rows.test} test rows; every fit sees ${budget.value} samples in batches of ${batch} with ${optimizer}, or as many as ${most} times the FLOPs of backprop's fit allow; ${trials} rates for each rule, chosen on a tenth of the training rows by the ${metric}, for learners by the accuracy; ${points} measurements a run, angles on ${probe} rows; seed ${seed}`;

/** Where something was measured. */
export const whereText = ({ profile, machine, version }: Pick<AtlasHead, 'profile' | 'machine' | 'version'>): string =>
  `profile ${profile}, ${machine.cpu} (${machine.cores} cores), Node ${machine.node}, cotangent ${version}`;

/** How the costs were measured, and what came out. */
export function costText(costs: CostFile): string {
  const defects = costs.rows.filter((row) => Math.max(row.quotient, row.iteration?.quotient ?? 0) > DEFECT);
  const names = [...new Set(defects.map(({ rule }) => rule))];
  const clock = costs.clock === 'cpu' ? 'processor time of the computing thread' : 'wall-clock time';
  const verdict = names.length === 0 ? `No quotient is above ${DEFECT}.` : `Above ${DEFECT}: ${names.join(', ')}.`;
  return `${verdict} Median of ${costs.rounds} rounds in turns, ${clock}, load ${formatNumber(costs.load, 2)} at the start; ${whereText(costs)}.`;
}
