/** What a page must load before it can train a network: minified and gzipped bytes, ours beside the peers'. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const pages: Readonly<Record<string, string>> = {
  ours: [
    "import { jit, tensor, random } from '../src/index.ts';",
    "import { model, dense, crossEntropy } from '../src/nn/index.ts';",
    "import { adam, applyUpdates } from '../src/optim/index.ts';",
    "import { backprop } from '../src/methods/backprop.ts';",
    'Object.assign(globalThis, { jit, tensor, random, model, dense, crossEntropy, adam, applyUpdates, backprop });',
  ].join('\n'),
  'jax-js': [
    "import { grad, init, jit, nn, numpy, random } from '@jax-js/jax';",
    'Object.assign(globalThis, { grad, init, jit, nn, numpy, random });',
  ].join('\n'),
  'tfjs-wasm': [
    "import * as tf from '@tensorflow/tfjs';",
    "import '@tensorflow/tfjs-backend-wasm';",
    'Object.assign(globalThis, { tf });',
  ].join('\n'),
};

/** The binary that TensorFlow.js fetches beside its script. */
function besides(name: string): number {
  if (name !== 'tfjs-wasm') return 0;
  const path = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  return gzipSync(readFileSync(path.replace(/[^/]+$/, 'tfjs-backend-wasm-simd.wasm'))).length;
}

/** Gzipped bytes by name; a peer that cannot be bundled is left out. */
export async function pageSizes(): Promise<Readonly<Record<string, number>>> {
  const sizes: Record<string, number> = {};
  for (const [name, contents] of Object.entries(pages)) {
    const built = await build({
      stdin: { contents, resolveDir: import.meta.dirname, sourcefile: 'page.ts', loader: 'ts' },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      external: ['node:*', 'os', 'path', 'fs', 'worker_threads', 'perf_hooks', 'crypto', 'util'],
      logLevel: 'silent',
    }).catch(() => null);
    if (built !== null) sizes[name] = gzipSync(built.outputFiles[0]!.contents, { level: 9 }).length + besides(name);
  }
  return sizes;
}
