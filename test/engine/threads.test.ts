/** Programs on several threads: the same bits for any number of threads, however late some of them are. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WasmBackend } from '../../src/engine/backends/wasm/backend.ts';
import { setWorth } from '../../src/engine/backends/wasm/team/divide.ts';
import type { ThreadPool } from '../../src/engine/backends/wasm/team/pool.ts';
import type { Tensor } from '../../src/engine/index.ts';
import * as c from '../../src/engine/index.ts';
import { HostRandom, keyFrom } from '../../src/engine/threefry.ts';
import { programFrom } from './programs.ts';

const RUNS = Number(process.env.PROGRAMS ?? 60);
const random = new HostRandom(keyFrom(11));
const drawn = (shape: readonly number[], dtype: 'f32' | 'f64' = 'f32'): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return c.tensor(
    Float32Array.from({ length: n }, () => random.uniform() * 2 - 1),
    { shape, dtype },
  );
};
const all = (xs: readonly Tensor[]): number[] => xs.flatMap((x) => [...x.readSync()]);
const team = () => (c.backend() as WasmBackend).team as ThreadPool;

/** The results of a compiled function with 1 to 4 threads. */
async function onEach(f: () => Tensor[], counts: readonly number[] = [1, 2, 3, 4]): Promise<number[][]> {
  const found: number[][] = [];
  for (const n of counts) {
    c.setThreads(n);
    expect((await c.threadsReady()).running).toBe(n);
    const given = team().commands;
    found.push(all(f()));
    if (n > 1) expect(team().commands).toBeGreaterThan(given);
  }
  return found;
}

const expectSame = ([one, ...others]: readonly number[][]): void => {
  for (const other of others) expect(other).toEqual(one);
};

let before: ReturnType<typeof setWorth>;
beforeAll(() => {
  before = setWorth({ cutting: 0, waking: 0 });
  c.setThreads(2);
});
beforeEach(() => team().delay([0, 0, 0, 0]));
afterAll(() => {
  setWorth(before);
  c.setThreads(1);
});

const gradients = (run: (...xs: Tensor[]) => Tensor) => {
  const both = c.valueAndGrad((xs: Tensor[]) => run(...xs));
  return c.jit(
    (xs: Tensor[]) => {
      const [value, grads] = both(xs);
      return [value, ...grads];
    },
    { tier: 'module' },
  );
};

describe('the same bits for 1, 2, 3 and 4 threads', () => {
  it(`on ${RUNS} generated programs`, async () => {
    const bytes = fc.array(fc.nat({ max: 255 }), { minLength: 20, maxLength: 80 });
    const programs = fc.sample(bytes, { numRuns: RUNS, seed: 5 }).map(programFrom);
    const inputs = programs.map((p) => p.shapes.map((shape) => drawn(shape)));
    const compiled = programs.map((p) => gradients(p.run));
    expectSame(await onEach(() => compiled.flatMap((f, i) => f(inputs[i]!))));
  });

  it('on factorizations and transforms beside products', async () => {
    const [a, tall] = [drawn([90, 90], 'f64'), drawn([150, 70], 'f64')];
    const f = c.jit(
      (x: Tensor, y: Tensor) => {
        const s = c.add(c.matmul(x, x, { transposeY: true }), c.eye(90, 'f64'));
        const { values, vectors } = c.linalg.eigh(s);
        return [c.linalg.cholesky(s), c.linalg.solve(s, x), c.linalg.lstsq(y, y).x, values, vectors, ...c.fft([x, s])];
      },
      { tier: 'module' },
    );
    expectSame(await onEach(() => f(a, tall)));
  });

  it.each(['f32', 'f64'] as const)('on a perceptron step, %s', async (dtype) => {
    const xs = [drawn([37, 60], dtype), drawn([60, 45], dtype), drawn([45], dtype), drawn([45, 10], dtype)];
    const step = gradients((x, w, b, v) => c.mean(c.logsumexp(c.matmul(c.relu(c.add(c.matmul(x!, w!), b!)), v!), 1)));
    expectSame(await onEach(() => step(xs)));
  });

  it('on steps that overwrite their parameters, under the limits of ordinary programs', async () => {
    const limits = setWorth(before);
    const [x, w, b, v] = [drawn([64, 784]), drawn([784, 300]), drawn([300]), drawn([300, 10])];
    const loss = (params: Tensor[], input: Tensor) =>
      c.mean(c.logsumexp(c.matmul(c.relu(c.add(c.matmul(input, params[0]!), params[1]!)), params[2]!), 1));
    const step = c.jit(
      (params: Tensor[], input: Tensor) =>
        c
          .grad(loss)(params, input)
          .map((g, i) => c.sub(params[i]!, c.mul(g, 0.1))),
      { donate: [0], tier: 'module' },
    );
    const found = await onEach(() => {
      let params = [w, b, v].map((p) => c.mul(p, 1));
      for (let i = 0; i < 3; i++) params = step(params, x);
      return params;
    });
    setWorth(limits);
    expectSame(found);
  });

  it('on a convolutional step', async () => {
    const xs = [drawn([5, 3, 12, 12]), drawn([8, 3, 3, 3]), drawn([6, 8, 3, 3])];
    const step = gradients((x, k, l) =>
      c.sum(c.maxPool(c.relu(c.conv2d(c.relu(c.conv2d(x!, k!, { padding: 1 })), l!)), 2)),
    );
    expectSame(await onEach(() => step(xs)));
  });

  it('on a loop and its gradient', async () => {
    const xs = [drawn([9, 20, 14]), drawn([14, 14]), drawn([20, 14])];
    const step = gradients((x, w, h) => {
      const [last, ys] = c.scan(
        (h: Tensor, x: Tensor) => {
          const next = c.tanh(c.add(c.matmul(h, w!), x));
          return [next, c.sum(next, 1)] as const;
        },
        h!,
        x!,
      );
      return c.add(c.sum(last), c.sum(ys as Tensor));
    });
    expectSame(await onEach(() => step(xs)));
  });

  it('with any of them late at every barrier', async () => {
    const xs = [drawn([64, 96]), drawn([96, 80]), drawn([80, 10])];
    const step = gradients((x, w, v) => c.sum(c.exp(c.matmul(c.relu(c.matmul(x!, w!)), v!))));
    const found = await onEach(() => step(xs));
    for (let late = 0; late < 4; late++) {
      const turns = [0, 0, 0, 0];
      turns[late] = 200_000;
      team().delay(turns);
      found.push(all(step(xs)));
    }
    expectSame(found);
  });
});
