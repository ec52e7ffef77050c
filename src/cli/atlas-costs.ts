/** `atlas --costs`: what a step of each rule costs beside backprop, as a table, as lines, and kept beside the atlas. */
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { backend } from '../engine/index.ts';
import { formatNumber } from '../plot/units.ts';
import { DEFECT, type RuleCost, ruleCosts } from '../run/atlas/costs.ts';
import { placed } from '../run/atlas/placement.ts';
import { writeAtomic } from '../run/files.ts';
import { machine, version } from './machine.ts';
import { writeLine, writeTable } from './output.ts';
import type { Ui } from './ui/index.ts';
import type { Io } from './verb.ts';

/** Wall-clock time, or the time that this thread was computing: the honest one where others use the machine. */
export type Clock = 'wall' | 'cpu';

export interface CostsCall {
  readonly rules: readonly string[];
  readonly models: readonly string[];
  readonly batch: number;
  readonly clock: Clock;
  readonly rounds: number;
  readonly json: boolean;
  /** As people type it. */
  readonly folder: string;
  readonly io: Io;
  readonly ui: Ui;
}

/** Small images, and those of MNIST; nothing is read. */
const shapes: readonly (readonly number[])[] = [
  [1, 8, 8],
  [1, 28, 28],
];
const CLASSES = 10;

/** Measures all rules on samples of each shape and writes `costs.jsonl`; returns the path. */
export async function measureCosts(call: CostsCall, signal: AbortSignal): Promise<string> {
  const { batch, clock, rounds, folder, io, ui, json } = call;
  const head = { type: 'costs', clock, rounds, profile: backend().profile, machine: machine(), version: version() };
  const lines = [JSON.stringify({ ...head, load: loadavg()[0]! })];
  const path = join(folder, 'costs.jsonl');
  const found: RuleCost[] = [];
  for (const input of shapes) {
    const { places } = placed(call.rules, call.models, labelled(input));
    const timing = { rounds, ...(clock === 'cpu' ? { clock: cpuClock } : {}) };
    for await (const cost of ruleCosts({ places, input, outputs: CLASSES, batch, timing, signal })) {
      found.push(cost);
      lines.push(JSON.stringify(cost));
      await writeAtomic(resolve(io.cwd, path), `${lines.join('\n')}\n`);
      writeLine(cost, { io, values: { json } });
      ui.board(() => [`${cost.rule} at ${input.join('×')}: ${found.length} measured`]);
    }
  }
  ui.close();
  if (!json) writeTable(columns, found.map(rowOf), { io, values: { json } });
  return path;
}

/** Of this thread; before Node 23.9 only the process can be asked. */
const cpuClock = (): number => {
  const { user, system } = (process.threadCpuUsage ?? process.cpuUsage)();
  return (user + system) / 1000;
};

/** As much of a task as rules and learners look at. */
const labelled = (featureShape: readonly number[]) => ({
  train: {
    x: new Float32Array(0),
    y: new Int32Array(0),
    n: 2,
    shape: [2, ...featureShape],
    yShape: [2],
  } as never,
  featureShape,
  outputs: CLASSES,
});

const columns = [
  { head: 'rule' },
  { head: 'model', rank: 3 },
  { head: 'input', align: 'right', rank: 2 },
  { head: 'ms', align: 'right', rank: 4 },
  { head: 'time', align: 'right' },
  { head: 'FLOPs', align: 'right' },
  { head: 'quotient', align: 'right' },
  { head: 'a move: time', align: 'right', rank: 1 },
  { head: 'FLOPs', align: 'right', rank: 1 },
  { head: 'quotient', align: 'right', rank: 1 },
] as const;

const ratio = (x: number): string => formatNumber(x, 3);
const judged = (quotient: number): string => `${ratio(quotient)}${quotient > DEFECT ? ' !' : ''}`;

const rowOf = ({ rule, model, input, ms, timeRatio, flopsRatio, quotient, iteration }: RuleCost): string[] => [
  rule,
  model,
  input.join('×'),
  ratio(ms),
  ratio(timeRatio),
  ratio(flopsRatio),
  judged(quotient),
  ...(iteration === null
    ? ['', '', '']
    : [ratio(iteration.timeRatio), ratio(iteration.flopsRatio), judged(iteration.quotient)]),
];
