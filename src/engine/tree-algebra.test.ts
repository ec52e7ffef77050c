import { describe, expect, it } from 'vitest';
import type { Tensor } from './index.ts';
import { DtypeError, random, ShapeError, TreeError, tensor, trees, zeros } from './index.ts';

const f64 = (...xs: number[]): Tensor => tensor(xs, { dtype: 'f64' });
const a = { w: f64(1, 2), list: [f64(3), null] };
const b = { w: f64(10, 20), list: [f64(-1), null] };
const shown = (tree: unknown): unknown => JSON.parse(JSON.stringify(tree));

describe('tree algebra', () => {
  it('is a vector space', () => {
    expect(shown(trees.add(a, b))).toEqual({ w: [11, 22], list: [[2], null] });
    expect(shown(trees.sub(a, b))).toEqual({ w: [-9, -18], list: [[4], null] });
    expect(shown(trees.scale(a, 2))).toEqual({ w: [2, 4], list: [[6], null] });
    expect(shown(trees.addScaled(a, -0.5, b))).toEqual({ w: [-4, -8], list: [[3.5], null] });
    expect(trees.dot(a, b).item()).toBe(10 + 40 - 3);
    expect(trees.norm({ x: f64(3), y: f64(4) }).item()).toBe(5);
    expect(trees.countParams(a)).toBe(3);
  });

  it('a scalar tensor of another float dtype scales every leaf in its own', () => {
    const half = tensor(new Float64Array([0.5]), { shape: [] });
    expect(shown(trees.scale({ x: tensor([2, 4]), y: f64(6) }, half))).toEqual({ x: [1, 2], y: [3] });
  });

  it('ravel lays leaves end to end, and its way back restores the tree', () => {
    const [vector, unravel] = trees.ravel(a);
    expect(shown(vector)).toEqual([3, 1, 2]); // keys in order: list, w
    expect(shown(unravel(f64(7, 8, 9)))).toEqual({ w: [8, 9], list: [[7], null] });
    expect(() => unravel(f64(1, 2))).toThrow(ShapeError);
    expect(() => trees.ravel([tensor([1]), f64(1)])).toThrow(DtypeError);
  });

  it('random trees have a key per leaf and the leaves’ dtypes', () => {
    const like = { p: zeros([500]), q: zeros([500], 'f64') };
    const drawn = trees.randomLike(random.key(3), like);
    const [p, q] = [[...drawn.p.readSync()], [...drawn.q.readSync()]];
    expect(drawn.q.dtype).toBe('f64');
    const correlation = p.reduce((s, x, i) => s + x * q[i]!, 0) / 500;
    expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(500));
    expect(shown(trees.randomLike(random.key(3), like))).toEqual(shown(drawn));
  });

  it('refuses trees of two structures, naming the place', () => {
    expect(() => trees.add(a, { w: f64(1, 2), list: [f64(1)] } as never)).toThrow(TreeError);
    expect(() => trees.add(a, { w: f64(1, 2), list: [f64(1)] } as never)).toThrow(/\.list/);
  });
});
