/** Test functions: their least values, derivatives against differences, finite derivatives at kinks, and closed forms by hand. */
import { describe, expect, it } from 'vitest';
import { grad, setDefaultDtype, type Tensor, tensor, valueAndGrad } from '../../../engine/index.ts';
import { HostRandom, keyFrom } from '../../../engine/threefry.ts';
import { planarFunctions, rosenbrock, scalableFunctions, styblinskiTang } from '../../index.ts';
import type { TestFunction } from './function.ts';

const all = [...scalableFunctions, ...planarFunctions, rosenbrock, styblinskiTang];
const cases = all.flatMap((f) => (f.isPlanar ? [2] : [2, 5]).map((d) => [f.id, d, f] as const));

function inF64<R>(body: () => R): R {
  setDefaultDtype('f64');
  try {
    return body();
  } finally {
    setDefaultDtype('f32');
  }
}

const point = (x: readonly number[]): Tensor => tensor([...x], { dtype: 'f64' });
const at = (f: TestFunction, x: readonly number[]): number => inF64(() => f.value(point(x)).item());
const slope = (f: TestFunction, x: readonly number[]): number[] => inF64(() => [...grad(f.value)(point(x)).readSync()]);

describe('the collection', () => {
  it('has 18 functions for every dimension and 13 of the plane, with different names', () => {
    expect([scalableFunctions.length, planarFunctions.length]).toEqual([18, 13]);
    expect(new Set(all.map((f) => f.id)).size).toBe(33);
  });
});

describe.each(cases)('%s in %d dimensions', (_, d, f) => {
  const [low, high] = f.box(d);

  it('takes its least value where it says, and nothing less nearby or at random points', () => {
    const least = f.minimum(d);
    expect(Math.abs(at(f, f.minimiser(d)) - least)).toBeLessThan(5e-6);
    const random = new HostRandom(keyFrom(5));
    for (let i = 0; i < 40; i++) {
      const near = f.minimiser(d).map((x) => x + (i < 20 ? 1e-2 * random.normal() : 0));
      const far = near.map((x) => (i < 20 ? x : random.uniform(low, high)));
      const inside = f.isBounded ? far.map((x) => Math.min(high, Math.max(low, x))) : far;
      expect(at(f, inside)).toBeGreaterThan(least - 1e-5);
    }
  });

  it('has the derivative that differences show', () => {
    const random = new HostRandom(keyFrom(7));
    const x = Array.from({ length: d }, () => random.uniform(Math.max(low, -2), Math.min(high, 2)));
    const [value, g] = inF64(() => valueAndGrad(f.value)(point(x)));
    for (let i = 0; i < d; i++) {
      const h = 1e-6 * Math.max(1, Math.abs(x[i]!));
      const shifted = (s: number) =>
        at(
          f,
          x.map((v, j) => (j === i ? v + s : v)),
        );
      const numeric = (shifted(h) - shifted(-h)) / (2 * h);
      const scale = Math.abs(numeric) + (1e-9 * Math.abs(value.item())) / h + 1;
      expect(Math.abs(numeric - g.readSync()[i]!) / scale).toBeLessThan(1e-5);
    }
  });

  it('has a finite derivative at 0 and where one coordinate is 0', () => {
    for (const x of [Array(d).fill(0), [0, ...Array(d - 1).fill(0.5)], [0.5, ...Array(d - 1).fill(0)]])
      for (const s of slope(f, x)) expect(Number.isFinite(s)).toBe(true);
  });
});

describe('values by hand', () => {
  const named = (id: string): TestFunction => all.find((f) => f.id === id)!;
  it.each([
    ['sphere', [1, 2, 3], 14],
    ['sum-squares', [1, 2, 3], 36],
    ['rotated-hyper-ellipsoid', [1, 2, 3], 3 + 8 + 9],
    ['zakharov', [1, 1], 2 + 1.5 ** 2 + 1.5 ** 4],
    ['powell', [0.5, -0.5], 0.25 + 0.125],
    ['schwefel-2-22', [1, -2, 3], 12],
    ['schwefel-2-21', [1, -2.5, 2], 2.5],
    ['trid', [2, 3], 1 + 4 - 6],
    ['dixon-price', [1, 2], 2 * 49],
    ['perm', [1, 1], (12 * (1 - 1 / 2)) ** 2 + (12 * (1 - 1 / 4)) ** 2],
    ['brown', [1, 2], 1 + 16],
    ['ridge', [1, 1], 3],
    ['rosenbrock', [-1, 0, 0], 100 + 4 + 1],
    ['styblinski-tang', [1, 2], (1 - 16 + 5 + 16 - 64 + 10) / 2],
    ['beale', [1, 1], 1.5 ** 2 + 2.25 ** 2 + 2.625 ** 2],
    ['booth', [0, 0], 74],
    ['leon', [2, 1], 100 * 49 + 1],
    ['three-hump', [1, 1], 2 - 1.05 + 1 / 6 + 2],
    ['matyas', [1, 1], 0.04],
    ['ackley-2', [3, 4], -200 / Math.E],
  ] as readonly (readonly [string, number[], number])[])('%s', (id, x, value) => {
    expect(at(named(id), x)).toBeCloseTo(value, 10);
  });
});
