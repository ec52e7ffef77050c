import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { random, relativeError, square, sum, tensor, zeros } from '../engine/index.ts';
import { attend } from './attention.ts';
import { rotate, sinusoids } from './position.ts';
import { gaussian, inF64 } from './testing.ts';
import { transformerBlock } from './transformer.ts';

const numbers = (x: Tensor): number[] => [...x.readSync()];

describe('attention', () => {
  it('over padding equals attention without it', () => {
    inF64(() => {
      const [q, k, v] = [gaussian([2, 3, 4], 1), gaussian([2, 5, 4], 2), gaussian([2, 5, 6], 3)];
      const mask = tensor([
        [1, 1, 1, 0, 0],
        [1, 1, 1, 0, 0],
      ]);
      const head = (x: Tensor): Tensor => x.slice([0, 0, 0], [2, 3, x.shape[2]!]);
      expect(attend(q, k, v, { heads: 2, mask }).toArray()).toEqual(
        attend(q, head(k), head(v), { heads: 2 }).toArray(),
      );
      expect(numbers(attend(q, k, v, { heads: 2, mask: zeros([2, 5]) })).every((y) => y === 0)).toBe(true);
      expect(() => attend(q, k, v, { heads: 2, mask: zeros([2, 3]) })).toThrow(/2 × 5 keys/);
    });
  });

  it('takes the mask from the call, through blocks', () => {
    const layer = transformerBlock({ width: 4, heads: 2 });
    const { params, state } = layer.init(random.key(1), [5, 4]);
    const run = (x: Tensor): number[][] =>
      (layer.pre(params, state, x, { mask: tensor([[1, 1, 1, 0, 0]]) })[0].toArray() as number[][][])[0]!.slice(0, 3);
    const x = gaussian([1, 5, 4], 2).cast('f32');
    const other = gaussian([1, 5, 4], 3).cast('f32');
    const mixed = tensor([
      [...(x.toArray() as number[][][])[0]!.slice(0, 3), ...(other.toArray() as number[][][])[0]!.slice(3)],
    ]);
    expect(run(mixed)).toEqual(run(x));
  });

  it('of equal queries and keys is the mean of the values seen', () => {
    const v = tensor([[[3], [6], [0]]]);
    expect(attend(zeros([1, 3, 1]), zeros([1, 3, 1]), v, { heads: 1, isCausal: true }).toArray()).toEqual([
      [[3], [4.5], [3]],
    ]);
  });
});

describe('positions', () => {
  it('sinusoids are sines and cosines of t·10000^(−2i/D)', () => {
    const wanted = [0, 1, 2].flatMap((t) =>
      [0, 1, 2, 3, 4].map((f) => {
        const angle = t / 10_000 ** ((f - (f % 2)) / 5);
        return f % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      }),
    );
    expect(relativeError(numbers(sinusoids(3, 5, 'f64')), wanted)).toBeLessThan(1e-14);
  });

  it('rotation keeps lengths and makes products depend on distances only', () => {
    inF64(() => {
      const [q, k] = [gaussian([6], 1), gaussian([6], 2)].map((x) => rotate(x.reshape([1, 6]).broadcastTo([4, 6])));
      const product = (s: number, t: number): number => {
        const [a, b] = [q!.toArray() as number[][], k!.toArray() as number[][]];
        return a[s]!.reduce((total, x, i) => total + x * b[t]![i]!, 0);
      };
      expect(product(3, 2)).toBeCloseTo(product(1, 0), 12);
      expect(product(2, 0)).toBeCloseTo(product(3, 1), 12);
      expect(product(2, 0)).not.toBeCloseTo(product(1, 0), 3);
      const lengths = numbers(sum(square(q!), -1));
      for (const length of lengths) expect(length).toBeCloseTo(lengths[0]!, 12);
    });
  });
});
