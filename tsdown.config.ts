/** The published package: ESM only, one .js and one .d.ts per entry, nothing bundled from node_modules. */
import { existsSync } from 'node:fs';
import { defineConfig } from 'tsdown';
import { cliSource, libraryEntries } from './scripts/entries.ts';

// The workers are started by file name (src/run/workers.ts, src/papers/ledger/threads.ts), not imported.
const cli = existsSync(cliSource)
  ? { 'cli/main': cliSource, 'run/worker': 'src/run/worker.ts', 'papers/worker': 'src/papers/ledger/worker.ts' }
  : {};

export default defineConfig({
  entry: { ...Object.fromEntries(libraryEntries().map(({ output, source }) => [output, source])), ...cli },
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  deps: { neverBundle: [/^node:/] },
  fixedExtension: false,
  hash: false,
  // A folder of their own: a shared piece called index would overwrite the root entry.
  outputOptions: { chunkFileNames: 'shared/[name].js' },
  dts: true,
  clean: true,
});
