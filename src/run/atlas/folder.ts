/** A folder of atlas files: what was measured of every task, and of the costs (Node). */

import type { StartEvent } from '../schema.ts';
import type { RuleCost } from './costs.ts';
import { readAtlasFile } from './records.ts';
import { type TaskView, taskView } from './view.ts';

/** The costs and how they were measured. */
export interface CostFile {
  readonly clock: 'wall' | 'cpu';
  readonly rounds: number;
  readonly profile: string;
  readonly load: number;
  readonly machine: StartEvent['machine'];
  readonly version: string;
  readonly rows: readonly RuleCost[];
}

export interface AtlasView {
  readonly tasks: readonly TaskView[];
  readonly costs: CostFile | null;
}

/** The usual order of tasks; others follow by name. */
const ORDER = ['digits', 'mnist', 'fashion-mnist', 'cifar10'];
const COSTS = 'costs.jsonl';

/** Reads everything that an atlas has left in a folder. */
export async function readAtlas(folder: string): Promise<AtlasView> {
  const [{ readdir }, { join }, { exists }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
    import('../files.ts'),
  ]);
  const files = (await exists(folder)) ? (await readdir(folder)).filter((name) => name.endsWith('.jsonl')) : [];
  const tasks = files.filter((name) => name !== COSTS).sort(byOrder);
  const read = await Promise.all(tasks.map((name) => readAtlasFile(join(folder, name))));
  const views = read.flatMap((file) => (file === null ? [] : [taskView(file)]));
  return { tasks: views, costs: files.includes(COSTS) ? await readCosts(join(folder, COSTS)) : null };
}

const byOrder = (a: string, b: string): number => rankOf(a) - rankOf(b) || (a < b ? -1 : 1);

function rankOf(file: string): number {
  const at = ORDER.indexOf(file.replace('.jsonl', ''));
  return at < 0 ? ORDER.length : at;
}

async function readCosts(path: string): Promise<CostFile> {
  const { readBytes } = await import('../files.ts');
  const [head, ...rows] = new TextDecoder()
    .decode(await readBytes(path))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  return { ...head, rows };
}
