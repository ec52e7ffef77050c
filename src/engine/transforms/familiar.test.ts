/** Loops outside of jit: equal bodies are one body, and whatever the step reads from outside still counts. */
import { describe, expect, it } from 'vitest';
import { traceGraph } from '../graph.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { tensor } from '../ops/create.ts';
import { tanh } from '../ops/exponential.ts';
import { sum } from '../ops/reduce.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from './api.ts';
import { familiar } from './familiar.ts';
import { jit } from './jit.ts';
import { scan } from './scan.ts';

const vector = { shape: [3], dtype: 'f32' } as const;
const list = (x: Tensor): number[] => Array.from(x.readSync());

describe('familiar', () => {
  const graphOf = (factor: number, shape: readonly number[] = [3]) =>
    traceGraph((x) => [tanh(mul(x!, factor))], [{ ...vector, shape }]);

  it('gives back the earlier of two equal graphs', () => {
    const first = familiar(graphOf(0.5));
    expect(familiar(graphOf(0.5))).toBe(first);
  });

  it('tells numbers, shapes, signs of zero, and functions apart', () => {
    const graphs = [graphOf(0.25), graphOf(0.75), graphOf(0), graphOf(-0), graphOf(Number.NaN), graphOf(0.25, [4])];
    expect(new Set(graphs.map(familiar)).size).toBe(graphs.length);
    const [one, two] = [0, 1].map(() => {
      const graph = graphOf(0.25);
      return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, params: { f: () => 0 } })) };
    });
    expect(familiar(one!)).not.toBe(familiar(two!));
  });
});

describe('a scan outside of jit', () => {
  const xs = tensor([1, -2, 3, 0.5]);
  const zero = tensor(0);

  it('sees what its step reads from outside, though the body is an earlier one', () => {
    let factor = 0.5;
    let weight = tensor(2);
    const step = (h: Tensor, x: Tensor) => [add(mul(h, factor), mul(x, weight)), null] as const;
    const run = () => scan(step, zero, xs)[0].item();
    const plain = (f: number, w: number) => [1, -2, 3, 0.5].reduce((h, x) => h * f + x * w, 0);
    expect(run()).toBe(plain(0.5, 2));
    weight = tensor(-1);
    expect(run()).toBe(plain(0.5, -1));
    factor = 0.25;
    expect(run()).toBe(plain(0.25, -1));
  });

  it('has the bits and the gradient of a compiled one, the first time and later', () => {
    const loss = (w: Tensor): Tensor =>
      sum(scan((h: Tensor, x: Tensor) => [tanh(add(mul(h, w), x)), h] as const, zero, xs)[1]);
    const [value, slope] = [jit(loss), jit(grad(loss))];
    for (const w of [0.3, -0.7, 0.3].map((x) => tensor(x))) {
      expect(list(loss(w))).toEqual(list(value(w)));
      expect(list(grad(loss)(w))).toEqual(list(slope(w)));
    }
  });
});
