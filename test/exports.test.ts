/** The package offers exactly what exists, and its library entries need nothing else to be imported. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportsField, libraryEntries, repository } from '../scripts/entries.ts';
import { bundle } from './guards/bundle.ts';

const entries = libraryEntries();

describe('package.json', () => {
  it('exports what exists under src/ (npm run exports writes it)', () => {
    const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    expect(manifest.exports).toEqual(exportsField(entries));
  });
});

describe('the list of entries', () => {
  it('holds the root, folders with an index, methods and families, and no command line', () => {
    const root = checkoutWith(
      'src/index.ts',
      'src/nn/index.ts',
      'src/nn/dense.ts',
      'src/cli/index.ts',
      'src/unfinished/a.ts',
      'src/methods/index.ts',
      'src/methods/backprop.ts',
      'src/methods/backprop.test.ts',
      'src/methods/spiking/index.ts',
      'src/methods/spiking/cell.ts',
    );
    const found = libraryEntries(root);
    rmSync(root, { recursive: true });
    expect(found).toEqual([
      { subpath: '.', source: 'src/index.ts', output: 'index' },
      { subpath: './methods', source: 'src/methods/index.ts', output: 'methods/index' },
      { subpath: './nn', source: 'src/nn/index.ts', output: 'nn/index' },
      { subpath: './methods/backprop', source: 'src/methods/backprop.ts', output: 'methods/backprop' },
      { subpath: './methods/spiking', source: 'src/methods/spiking/index.ts', output: 'methods/spiking' },
    ]);
    expect(exportsField(found)).toEqual({
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './methods': { types: './dist/methods/index.d.ts', default: './dist/methods/index.js' },
      './nn': { types: './dist/nn/index.d.ts', default: './dist/nn/index.js' },
      './methods/*': { types: './dist/methods/*.d.ts', default: './dist/methods/*.js' },
      './package.json': './package.json',
    });
  });
});

describe('importing an entry', () => {
  it.each(entries)('$subpath needs no package and no Node module', async ({ source }) => {
    expect((await bundle(`export * from './${source}';`)).needs).toEqual([]);
  });

  it('is watched: static imports are found through other files, dynamic ones are left out', async () => {
    const root = checkoutWith();
    writeFileSync(
      join(root, 'entry.ts'),
      "export * from './inner.ts'; export const later = () => import('node:worker_threads');",
    );
    writeFileSync(
      join(root, 'inner.ts'),
      "export { z } from 'zod'; export { readFileSync } from 'node:fs'; export type { Foo } from 'foo';",
    );
    const { needs } = await bundle(`export * from ${JSON.stringify(join(root, 'entry.ts'))};`);
    rmSync(root, { recursive: true });
    expect(needs).toEqual([
      expect.stringMatching(/inner\.ts imports 'zod'$/),
      expect.stringMatching(/inner\.ts imports 'node:fs'$/),
    ]);
  });
});

function checkoutWith(...files: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'cotangent-entries-'));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  return root;
}
