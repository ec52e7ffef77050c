/** The atlas task by task: what is missing is measured, every fit is told, and the page is written as tasks are done. */
import { join, resolve } from 'node:path';
import { loadDataset, type Part, sliceRows } from '../data/index.ts';
import { DataError } from '../engine/errors.ts';
import { formatPercentInterval, formatSeconds } from '../plot/units.ts';
import { type AtlasEvent, type AtlasOptions, headOf, measureAtlas } from '../run/atlas/atlas.ts';
import { AtlasStore } from '../run/atlas/records.ts';
import { writeAtlasReport } from '../run/atlas/report.ts';
import { placeText, rowOf } from '../run/atlas/view.ts';
import { taskOf } from '../run/task.ts';
import { machine, version } from './machine.ts';
import { writeLine } from './output.ts';
import type { Ui } from './ui/index.ts';
import type { Io } from './verb.ts';

export interface TasksCall extends Omit<AtlasOptions, 'on' | 'signal'> {
  readonly tasks: readonly string[];
  /** Ids of rules whose records are dropped first. */
  readonly again: readonly string[];
  readonly trainRows: number;
  readonly testRows: number;
  readonly json: boolean;
  /** As people type it. */
  readonly folder: string;
  readonly io: Io;
  readonly ui: Ui;
}

/** Measures all tasks and writes the report; returns its path. A task whose data are absent is told and left out. */
export async function measureTasks(call: TasksCall, signal: AbortSignal): Promise<string> {
  const { tasks, folder, io } = call;
  const report = join(folder, 'report.html');
  for (const [i, name] of tasks.entries()) {
    await measureTask(name, tasks.length - i - 1, call, signal);
    await writeAtlasReport(resolve(io.cwd, folder), resolve(io.cwd, report));
  }
  writeLine({ type: 'report', path: report }, { io, values: call });
  return report;
}

async function measureTask(name: string, left: number, call: TasksCall, signal: AbortSignal): Promise<void> {
  const { folder, io, ui, trainRows, testRows } = call;
  const set = await loadDataset(name).catch((error: unknown) => {
    if (!(error instanceof DataError)) throw error;
    return error;
  });
  if (set instanceof DataError) {
    writeLine({ type: 'refusal', task: name, rule: null, reason: set.message.split('\n')[0]! }, { io, values: call });
    ui.say(`${name}: ${set.message}`);
    return;
  }
  const cut = { train: firstRows(set.train, trainRows), test: firstRows(set.test, testRows) };
  const task = taskOf({ ...set, ...cut });
  const teller = new Teller(name, left, call);
  const options: AtlasOptions = { ...call, signal, on: (event) => teller.tell(event) };
  const head = headOf(task, set.title, options, { machine: machine(), version: version() });
  const store = await AtlasStore.open(resolve(io.cwd, folder, `${name}.jsonl`), head);
  store.forget(call.again);
  await measureAtlas(task, store, options);
}

const firstRows = (part: Part, most: number): Part => (part.n <= most ? part : sliceRows(part, 0, most));

/** Shows how far a task is. */
class Teller {
  readonly #task: string;
  /** Tasks after this one. */
  readonly #left: number;
  readonly #call: TasksCall;
  readonly #startedAt = performance.now();
  /** Shares of the task's work: done, and done by this process. */
  #done = 0;
  #own = 0;

  constructor(task: string, left: number, call: TasksCall) {
    this.#task = task;
    this.#left = left;
    this.#call = call;
  }

  tell(event: AtlasEvent): void {
    if (event.type === 'fit') this.#tick(event);
    else if (event.type === 'refusal') this.#refused(event);
    else this.#cell(event);
  }

  #refused({ rule, reason }: Extract<AtlasEvent, { type: 'refusal' }>): void {
    writeLine({ type: 'refusal', task: this.#task, rule, reason }, { io: this.#call.io, values: this.#call });
    this.#call.ui.say(`${this.#task}: ${rule} is not run: ${reason}`);
  }

  #cell({ place, runs }: Extract<AtlasEvent, { type: 'cell' }>): void {
    const row = rowOf(runs);
    writeLine({ type: 'cell', task: this.#task, ...row }, { io: this.#call.io, values: this.#call });
    const { mean, ci95 } = row.accuracy;
    this.#call.ui.say(`${this.#task}: ${placeText(place)} ${formatPercentInterval(mean, ci95)}${this.#eta()}`);
  }

  #tick({ place, done, of, share, isOld }: Extract<AtlasEvent, { type: 'fit' }>): void {
    this.#done += share;
    if (!isOld) this.#own += share;
    const line = `${this.#task}: ${Math.floor(100 * this.#done)} %, ${placeText(place)}, fit ${done} of ${of}${this.#eta()}`;
    this.#call.ui.board(() => [line]);
  }

  /** Tasks to come count as much as this one. */
  #eta(): string {
    if (this.#own === 0) return '';
    const pace = (performance.now() - this.#startedAt) / 1000 / this.#own;
    const left = Math.round(pace * (1 - this.#done + this.#left));
    return left < 1 ? '' : `, about ${formatSeconds(left)} left`;
  }
}
