/** The race counts steps as plain loops do, stops rows one by one, and goes on without those that have stopped. */
import { describe, expect, it } from 'vitest';
import { random, setDefaultDtype, square, sum, type Tensor } from '../../engine/index.ts';
import { adam, sgd } from '../../optim/index.ts';
import { race, solvedShare } from './race.ts';

const sphere = (x: Tensor): Tensor => sum(square(x));

function inF64<R>(body: () => R): R {
  setDefaultDtype('f64');
  try {
    return body();
  } finally {
    setDefaultDtype('f32');
  }
}

/** Steps of gradient descent on Σx² until it is at most `target`. */
function plainDescent(x0: readonly number[], rate: number, target: number): number {
  let x = [...x0];
  for (let t = 0; ; t++) {
    if (x.reduce((s, v) => s + v * v, 0) <= target) return t;
    x = x.map((v) => v - rate * 2 * v);
  }
}

function plainAdam(x0: number, rate: number, target: number): number {
  let [x, m, v] = [x0, 0, 0];
  for (let t = 1; ; t++) {
    if (x * x <= target) return t - 1;
    const g = 2 * x;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    x -= (rate * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
  }
}

describe('a race', () => {
  const starts = [
    [1, -2],
    [3, 0.5],
    [1e-4, 0],
  ];
  const rates = [0.3, 0.01, 0.001];
  const gd = { name: 'gd', credit: 'gradient' as const, optimizer: sgd({ learningRate: 1 }), rates, repeats: 1 };

  it('counts steps of every start and rate as plain loops do, also after rows have been left out', () => {
    const finish = inF64(() =>
      race({
        value: sphere,
        starts,
        racers: [gd],
        targets: starts.map(() => 1e-3),
        limit: 1e6,
        key: random.key(1),
        steps: 5000,
      }),
    );
    expect(finish[0]).toEqual(starts.map((x) => rates.map((rate) => [plainDescent(x, rate, 1e-3)])));
  });

  it('keeps the memory of optimisers in step with their rows', () => {
    const many = [[1], [0.5], [4], [1e-3]];
    const racer = { ...gd, optimizer: adam({ learningRate: 1 }), rates: [0.01, 0.002] };
    const finish = inF64(() =>
      race({
        value: sphere,
        starts: many,
        racers: [racer],
        targets: many.map(() => 1e-4),
        limit: 1e6,
        key: random.key(1),
        steps: 5000,
      }),
    );
    expect(finish[0]).toEqual(many.map(([x]) => [0.01, 0.002].map((rate) => [plainAdam(x!, rate, 1e-4)])));
  });

  it('loses rows above the limit, the start included, and those that leave the numbers', () => {
    const racer = { ...gd, rates: [1.5] };
    const far = [[1], [2000]];
    const finish = inF64(() =>
      race({
        value: sphere,
        starts: far,
        racers: [racer],
        targets: far.map(() => 1e-6),
        limit: 1e6,
        key: random.key(1),
        steps: 2000,
      }),
    );
    expect(finish[0]!.flat(2)).toEqual([Infinity, Infinity]);
    expect(solvedShare([3, Infinity, 7, 9], 7)).toBe(0.5);
  });

  it('gives repeats tangents of their own and is a function of its key', () => {
    const racer = {
      name: 'fg',
      credit: 'sphere' as const,
      optimizer: sgd({ learningRate: 1 }),
      rates: [0.05],
      repeats: 4,
    };
    const run = (seed: number) =>
      inF64(() =>
        race({
          value: sphere,
          starts: [[1, 2, 3]],
          racers: [racer],
          targets: [1e-3],
          limit: 1e6,
          key: random.key(seed),
          steps: 3000,
        }),
      );
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    expect(new Set(run(1).flat(3)).size).toBeGreaterThan(1);
  });
});
