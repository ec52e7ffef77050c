/** The tables that are read from files: the PMLB collection, with friendlier names for a few, and two UCI tables. */

import { keyFrom } from '../engine/threefry.ts';
import { STORED_ALIASES, storedSet } from './catalogue.ts';
import { type DatasetEntry, limitRows } from './dataset.ts';
import type { Dataset } from './part.ts';
import { PMLB_FILES } from './pmlb-files.ts';
import { formatOf, readAs } from './readers.ts';
import { readFrom } from './source.ts';
import { splitPart } from './split.ts';
import { type TablePart, tablePart } from './table.ts';

// PMLB codes the classes as numbers; these are the names behind them.
const CLASS_NAMES: Readonly<Record<string, readonly string[]>> = { 'pmlb/iris': ['setosa', 'versicolor', 'virginica'] };

export const tableSets: Readonly<Record<string, DatasetEntry>> = {
  rice: tableEntry('rice'),
  'dry-bean': tableEntry('dry-bean'),
  ...Object.fromEntries(Object.keys(STORED_ALIASES).map((alias) => [alias, tableEntry(alias)])),
  ...Object.fromEntries(Object.keys(PMLB_FILES).map((name) => [`pmlb/${name}`, tableEntry(`pmlb/${name}`)])),
};

function tableEntry(name: string): DatasetEntry {
  const stored = storedSet(name);
  const { path } = stored.files[0]!;
  return {
    title: stored.title,
    takes: ['key', 'share', 'train', 'test'],
    load: async (options, source) => {
      const format = formatOf(path) === 'tsv' ? 'tsv' : 'csv';
      const table = tablePart(await readAs(format, await readFrom(source(), name, path)));
      const { train, test } = splitPart(table.part, { key: options.key ?? keyFrom(0), share: options.share ?? 0.7 });
      return limitRows({ ...describeTable(name, table), train, test }, options);
    },
  };
}

function describeTable(name: string, { part, classes, features }: TablePart): Omit<Dataset, 'train' | 'test'> {
  const { name: storedName, title, licence } = storedSet(name);
  return {
    name,
    title,
    task: 'classification',
    classes: CLASS_NAMES[storedName] ?? classes,
    featureShape: part.shape.slice(1),
    features,
    licence,
  };
}
