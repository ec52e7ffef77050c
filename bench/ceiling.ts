/** The machine's limits, measured in the same run: multiply-adds that never leave the registers. */

import { Worker } from 'node:worker_threads';
import { ceilingModule, ceilingFlops as flopsOf } from '../src/engine/backends/wasm/ceiling.ts';
import { detectProfile } from '../src/engine/backends/wasm/profile.ts';
import type { Contender } from './contender.ts';

const ROUNDS = 1 << 20;

/** Operations of one call of the loop. */
export const ceilingFlops = flopsOf(ROUNDS);

function compile(bytes: Uint8Array<ArrayBuffer>): () => number {
  const { loop } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  return () => (loop as (rounds: number) => number)(ROUNDS);
}

/** What a further thread runs: the same loop whenever the first word moves, until the third is set. */
const FURTHER = `
const { workerData: { bytes, words, rounds } } = require('node:worker_threads');
const { loop } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
loop(rounds);
for (let seen = 0; ; seen++) {
  Atomics.add(words, 1, 1);
  Atomics.wait(words, 0, seen);
  if (words[2] === 1) break;
  loop(rounds);
}`;

/** The multiply-add loop as a contender, by the profile in use, on as many threads at once. */
export async function ceiling(threads: number): Promise<Contender & { close(): void }> {
  const bytes = ceilingModule(detectProfile());
  const loop = compile(bytes);
  if (threads === 1) return { name: 'ceiling', work: loop, close: () => undefined };
  const words = new Int32Array(new SharedArrayBuffer(12));
  const further = threads - 1;
  const workerData = { bytes, words, rounds: ROUNDS };
  const workers = Array.from({ length: further }, () => new Worker(FURTHER, { eval: true, workerData }));
  let rounds = 1;
  const areDone = () => Atomics.load(words, 1) === rounds * further;
  const wake = () => {
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
  };
  while (!areDone()) await new Promise((resolve) => setTimeout(resolve, 1));
  const work = () => {
    rounds++;
    wake();
    loop();
    while (!areDone());
  };
  const close = () => {
    words[2] = 1;
    wake();
    for (const worker of workers) worker.unref();
  };
  return { name: 'ceiling', work, close };
}
