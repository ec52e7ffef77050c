/** Generated programs: eager, interpreted and compiled runs agree bit for bit, and with the oracle within rounding. Set PROGRAMS=10000 for the long mode. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Tensor } from '../../src/engine/index.ts';
import * as c from '../../src/engine/index.ts';
import { HostRandom, keyFrom } from '../../src/engine/threefry.ts';
import { programFrom } from './programs.ts';

const RUNS = Number(process.env.PROGRAMS ?? 300);

vi.setConfig({ testTimeout: 60_000 + 100 * RUNS });

const inputs = (shapes: readonly (readonly number[])[], dtype: 'f32' | 'f64'): Tensor[] => {
  const random = new HostRandom(keyFrom(7));
  return shapes.map((shape) => {
    const n = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: n }, () => random.uniform() * 2 - 1); // drawn in f32: both dtypes start equal
    return c.tensor(values, { shape, dtype });
  });
};

const all = (xs: readonly Tensor[]): number[] => xs.flatMap((x) => [...x.readSync()]);

/** Value and gradients with respect to every input. */
function valueAndGrads(run: (...xs: Tensor[]) => Tensor): (xs: Tensor[]) => Tensor[] {
  const both = c.valueAndGrad((xs: Tensor[]) => run(...xs));
  return (xs) => {
    const [value, grads] = both(xs);
    return [value, ...grads];
  };
}

describe(`${RUNS} generated programs`, () => {
  const bytes = fc.array(fc.nat({ max: 255 }), { minLength: 20, maxLength: 80 });

  for (const dtype of ['f32', 'f64'] as const) {
    it(`eager = tier 0 = module, bit for bit, ${dtype}`, () => {
      c.setBackend('wasm');
      fc.assert(
        fc.property(bytes, (b) => {
          const { shapes, run } = programFrom(b);
          const xs = inputs(shapes, dtype);
          const f = valueAndGrads(run);
          const eager = all(f(xs));
          for (const tier of ['interpret', 'module'] as const) expect(all(c.jit(f, { tier })(xs))).toEqual(eager);
          expect(all(valueAndGrads(c.jit(run))(xs))).toEqual(eager);
        }),
        { numRuns: RUNS, seed: 1 },
      );
    });
  }

  it('agree with the oracle in f64', () => {
    fc.assert(
      fc.property(bytes, (b) => {
        const { shapes, run } = programFrom(b);
        c.setBackend('js');
        const expected = all(valueAndGrads(run)(inputs(shapes, 'f64')));
        c.setBackend('wasm');
        const found = all(valueAndGrads(run)(inputs(shapes, 'f64')));
        const scale = Math.max(1, ...expected.map(Math.abs));
        for (const [i, v] of found.entries()) expect(Math.abs(v - expected[i]!) / scale).toBeLessThan(1e-11);
      }),
      { numRuns: RUNS, seed: 2 },
    );
  });

  it('vmap equals the loop, bit for bit', () => {
    c.setBackend('wasm');
    fc.assert(
      fc.property(bytes, (b) => {
        const { shapes, run } = programFrom(b);
        const xs = inputs(shapes, 'f32');
        const f = valueAndGrads(run);
        const rows = [xs, xs.map((x) => c.mul(x, 0.5)), xs.map((x) => c.neg(x))];
        const stacked = shapes.map((_, k) => c.stack(rows.map((r) => r[k]!)));
        const together = c.vmap(f)(stacked);
        rows.forEach((row, i) => {
          const mine = together.map((t) => c.reshape(c.sliceAxis(t, 0, i, i + 1), t.shape.slice(1)));
          expect(all(mine)).toEqual(all(f(row)));
        });
      }),
      { numRuns: Math.ceil(RUNS / 3), seed: 3 },
    );
  });
});
