/** Finds what the package publishes: one entry per src/<folder>/index.ts, one per method, and the command line. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Entry {
  /** As in the exports of package.json: `.`, `./nn`, `./methods/backprop`. */
  readonly subpath: string;
  /** Relative to the repository, with forward slashes. */
  readonly source: string;
  /** Path under dist/ without extension. */
  readonly output: string;
}

export interface ExportTarget {
  readonly types: string;
  readonly default: string;
}

export const repository = fileURLToPath(new URL('..', import.meta.url));
export const cliSource = 'src/cli/main.ts';

// The command line is started through bin/ and is no subpath.
const unpublished = new Set(['cli']);

/** Lists the library's entries that exist now, the root first, then by name. */
export function libraryEntries(root = repository): Entry[] {
  const rootEntry = existsSync(join(root, 'src/index.ts'))
    ? [{ subpath: '.', source: 'src/index.ts', output: 'index' }]
    : [];
  const folders = foldersWithIndex(root, 'src')
    .filter((name) => !unpublished.has(name))
    .map((name) => ({ subpath: `./${name}`, source: `src/${name}/index.ts`, output: `${name}/index` }));
  return [...rootEntry, ...folders, ...methodEntries(root)];
}

/** Every method is its own subpath, whether it is a file or a family folder. */
function methodEntries(root: string): Entry[] {
  const files = list(root, 'src/methods')
    .filter(({ name }) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'index.ts')
    .map(({ name }) => ({ name: name.slice(0, -3), source: `src/methods/${name}` }));
  const families = foldersWithIndex(root, 'src/methods').map((name) => ({
    name,
    source: `src/methods/${name}/index.ts`,
  }));
  return [...files, ...families]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, source }) => ({ subpath: `./methods/${name}`, source, output: `methods/${name}` }));
}

/** The exports of package.json that belong to these entries; methods share one pattern. */
export function exportsField(entries: readonly Entry[]): Record<string, ExportTarget | string> {
  const isMethod = (entry: Entry) => entry.subpath.startsWith('./methods/');
  const field: Record<string, ExportTarget | string> = {};
  for (const entry of entries) if (!isMethod(entry)) field[entry.subpath] = target(entry.output);
  if (entries.some(isMethod)) field['./methods/*'] = target('methods/*');
  field['./package.json'] = './package.json';
  return field;
}

const target = (output: string): ExportTarget => ({ types: `./dist/${output}.d.ts`, default: `./dist/${output}.js` });

const list = (root: string, folder: string) =>
  existsSync(join(root, folder)) ? readdirSync(join(root, folder), { withFileTypes: true }) : [];

const foldersWithIndex = (root: string, folder: string): string[] =>
  list(root, folder)
    .filter((item) => item.isDirectory() && existsSync(join(root, folder, item.name, 'index.ts')))
    .map((item) => item.name)
    .sort();
