import { describe, expect, it } from 'vitest';
import { withBackend } from '../backends/current.ts';
import { ConfigError, DtypeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { bits as hostBits, foldIn as hostFoldIn, split as hostSplit, keyFrom } from '../threefry.ts';
import { vmap } from '../transforms/api.ts';
import { jit } from '../transforms/jit.ts';
import { tensor } from './create.ts';
import { reshape, sliceAxis } from './movement.ts';
import * as random from './random.ts';

const BACKENDS = ['js', 'wasm'] as const;
const numbers = (x: Tensor): number[] => [...x.readSync()];
const seeded = (seed: number) => random.key(seed);

/** Σ (observed − expected)² / expected. */
function chiSquare(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0);
}

/** A bound that a χ² of k degrees of freedom passes with probability below 1e-6 (Wilson–Hilferty at z = 4.75). */
const chiSquareBound = (k: number): number => k * (1 - 2 / (9 * k) + 4.75 * Math.sqrt(2 / (9 * k))) ** 3;

function histogram(values: readonly number[], cells: number, cellOf: (x: number) => number): number[] {
  const counts = new Array<number>(cells).fill(0);
  for (const x of values) counts[cellOf(x)]!++;
  return counts;
}

/** The largest distance between the empirical distribution and `cdf`, times √n; above 2.7 with probability below 1e-6. */
function kolmogorov(values: readonly number[], cdf: (x: number) => number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  return Math.sqrt(n) * Math.max(...sorted.map((x, i) => Math.max((i + 1) / n - cdf(x), cdf(x) - i / n)));
}

