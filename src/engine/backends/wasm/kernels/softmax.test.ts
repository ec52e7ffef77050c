import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor } from '../../../index.ts';
import * as c from '../../../index.ts';
import { runner } from '../functions/harness.ts';
import { expShareEmit } from '../functions/index.ts';
import { detectProfile } from '../profile.ts';

const bits = (x: Tensor): number[] => [...x.readSync()];
const draw = (shape: readonly number[], dtype: 'f32' | 'f64'): Tensor =>
  c.cast(c.mul(c.random.normal(c.random.key(shape[1]!), shape), 4), dtype);

// Groups that are no rows are done step by step, by the kernels of maximum, exp, sum and division: an oracle for the bits.
const functions = {
  softmax: (x: Tensor, axis: number) => c.softmax(x, axis),
  logSoftmax: (x: Tensor, axis: number) => c.logSoftmax(x, axis),
  logsumexp: (x: Tensor, axis: number) => c.expandDims(c.logsumexp(x, axis), axis),
};

describe.each(Object.entries(functions))('%s of rows', (_, f) => {
  beforeAll(() => c.setBackend('wasm'));
  afterAll(() => c.setBackend('wasm'));

  const expectBitsOfSteps = (x: Tensor): void => expect(bits(f(x, 1))).toEqual(bits(c.transpose(f(c.transpose(x), 0))));

  for (const dtype of ['f32', 'f64'] as const) {
    it.each([1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 15, 16, 17, 18, 19, 23, 24, 31, 32, 33, 100, 1023, 4096, 4099, 9001])(
      `has the bits of its steps, ${dtype}, length %i`,
      (length) => {
        for (const rows of length < 40 ? [2, 3, 4, 6, 9] : [3]) expectBitsOfSteps(draw([rows, length], dtype));
      },
    );

    it.each([3, 10, 21])(`treats infinities, NaN and zeros like its steps, ${dtype}, length %i`, (length) => {
      const odd = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, -0, 0, 1e38, -1e38, 1];
      const rows = odd.flatMap((a) => odd.map((b) => Array.from({ length }, (_v, i) => (i === length - 1 ? b : a))));
      expectBitsOfSteps(c.cast(c.tensor(rows), dtype));
    });
  }

  it('does not depend on how many rows there are', () => {
    const x = draw([7, 10], 'f32');
    const whole = bits(f(x, 1));
    const single = [0, 1, 2, 3, 4, 5, 6].flatMap((i) => bits(f(c.slice(x, [i, 0], [i + 1, 10]), 1)));
    expect(single).toEqual(whole);
  });
});

describe('the exponential of softmax', () => {
  it.each(['f32', 'f64'] as const)('is that of exp within two units, and 0 instead of subnormal, %s', (dtype) => {
    const [least, unit] = dtype === 'f32' ? [-87.33654, 2 ** -23] : [-708.3964185322641, 2 ** -52];
    const xs = Array.from({ length: 4001 }, (_v, i) => (1.02 * least * i) / 4000);
    const run = runner(expShareEmit, dtype, detectProfile(), [dtype]);
    const stored = dtype === 'f32' ? Float32Array.from(xs) : Float64Array.from(xs);
    run(stored).forEach((y, i) => {
      const x = stored[i]!;
      if (x < (dtype === 'f32' ? Math.fround(least) : least)) expect(y).toBe(0);
      else expect(Math.abs(y / Math.exp(x) - 1)).toBeLessThanOrEqual(2 * unit);
    });
    expect([...run(stored.fill(Number.NaN))].every(Number.isNaN)).toBe(true);
    expect(run(stored.fill(Number.POSITIVE_INFINITY))[0]).toBe(Number.POSITIVE_INFINITY);
    expect(run(stored.fill(Number.NEGATIVE_INFINITY))[0]).toBe(0);
  });
});
