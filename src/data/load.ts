/** The registry of data sets and the one way to load them. */
import { ConfigError } from '../engine/errors.ts';
import { type DatasetEntry, type LoadOptions, requireOptions } from './dataset.ts';
import { imageSets } from './image-sets.ts';
import { madeSets } from './made-sets.ts';
import type { Dataset } from './part.ts';
import { type DataSource, folderSource } from './source.ts';
import { tableSets } from './table-sets.ts';
import { textSets } from './text-sets.ts';

/** Every data set by name. */
export const datasets: Readonly<Record<string, DatasetEntry>> = {
  ...madeSets,
  ...textSets,
  ...imageSets,
  ...tableSets,
};

/** Short names for data sets of text. */
const aliases: Readonly<Record<string, string>> = { shakespeare: 'tiny-shakespeare', text: 'sentences' };

/** Loads a data set: made on the spot, or read from `source` (default: the folder that `dataFolder` names). */
export async function loadDataset(asked: string, options: LoadOptions = {}): Promise<Dataset> {
  const name = Object.hasOwn(aliases, asked) ? aliases[asked]! : asked;
  const entry = Object.hasOwn(datasets, name) ? datasets[name]! : undefined;
  if (entry === undefined) {
    const names = Object.keys(datasets).filter((n) => !n.startsWith('pmlb/'));
    throw new ConfigError(`there is no data set "${name}"`, {
      name,
      help: `data sets are: ${names.join(', ')} and pmlb/<name>`,
    });
  }
  requireOptions(name, entry.takes, options);
  return entry.load(options, () => sourceOf(options.source), name);
}

const sourceOf = (source: DataSource | string | undefined): DataSource =>
  typeof source === 'object' ? source : folderSource(source);
