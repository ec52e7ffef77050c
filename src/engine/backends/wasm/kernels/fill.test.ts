import { describe, expect, it } from 'vitest';
import { BYTES, type Dtype } from '../../../dtype.ts';
import { fillKernel, iotaKernel } from './fill.ts';
import { Bench } from './testing.ts';

const values: Record<Dtype, number> = { f32: -0.5, f64: 0.1, i32: -7, u32: 2 ** 32 - 2, bool: 1 };

describe.each(Object.keys(values) as Dtype[])('fill and iota, %s', (dtype) => {
  it.each([0, 1, 2, 3, 4, 5, 11, 32])('write %i elements and no more', (n) => {
    const bench = new Bench();
    const out = bench.room(dtype, n);
    bench.run(fillKernel(dtype), out, values[dtype], 0, n);
    expect(out.read()).toEqual(Array(n).fill(values[dtype]));
    if (dtype !== 'bool') {
      bench.run(iotaKernel(dtype), out, 0, n);
      expect(out.read()).toEqual(Array.from({ length: n }, (_, i) => i));
    }
    expect(bench.isIntactAround(out, n * BYTES[dtype])).toBe(true);
  });

  it('leave what is outside the share', () => {
    const bench = new Bench();
    const out = bench.place(dtype, [1, 1, 1, 1, 1, 1, 1, 1, 1]);
    bench.run(fillKernel(dtype), out, 0, 3, 8);
    expect(out.read()).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 1]);
  });
});
