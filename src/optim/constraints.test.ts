import { describe, expect, it } from 'vitest';
import type { Tensor, Tree } from '../engine/index.ts';
import { ConfigError, jit, ShapeError, tensor } from '../engine/index.ts';
import { lazyRows } from './lazy.ts';
import type { Optimizer } from './optimizer.ts';
import { applyUpdates } from './optimizer.ts';
import { adam, momentum, sgd } from './presets.ts';
import type { Projection } from './projected.ts';
import { ball, box, largestElements, projected, projectParams, signs, zeroDiagonal } from './projected.ts';

type Params = { readonly w: Tensor };
const matrix = (rows: number[][]): Params => ({ w: tensor(rows, { dtype: 'f64' }) });
const rowsOf = (p: unknown): number[][] => (p as Params).w.toArray() as number[][];

function run(optimizer: Optimizer, params: Params, credits: readonly Params[]): number[][][] {
  let [now, state] = [params as Tree, optimizer.init(params)];
  return credits.map((credit) => {
    const [step, next] = optimizer.update(credit, state, { params: now });
    now = applyUpdates(now, step);
    state = next;
    return rowsOf(now);
  });
}

describe('projections', () => {
  const from = matrix([
    [0.5, -0.5],
    [2, -3],
  ]);
  const credit = matrix([
    [-1, -1],
    [0, 1],
  ]);
  const stepped = (projection: Projection): number[][] =>
    run(projected(sgd({ learningRate: 1 }), [{ projection }]), from, [credit])[0]!; // unprojected: [[1.5, 0.5], [2, -4]]

  it('onto a box, onto signs, off the diagonal, onto the largest, into a ball', () => {
    expect(stepped(box(-1, 1))).toEqual([
      [1, 0.5],
      [1, -1],
    ]);
    expect(stepped(signs(1))).toEqual([
      [1.5, 0.5],
      [2, 0],
    ]);
    const pattern = tensor(
      [
        [-1, 0],
        [1, 1],
      ],
      { dtype: 'f64' },
    );
    expect(stepped(signs(pattern))).toEqual([
      [0, 0.5],
      [2, 0],
    ]);
    expect(stepped(zeroDiagonal())).toEqual([
      [0, 0.5],
      [2, 0],
    ]);
    expect(stepped(largestElements(2))).toEqual([
      [0, 0],
      [2, -4],
    ]);
    expect(Math.hypot(...stepped(ball(2)).flat())).toBeCloseTo(2, 12);
    expect(stepped(ball(9))).toEqual([
      [1.5, 0.5],
      [2, -4],
    ]);
  });

  it('act in order, on the leaves that match, and the memory of the optimiser goes on', () => {
    const both = projected(momentum({ learningRate: 1 }), [
      { projection: box(-1, 1), match: (path) => path === '.w' },
      { projection: zeroDiagonal(), match: (path) => path === '.other' },
    ]);
    const [first, second] = run(both, from, [
      credit,
      matrix([
        [0, 0],
        [0, 0],
      ]),
    ]);
    expect(first).toEqual([
      [1, 0.5],
      [1, -1],
    ]);
    expect(second).toEqual([
      [1, 1],
      [1, -1],
    ]); // velocity −0.9, −0.9, 0, 0.9
  });

  it('of equal elements keep exactly k', () => {
    const equal = { w: tensor([1, -1, 1, 1], { dtype: 'f64' }) };
    expect(projectParams(equal, [{ projection: largestElements(2) }]).w.toArray()).toEqual([1, -1, 0, 0]);
  });

  it('meet the constraint to the last bit when parameters are projected themselves', () => {
    const odd = { w: tensor([0.1, 1 + 2 ** -23, -7e8]) };
    expect(projectParams(odd, [{ projection: box(-0.3, 1) }]).w.toArray()).toEqual([
      Math.fround(0.1),
      1,
      Math.fround(-0.3),
    ]);
  });

  it('compile, and refuse what makes no sense', () => {
    const optimizer = projected(adam({ learningRate: 0.5 }), [{ projection: largestElements(1) }]);
    const state = optimizer.init(from);
    const f = (c: Tree, s: Tree, p: Tree): Tree => optimizer.update(c, s, { params: p })[0];
    expect(rowsOf(jit(f)(credit, state, from))).toEqual(rowsOf(f(credit, state, from)));
    expect(() => box(1, 0)).toThrow(ConfigError);
    expect(() => largestElements(1.5)).toThrow(ConfigError);
    expect(() => zeroDiagonal().apply(tensor([[1, 2]]))).toThrow(ShapeError);
    expect(() => signs(tensor([1])).apply(tensor([[1, 2]]))).toThrow(ShapeError);
  });
});

describe('lazy rows', () => {
  const from = matrix([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const credits = [
    matrix([
      [1, -2],
      [0.5, 0],
      [0, 0],
    ]),
    matrix([
      [0, 0],
      [1, 1],
      [0, 0],
    ]),
    matrix([
      [2, 1],
      [0, 0],
      [0, 0],
    ]),
  ];

  it('of Adam follow the recurrence of each touched row, with a common count of steps', () => {
    const m = [0, 1, 2].map(() => [0, 0]);
    const v = [0, 1, 2].map(() => [0, 0]);
    let p = rowsOf(from);
    const wanted = credits.map((credit, k) => {
      p = rowsOf(credit).map((g, i) => {
        if (g.every((x) => x === 0)) return p[i]!;
        return g.map((x, j) => {
          m[i]![j] = 0.9 * m[i]![j]! + 0.1 * x;
          v[i]![j] = 0.999 * v[i]![j]! + 0.001 * x * x;
          const scale = Math.sqrt(v[i]![j]! / (1 - 0.999 ** (k + 1))) + 1e-8;
          return p[i]![j]! - (0.1 * (m[i]![j]! / (1 - 0.9 ** (k + 1)))) / scale;
        });
      });
      return p;
    });
    run(lazyRows(adam({ learningRate: 0.1 })), from, credits).forEach((rows, k) => {
      rows.flat().forEach((x, i) => {
        expect(x).toBeCloseTo(wanted[k]!.flat()[i]!, 12);
      });
    });
  });

  it('equal the dense optimiser in the first step, and differ from the second on', () => {
    const [lazy, dense] = [lazyRows(adam({ learningRate: 0.1 })), adam({ learningRate: 0.1 })].map((o) =>
      run(o, from, credits),
    );
    expect(lazy![0]).toEqual(dense![0]);
    expect(lazy![1]).not.toEqual(dense![1]);
    expect(lazy!.map((rows) => rows[2])).toEqual([
      [5, 6],
      [5, 6],
      [5, 6],
    ]);
  });

  it('leave other leaves to the dense rule; without memory both are equal', () => {
    const [lazy, dense] = [lazyRows(sgd({ learningRate: 0.1 })), sgd({ learningRate: 0.1 })].map((o) =>
      run(o, from, credits),
    );
    expect(lazy).toEqual(dense);
    const free = run(lazyRows(adam({ learningRate: 0.1 }), { match: () => false }), from, credits);
    expect(free).toEqual(run(adam({ learningRate: 0.1 }), from, credits));
  });
});
