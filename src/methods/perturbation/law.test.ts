/** Every law of directions has unit variance per component and the error that its fourth moment predicts. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../engine/index.ts';
import { jit, leavesOf, mean, mul, random, square, sub, sum, tensor, vmap, zeros } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import type { Law } from './law.ts';
import { direction, laws, lengthFactor, sparsityOf } from './law.ts';

const tree: Tree = { a: zeros([3, 2]), b: [zeros([9]), zeros([1])] };
const N = 16;
const numbers = (drawn: Tree): number[] => leavesOf(drawn).flatMap((leaf) => [...(leaf as Tensor).readSync()]);
const draw = (law: Law, seed: number): number[] => numbers(direction(law, random.key(seed), tree));
const norm = (xs: readonly number[]): number => Math.hypot(...xs);

describe.each(laws)('the law %s', (law) => {
  it('keeps the tree, shapes and dtypes', () => {
    const like = { a: zeros([3, 2], 'f64'), b: zeros([4], 'f64') };
    const drawn = direction(law, random.key(1), like) as { a: Tensor; b: Tensor };
    expect([drawn.a.shape, drawn.a.dtype, drawn.b.shape, drawn.b.dtype]).toEqual([[3, 2], 'f64', [4], 'f64']);
  });

  it('is a function of its key, and leaves differ', () => {
    expect(draw(law, 1)).toEqual(draw(law, 1));
    expect(draw(law, 1)).not.toEqual(draw(law, 2));
    const pair = direction(law, random.key(3), [zeros([8]), zeros([8])]) as Tensor[];
    expect([...pair[0]!.readSync()]).not.toEqual([...pair[1]!.readSync()]);
  });

  it('draws independently for every sample', () => {
    const rows = direction(law, random.key(4), [zeros([3, 64])], { isPerSample: true }) as Tensor[];
    const [first, second] = rows[0]!.toArray() as number[][];
    expect(first).not.toEqual(second);
    if (lengthFactor(law, 64) === 64) expect(norm(first!) ** 2).toBeCloseTo(64, 3);
  });

  it('estimates g without bias, with the relative squared error c − 1', () => {
    const draws = 20_000;
    const g = tensor(Array.from({ length: N }, (_, i) => Math.sin(i + 1)));
    const power = sum(square(g)).item();
    const estimate = (key: Tensor): Tensor => {
      const v = direction(law, key, [zeros([N])]) as Tensor[];
      return mul(sum(mul(g, v[0]!)), v[0]!);
    };
    const [bias, error] = jit((keys: Tensor) => {
      const all = vmap(estimate)(keys); // (draws, N)
      return [sum(square(sub(mean(all, 0), g))), mean(sum(square(sub(all, g)), 1))] as const;
    })(random.keys(random.key(9), draws));
    const c = lengthFactor(law, N);
    expect(Math.sqrt(bias.item() / power)).toBeLessThan(4 * Math.sqrt((c - 1) / draws));
    expect(error.item() / power / (c - 1)).toBeCloseTo(1, 1);
  });
});

describe('laws of constant length', () => {
  it.each(['sphere', 'coordinate', 'rademacher'] as const)('%s has ‖v‖² = n over the whole tree', (law) => {
    for (const seed of [1, 2, 3]) expect(norm(draw(law, seed)) ** 2).toBeCloseTo(N, 4);
  });
});

describe('single laws', () => {
  it('rademacher is ±1', () => {
    expect(new Set(draw('rademacher', 5))).toEqual(new Set([-1, 1]));
  });

  it('coordinate is √n in one place of the tree, each as often as another', () => {
    const counts = Array.from({ length: N }, () => 0);
    const draws = 1600;
    for (let seed = 0; seed < draws; seed++) {
      const v = draw('coordinate', seed);
      const place = v.findIndex((x) => x !== 0);
      expect(v.filter((x) => x !== 0)).toEqual([4]);
      counts[place]! += 1;
    }
    const chi2 = counts.reduce((s, k) => s + (k - draws / N) ** 2 / (draws / N), 0);
    expect(chi2).toBeLessThan(37.7); // 15 degrees of freedom, one in a thousand
  });

  it('sparse-p keeps a share p of signs, scaled to unit variance', () => {
    for (const p of [0.1, 0.25]) {
      const v = numbers(direction(`sparse-${p}`, random.key(7), [zeros([20_000])]));
      const kept = v.filter((x) => x !== 0);
      for (const x of kept) expect(Math.abs(x)).toBeCloseTo(1 / Math.sqrt(p), 5);
      expect(kept.length / 20_000).toBeCloseTo(p, 1);
      expect(kept.filter((x) => x > 0).length / kept.length).toBeCloseTo(0.5, 1);
    }
    expect(lengthFactor('sparse-0.25', 16)).toBe(19);
    expect(['sparse-0.1', 'sparse-1', 'sparse-2', 'sparse-0', 'sparse', 'sphere'].map(sparsityOf)).toEqual([
      0.1,
      1,
      null,
      null,
      null,
      null,
    ]);
  });

  it('uniform stays within ±√3', () => {
    const v = numbers(direction('uniform', random.key(6), [zeros([5000])]));
    expect(Math.max(...v.map(Math.abs))).toBeLessThanOrEqual(Math.fround(Math.sqrt(3)));
    expect(Math.max(...v.map(Math.abs))).toBeGreaterThan(1.7);
  });
});
