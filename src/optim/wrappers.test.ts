import { describe, expect, it } from 'vitest';
import type { Tensor, Tree } from '../engine/index.ts';
import { jit, tensor, trees, zeros } from '../engine/index.ts';
import { scaleByAdam } from './adaptive.ts';
import { groups } from './groups.ts';
import { addDecayedWeights, clipByGlobalNorm, clipByValue } from './limit.ts';
import type { MaskedState } from './masked.ts';
import { masked } from './masked.ts';
import { applyUpdates, chain, frozen } from './optimizer.ts';
import { adam, momentum, sgd } from './presets.ts';
import { scaleByRate, withRate } from './rate.ts';
import { ema, trace } from './trace.ts';

const vector = (...xs: number[]): Tensor => tensor(xs, { dtype: 'f64' });
const numbers = (x: unknown): number[] => (x as Tensor).toArray() as number[];

describe('clipping', () => {
  it('shortens the whole tree, and only when it is too long', () => {
    const credit = { a: vector(3), b: vector(4, 0) };
    const clip = (limit: number): { a: Tensor; b: Tensor } =>
      clipByGlobalNorm(limit).update(credit, null, { params: credit })[0] as never;
    expect(numbers(clip(1).a)[0]).toBeCloseTo(3 / 5.000001, 12);
    expect(numbers(clip(1).b)[0]).toBeCloseTo(4 / 5.000001, 12);
    expect(numbers(clip(10).a)).toEqual([3]);
  });

  it('limits elements', () => {
    expect(numbers(clipByValue(0.5).update(vector(-2, 0.25, 7), null, { params: vector(0, 0, 0) })[0])).toEqual([
      -0.5, 0.25, 0.5,
    ]);
  });
});

it('ema with bias correction of a constant is that constant', () => {
  const average = ema({ decay: 0.9, debias: true });
  let state = average.init(vector(0));
  for (let t = 0; t < 5; t++) {
    const [step, next] = average.update(vector(2), state, { params: vector(0) });
    expect(numbers(step)[0]).toBeCloseTo(2, 12);
    state = next;
  }
});

it('decoupled decay stands behind Adam and before the rate', () => {
  const optimizer = chain(scaleByAdam(), addDecayedWeights(0.5), scaleByRate(0.1));
  const params = vector(4);
  const [step] = optimizer.update(vector(0), optimizer.init(params), { params });
  expect(numbers(step)[0]).toBeCloseTo(-0.1 * 0.5 * 4, 14);
});

describe('state', () => {
  it('momentum that has died away becomes exactly 0', () => {
    const optimizer = trace({ momentum: 0.1 });
    let state = optimizer.init(vector(0));
    state = optimizer.update(vector(1e-20), state, { params: vector(0) })[1];
    for (let t = 0; t < 12; t++) state = optimizer.update(vector(0), state, { params: vector(0) })[1];
    expect(numbers(state.velocity)).toEqual([0]);
  });

  it('a compiled step equals the eager one and goes on under another rate', () => {
    const optimizer = adam({ learningRate: 0.1 });
    let compiles = 0;
    const step = jit(
      (credit: Tree, state: Tree, params: Tree) => [...optimizer.update(credit, state, { params })] as const,
      { onCompile: () => compiles++ },
    );
    const params = { w: vector(1, -2, 3) };
    const credit = { w: vector(0.3, -0.2, 0.1) };
    const state = optimizer.init(params);
    const eager = optimizer.update(credit, state, { params })[0] as typeof params;
    const compiled = step(credit, state, params)[0] as typeof params;
    expect(numbers(compiled.w)).toEqual(numbers(eager.w));
    const slower = step(credit, withRate(state, 0.05), params)[0] as typeof params;
    expect(numbers(slower.w)[0]).toBeCloseTo(numbers(eager.w)[0]! / 2, 14);
    expect(compiles).toBe(1);
  });

  it('the factor of the call multiplies the rate', () => {
    const optimizer = sgd({ learningRate: 0.5 });
    const params = vector(0);
    const [step] = optimizer.update(vector(2), optimizer.init(params), { params, rate: 0.1 });
    expect(numbers(step)[0]).toBeCloseTo(-0.1, 15);
  });
});

describe('groups', () => {
  const params = {
    layers: [
      { w: vector(1), b: vector(1) },
      { w: vector(1), b: vector(1) },
    ],
  };
  const isBias = (path: string): boolean => path.endsWith('.b');

  it('give each leaf to the first group that wants it', () => {
    const optimizer = groups([
      { match: isBias, optimizer: frozen() },
      { match: (path) => path.startsWith('.layers[0]'), optimizer: sgd({ learningRate: 1 }) },
      { match: () => true, optimizer: sgd({ learningRate: 0.1 }) },
    ]);
    const [step] = optimizer.update(params, optimizer.init(params), { params });
    const after = applyUpdates(params, step);
    expect(numbers(after.layers[0]!.w)).toEqual([0]);
    expect(numbers(after.layers[1]!.w)).toEqual([0.9]);
    expect(numbers(after.layers[1]!.b)).toEqual([1]);
  });

  it('refuse a leaf that nobody wants', () => {
    expect(() => groups([{ match: isBias, optimizer: sgd({ learningRate: 1 }) }]).init(params)).toThrow(
      /no group wants the parameter \.layers\[0\]\.w/,
    );
  });
});

describe('masks', () => {
  const params = { w: vector(1, 1) };

  it('hold elements still against credit, memory and decay', () => {
    const optimizer = masked(momentum({ learningRate: 1, weightDecay: 0.1 }), { w: vector(1, 0) });
    let state = optimizer.init(params);
    for (let t = 0; t < 3; t++) {
      const [step, next] = optimizer.update({ w: vector(1, Number.NaN) }, state, { params });
      expect(numbers((step as typeof params).w)[1]).toBe(0);
      expect(numbers((step as typeof params).w)[0]).not.toBe(0);
      state = next;
    }
  });

  it('clear the memory of elements that a changed mask takes out', () => {
    const optimizer = masked(momentum({ learningRate: 1 }), { w: vector(1, 1) });
    const first = optimizer.update({ w: vector(1, 1) }, optimizer.init(params), { params })[1];
    const mask: MaskedState['mask'] = { '.w': tensor([0, 1], { dtype: 'bool' }) };
    const second = optimizer.update({ w: vector(0, 0) }, { ...first, mask }, { params })[1];
    const [step] = optimizer.update({ w: vector(0, 0) }, { ...second, mask: first.mask }, { params });
    expect(numbers((step as typeof params).w)).toEqual([-0, -0.81]);
  });

  it('refuse a mask of another shape', () => {
    expect(() => masked(sgd({ learningRate: 1 }), { w: vector(1) }).init(params)).toThrow(
      /mask \[1\] at \.w belongs to a parameter of shape \[2\]/,
    );
  });
});

it('steps of a tree keep its structure', () => {
  const params = { a: [zeros([2]), null], b: { c: zeros([]) } };
  const optimizer = adam();
  const [step] = optimizer.update(params, optimizer.init(params), { params });
  expect(trees.countParams(step)).toBe(3);
  expect(JSON.stringify(step)).toBe('{"a":[[0,0],null],"b":{"c":0}}');
});
