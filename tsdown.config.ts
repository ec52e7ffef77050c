/** The published package: ESM only, one .js and one .d.ts per source file, so that files find one another as the sources do; nothing bundled from node_modules. */
import { existsSync } from 'node:fs';
import { defineConfig } from 'tsdown';
import { cliSource, libraryEntries } from './scripts/entries.ts';

const cli = existsSync(cliSource) ? { 'cli/main': cliSource, 'run/worker': 'src/run/worker.ts' } : {};

export default defineConfig({
  entry: { ...Object.fromEntries(libraryEntries().map(({ output, source }) => [output, source])), ...cli },
  unbundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  deps: { neverBundle: [/^node:/] },
  fixedExtension: false,
  hash: false,
  dts: true,
  clean: true,
});