/** The standard normal distribution function by its series Φ(x) = ½ + φ(x)·Σ x^(2k+1)/(1·3·…·(2k+1)). */
function normalCdf(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; k < 200; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

describe.each(BACKENDS)('keys and words on %s', (name) => {
  const here = <R>(body: () => R): R => withBackend(name, body);

  it('are those of the host', () => {
    here(() => {
      const key = keyFrom(20_261_121);
      const own = seeded(20_261_121);
      expect(numbers(own)).toEqual([...key]);
      expect(numbers(random.bits(own, [5, 7]))).toEqual([...hostBits(key, 35)]);
      expect(random.split(own, 3).map(numbers)).toEqual(hostSplit(key, 3).map((k) => [...k]));
      expect(numbers(random.keys(own, 3))).toEqual(hostSplit(key, 3).flat());
      for (const data of [0, 7, 2 ** 32 - 1])
        expect(numbers(random.foldIn(own, data))).toEqual([...hostFoldIn(key, data)]);
      expect(numbers(random.foldIn(own, tensor([7], { shape: [], dtype: 'i32' })))).toEqual([...hostFoldIn(key, 7)]);
    });
  });

  it('give the bits of a loop under vmap, and of eager code under jit', () => {
    here(() => {
      const all = random.keys(seeded(5), 4);
      const rows = (f: (key: Tensor) => Tensor) =>
        [0, 1, 2, 3].flatMap((i) => numbers(f(reshape(sliceAxis(all, 0, i, i + 1), [2]))));
      const draws: readonly ((key: Tensor) => Tensor)[] = [
        (k) => random.bits(k, [3, 3]),
        (k) => random.keys(k, 5),
        (k) => random.foldIn(k, 9),
        (k) => random.uniform(k, [7], { low: -2, high: 5 }),
        (k) => random.uniform(k, [7], { dtype: 'f64', precision: 'f64' }),
        (k) => random.normal(k, [9]),
        (k) => random.randint(k, [9], -5, 1000),
        (k) => random.rademacher(k, [40]),
        (k) => random.bernoulli(k, [40]),
        (k) => random.bernoulli(k, [5], 0.3),
        (k) => random.permutation(k, 11),
        (k) => random.gumbel(k, [9]),
        (k) => random.categorical(k, tensor([0, 1, 2])),
      ];
      for (const draw of draws) {
        expect(numbers(vmap(draw)(all))).toEqual(rows(draw));
        for (const tier of ['interpret', 'module'] as const)
          expect(numbers(jit((k: Tensor) => draw(k), { tier })(seeded(3)))).toEqual(numbers(draw(seeded(3))));
      }
    });
  });

  it('fold in a batch of numbers', () => {
    here(() => {
      const steps = tensor([3, 1, 4], { dtype: 'i32' });
      expect(numbers(vmap((s: Tensor) => random.foldIn(seeded(1), s))(steps))).toEqual(
        [3, 1, 4].flatMap((s) => numbers(random.foldIn(seeded(1), s))),
      );
    });
  });
});

describe('the same numbers on both backends', () => {
  const both = (f: () => Tensor): [number[], number[]] => [
    withBackend('js', () => numbers(f())),
    withBackend('wasm', () => numbers(f())),
  ];

  it.each<[string, () => Tensor]>([
    ['uniform', () => random.uniform(seeded(2), [1000], { low: -3, high: 0.1 })],
    ['uniform f64', () => random.uniform(seeded(2), [1000], { dtype: 'f64', precision: 'f64' })],
    ['randint', () => random.randint(seeded(2), [1000], -(2 ** 31), 2 ** 31)],
    ['rademacher', () => random.rademacher(seeded(2), [1000])],
    ['permutation', () => random.permutation(seeded(2), 1000)],
  ])('%s, bit for bit', (_, draw) => {
    const [js, wasm] = both(draw);
    expect(wasm).toEqual(js);
  });

  it('normal, within an ulp of f32', () => {
    const [js, wasm] = both(() => random.normal(seeded(2), [5000]));
    expect(Math.max(...js.map((x, i) => Math.abs(x - wasm[i]!) / Math.max(Math.abs(x), 1e-3)))).toBeLessThan(2 ** -22);
  });
});

describe('laws', () => {
  const n = 20_000;

  it('uniform numbers fill [0, 1) evenly', () => {
    const u = numbers(random.uniform(seeded(11), [n]));
    expect(Math.min(...u)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...u)).toBeLessThan(1);
    expect(
      chiSquare(
        histogram(u, 100, (x) => Math.floor(100 * x)),
        n / 100,
      ),
    ).toBeLessThan(chiSquareBound(99));
    expect(kolmogorov(u, (x) => x)).toBeLessThan(2.7);
    expect(u.every((x) => Number.isInteger(x * 2 ** 24))).toBe(true);
  });

  it('uniform f64 numbers have 53 bits', () => {
    const u = numbers(random.uniform(seeded(12), [1000], { dtype: 'f64', precision: 'f64' }));
    expect(u.every((x) => Number.isInteger(x * 2 ** 53))).toBe(true);
    expect(u.some((x) => !Number.isInteger(x * 2 ** 40))).toBe(true);
    expect(kolmogorov(u, (x) => x)).toBeLessThan(2.7);
  });

  it('f64 draws start from the f32 ones', () => {
    const options = { low: -0.3, high: 0.3 };
    expect(numbers(random.uniform(seeded(4), [50], { ...options, dtype: 'f64' }))).toEqual(
      numbers(random.uniform(seeded(4), [50], options)),
    );
    expect(numbers(random.normal(seeded(4), [50], { dtype: 'f64' }))).toEqual(numbers(random.normal(seeded(4), [50])));
  });

  it.each([
    ['f32', {}],
    ['f64', { dtype: 'f64', precision: 'f64' }],
  ] as const)('normal numbers in %s have the normal distribution and its moments', (_, options) => {
    const z = numbers(random.normal(seeded(13), [n], options));
    expect(kolmogorov(z, normalCdf)).toBeLessThan(2.7);
    const moment = (k: number) => z.reduce((sum, x) => sum + x ** k, 0) / n;
    // standard errors of the first four moments are √(1, 2, 15, 96) / √n
    [1, 2, 3, 4].forEach((k, i) => {
      expect(Math.abs(moment(k) - [0, 1, 0, 3][i]!)).toBeLessThan((5 * Math.sqrt([1, 2, 15, 96][i]!)) / Math.sqrt(n));
    });
  });

  it('whole numbers are equally likely', () => {
    const x = numbers(random.randint(seeded(14), [n], -3, 10));
    expect(
      chiSquare(
        histogram(x, 13, (v) => v + 3),
        n / 13,
      ),
    ).toBeLessThan(chiSquareBound(12));
  });

  it('signs are balanced and uncorrelated from bit to bit', () => {
    const s = numbers(random.rademacher(seeded(15), [n]));
    expect(new Set(s)).toEqual(new Set([-1, 1]));
    expect(Math.abs(s.reduce((a, b) => a + b, 0))).toBeLessThan(5 * Math.sqrt(n));
    for (const lag of [1, 31, 32])
      expect(Math.abs(s.reduce((sum, x, i) => sum + x * (s[i + lag] ?? 0), 0))).toBeLessThan(5 * Math.sqrt(n));
  });

  it('bernoulli numbers hit their chances, given as a number or as a tensor', () => {
    for (const p of [0, 0.5, 0.2, 1]) {
      const hits = numbers(random.bernoulli(seeded(16), [n], p)).reduce((a, b) => a + b, 0);
      expect(Math.abs(hits - n * p)).toBeLessThanOrEqual(5 * Math.sqrt(n * p * (1 - p)));
    }
    const rates = tensor([0.1, 0.9]);
    const drawn = numbers(random.bernoulli(seeded(17), [n, 2], rates));
    expect(Math.abs(drawn.filter((_, i) => i % 2 === 0).reduce((a, b) => a + b, 0) - 0.1 * n)).toBeLessThan(
      5 * Math.sqrt(0.09 * n),
    );
  });

  it('Gumbel numbers have the Gumbel distribution', () => {
    const g = numbers(random.gumbel(seeded(20), [n]));
    expect(kolmogorov(g, (x) => Math.exp(-Math.exp(-x)))).toBeLessThan(2.7);
  });

  it('classes come up as often as their logits say, row by row', () => {
    const shares = [0.1, 0.2, 0.7, 0.5, 0.25, 0.25];
    const logits = tensor(
      shares.map((p) => Math.log(p) + 3),
      { shape: [2, 3] },
    );
    const drawn = numbers(random.categorical(seeded(21), logits, { draws: [n] })); // (n, 2)
    for (const row of [0, 1]) {
      const counts = histogram(
        drawn.filter((_, i) => i % 2 === row),
        3,
        (c) => c,
      );
      const expected = shares.slice(3 * row, 3 * row + 3).map((p) => p * n);
      expect(counts.reduce((sum, c, i) => sum + (c - expected[i]!) ** 2 / expected[i]!, 0)).toBeLessThan(
        chiSquareBound(2),
      );
    }
    expect(random.categorical(seeded(1), logits, { axis: 0 }).shape).toEqual([3]);
  });

  it('every order of a permutation is equally likely', () => {
    const orders = numbers(vmap((k: Tensor) => random.permutation(k, 4))(random.keys(seeded(18), 4800)));
    const counts = new Map<string, number>();
    for (let i = 0; i < orders.length; i += 4) {
      const order = orders.slice(i, i + 4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()], 200)).toBeLessThan(chiSquareBound(23));
  });

  it('long permutations sort, inside a program too, and hold every number once', () => {
    const order = numbers(random.permutation(seeded(19), 5000));
    expect(numbers(jit((k: Tensor) => random.permutation(k, 5000))(seeded(19)))).toEqual(order);
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });

  it('different keys give different numbers', () => {
    const [a, b] = random.split(seeded(1));
    const others = new Set(numbers(random.bits(b!, [1000])));
    const shared = numbers(random.bits(a!, [1000])).filter((x) => others.has(x));
    expect(shared).toEqual([]);
  });
});

describe('refusals', () => {
  it('name what is no key, range or choice', () => {
    expect(() => random.uniform(tensor([1, 2]), [3])).toThrow(DtypeError);
    expect(() => random.randint(seeded(1), [3], 5, 5)).toThrow(ConfigError);
    expect(() => random.uniform(seeded(1), [3], { precision: 'f64' })).toThrow(ConfigError);
    expect(() => random.foldIn(seeded(1), -1)).toThrow(ConfigError);
  });
});
