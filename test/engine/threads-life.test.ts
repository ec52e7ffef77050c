/** The life of threads: failures in the middle of a run, the end of the process, what they cost while there is nothing to do. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WasmBackend } from '../../src/engine/backends/wasm/backend.ts';
import type { KernelSpec } from '../../src/engine/backends/wasm/library.ts';
import { setWorth } from '../../src/engine/backends/wasm/team/divide.ts';
import type { ThreadPool } from '../../src/engine/backends/wasm/team/pool.ts';
import type { Tensor } from '../../src/engine/index.ts';
import * as c from '../../src/engine/index.ts';
import { bind1 } from '../../src/engine/trace.ts';
import { run } from '../platform/tools.ts';

const team = () => (c.backend() as WasmBackend).team as ThreadPool;

let before: ReturnType<typeof setWorth>;
beforeAll(() => {
  before = setWorth({ cutting: 0, waking: 0 });
});
beforeEach(async () => {
  c.setThreads(3);
  expect((await c.threadsReady()).running).toBe(3);
});
afterAll(() => {
  setWorth(before);
  c.setThreads(1);
});

/** Copies nothing, and traps on the threads whose range begins there. */
const trapAt = (at: number): KernelSpec => ({
  key: `trap at ${at}`,
  params: ['i32', 'i32', 'i32', 'i32'],
  emit: (w, _, _out, _x, begin) => {
    w.get(begin!).i32.const(at).i32.eq();
    w.if(() => w.unreachable());
  },
});

const trapOp = (at: number) =>
  c.defineOp<object>({
    name: `trap${at}`,
    version: 1,
    infer: (ins) => [{ shape: ins[0]!.shape, dtype: ins[0]!.dtype }],
    batch: () => {
      throw new Error('not batched');
    },
    cost: () => ({ flops: 1 }),
    js: ([x], [out]) => out!.set(x!),
    wasm: (context, [x], [out]) => context.call(trapAt(at), [out!, x!], 3),
  });

const failing = (at: number) => c.jit((x: Tensor) => c.exp(bind1(trapOp(at), [c.mul(x, 2)], {})), { tier: 'module' });
const sound = c.jit((x: Tensor) => c.sum(c.exp(c.mul(x, 2))), { tier: 'module' });
const x = () => c.tensor(Float32Array.from({ length: 300 }, (_, i) => i / 300));

describe('a failure', () => {
  it.each([
    [1, /thread 1 failed: RuntimeError: unreachable/],
    [2, /thread 2 failed: RuntimeError: unreachable/],
  ])('on the further thread %i ends the run with a typed error', (at, message) => {
    expect(() => failing(at)(x())).toThrow(c.ThreadError);
    expect(() => failing(at)(x())).toThrow(message);
  });

  it('on the first thread is thrown as it is', () => {
    expect(() => failing(0)(x())).toThrow(WebAssembly.RuntimeError);
  });

  it('leaves the threads fit for the next program', () => {
    const expected = sound(x()).item();
    for (const at of [0, 1, 2]) {
      expect(() => failing(at)(x())).toThrow();
      const given = team().commands;
      expect(sound(x()).item()).toBe(expected);
      expect(team().commands).toBeGreaterThan(given);
    }
  });

  it('gives the memory of the results back', () => {
    const program = failing(1);
    const input = x();
    expect(() => program(input)).toThrow();
    const held = c.liveBytes();
    for (let i = 0; i < 5; i++) expect(() => program(input)).toThrow();
    expect(c.liveBytes()).toBe(held);
  });
});

/** Runs a script in a process of its own, with the engine as `c` and three threads at work. */
const inProcess = (body: string): Promise<string> =>
  run(process.execPath, [
    '--input-type=module',
    '--eval',
    `import * as c from ${JSON.stringify(new URL('../../src/engine/index.ts', import.meta.url).href)};
     c.setThreads(3);
     const n = 400;
     const x = c.tensor(new Float32Array(n * n).fill(0.001), { shape: [n, n] });
     const step = c.jit((x) => c.matmul(c.matmul(x, x), x), { tier: 'module' });
     const { running } = await c.threadsReady();
     for (let i = 0; i < 5; i++) step(x);
     ${body}`,
  ]);

describe('a process with threads', () => {
  it('ends when its work ends', async () => {
    expect(await inProcess('process.stdout.write(String(running));')).toBe('3');
  });

  it('ends when told to', async () => {
    await inProcess("process.stdout.write('done', () => process.exit(0)); setInterval(() => step(x), 1);");
  });

  it('ends with the error that nobody caught', async () => {
    await expect(inProcess("throw new Error('nobody catches me');")).rejects.toThrow('nobody catches me');
  });

  it('burns nothing while idle', async () => {
    const share = await inProcess(`
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      await pause(200);
      const before = process.cpuUsage();
      const from = performance.now();
      await pause(1000);
      const { user, system } = process.cpuUsage(before);
      process.stdout.write(String((user + system) / 1000 / (performance.now() - from)));`);
    expect(Number(share)).toBeLessThan(0.1);
  });

  it('has its threads although it never waits for them', async () => {
    const found = await run(process.execPath, [
      '--input-type=module',
      '--eval',
      `import * as c from ${JSON.stringify(new URL('../../src/engine/index.ts', import.meta.url).href)};
       c.setThreads(2);
       const x = c.tensor(new Float32Array(160000).fill(0.001), { shape: [400, 400] });
       const step = c.jit((x) => c.matmul(c.matmul(x, x), x), { tier: 'module' });
       const until = performance.now() + 30_000;
       while (performance.now() < until && c.backend().team.commands < 5) step(x);
       process.stdout.write(String(c.backend().team.commands >= 5));`,
    ]);
    expect(found).toBe('true');
  });
});
