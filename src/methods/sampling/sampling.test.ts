/** Sampled layers against the formulas that define them. */
import { describe, expect, it } from 'vitest';
import { fromArray, type Tensor } from '../../engine/index.ts';
import { HostRandom, keyFrom } from '../../engine/threefry.ts';
import { activate, drawPairs, pairLayer, randomLayer, type SampledActivation } from './index.ts';

const key = keyFrom(4);

function points(seed: number, n: number, width: number): Tensor {
  const random = new HostRandom(keyFrom(seed));
  return fromArray(
    Float64Array.from({ length: n * width }, () => random.uniform(-3, 3)),
    [n, width],
    'f64',
  );
}

const rowsOf = (x: Tensor) => ({ data: x.readSync(), n: x.shape[0]!, width: x.shape[1]! });

describe('pairLayer', () => {
  it.each([
    ['tanh', -0.5, 0.5],
    ['relu', 0, 1],
  ] as const)(
    '%s units are %d at their first point and %d at their second',
    (activation: SampledActivation, low, high) => {
      const x = points(1, 60, 3);
      const layer = pairLayer(key, x, { units: 40, activation });
      const values = activate(layer, x).toArray() as number[][];
      layer.pairs!.forEach(({ from, to }, m) => {
        expect(values[from]![m]).toBeCloseTo(low, 12);
        expect(values[to]![m]).toBeCloseTo(high, 12);
      });
    },
  );

  it('points along the line of its pair', () => {
    const x = points(2, 30, 2);
    const { weights, pairs } = pairLayer(key, x, { units: 9 });
    const [rows, w] = [x.toArray() as number[][], weights.toArray() as number[][]];
    pairs!.forEach(({ from, to }, m) => {
      const [a, b] = [rows[from]!, rows[to]!];
      expect((b[0]! - a[0]!) * w[1]![m]! - (b[1]! - a[1]!) * w[0]![m]!).toBeCloseTo(0, 12);
    });
  });

  it('prefers pairs across which values change much over a short way', () => {
    const x = points(3, 400, 1);
    const step = fromArray(
      Float64Array.from(x.readSync(), (v) => Math.tanh(20 * v)),
      [400],
      'f64',
    );
    const near = (values?: Tensor) => {
      const { pairs } = pairLayer(key, x, { units: 50, ...(values === undefined ? {} : { values }) });
      const at = x.readSync();
      return pairs!.filter(({ from, to }) => at[from]! * at[to]! < 0).length / 50;
    };
    expect(near()).toBeLessThan(0.75);
    expect(near(step)).toBeGreaterThan(0.9);
  });

  it('counts classes as equal or not, whatever their names', () => {
    const x = points(5, 80, 2);
    const labels = (scale: number) =>
      fromArray(
        Float64Array.from({ length: 80 }, (_, i) => scale * (i % 3)),
        [80],
        'f64',
      );
    const draw = (scale: number) => pairLayer(key, x, { units: 20, values: labels(scale), isClass: true }).pairs;
    expect(draw(7)).toEqual(draw(1));
  });

  it('refuses no units, more units than pairs, and values of other points', () => {
    expect(() => pairLayer(key, points(1, 5, 2), { units: 0 })).toThrow(/cannot be sampled/);
    expect(() => pairLayer(key, points(1, 5, 2), { units: 11 })).toThrow(/fewer than 11 different pairs/);
    expect(() => pairLayer(key, points(1, 5, 2), { units: 3, values: points(1, 4, 1) })).toThrow(
      /5 points come with values/,
    );
    expect(() => pairLayer(key, points(1, 5, 2).mul(0), { units: 3 })).toThrow(/different pairs/);
  });
});

describe('drawPairs', () => {
  it('gives different pairs, none the reverse of another, also when all are wanted', () => {
    const pairs = drawPairs(key, rowsOf(points(1, 8, 2)), 28, () => 1);
    const names = pairs.map(({ from, to }) => [Math.min(from, to), Math.max(from, to)].join());
    expect(new Set(names).size).toBe(28);
  });

  it('fills up with pairs of weight zero only when the others are used up', () => {
    const pairs = drawPairs(key, rowsOf(points(1, 40, 2)), 30, ({ from, to }) => Number(from === 0 || to === 0));
    const heavy = pairs.findIndex(({ from, to }) => from !== 0 && to !== 0);
    expect(heavy).toBeGreaterThan(0);
    expect(pairs.slice(heavy).every(({ from, to }) => from !== 0 && to !== 0)).toBe(true);
  });

  it('takes heavier pairs more often, in the proportion of their weights', () => {
    const weight = ({ from, to }: { from: number; to: number }): number => (from + to === 1 ? 3 : 1);
    const three = rowsOf(points(6, 3, 1));
    let first = 0;
    for (let seed = 0; seed < 2000; seed++)
      first += Number(weight(drawPairs(keyFrom(seed), three, 1, weight)[0]!) === 3);
    // Three candidates a draw, of three pairs alike: the heavy one is the first of them by 3 to 1 where it is among others.
    const chance = expectedChance();
    expect(Math.abs(first / 2000 - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / 2000));
  });
});

/** Over all 27 draws of three candidates, with weights 3, 1, 1: the share of the heavy among what was drawn. */
function expectedChance(): number {
  let total = 0;
  for (let draw = 0; draw < 27; draw++) {
    const candidates = [draw % 3, Math.floor(draw / 3) % 3, Math.floor(draw / 9)];
    const heavy = candidates.filter((c) => c === 0).length;
    total += (3 * heavy) / (3 * heavy + 3 - heavy) / 27;
  }
  return total;
}

describe('randomLayer', () => {
  it('has standard normal weights and biases within the range, the same for the same key', () => {
    const layer = randomLayer(key, { inputs: 4, units: 2000, low: -2, high: 6 });
    const [w, b] = [layer.weights.readSync(), layer.bias.readSync()];
    const mean = (x: ArrayLike<number>) => Array.from(x).reduce((s, v) => s + v, 0) / x.length;
    expect(Math.abs(mean(w))).toBeLessThan(4 / Math.sqrt(8000));
    expect(Math.abs(mean(Array.from(w, (v) => v * v)) - 1)).toBeLessThan(4 * Math.sqrt(2 / 8000));
    expect(Math.min(...b)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...b)).toBeLessThan(6);
    expect(Math.abs(mean(b) - 2)).toBeLessThan(4 * Math.sqrt(64 / 12 / 2000));
    expect(randomLayer(key, { inputs: 4, units: 2000, low: -2, high: 6 }).bias.readSync()).toEqual(b);
  });
});
