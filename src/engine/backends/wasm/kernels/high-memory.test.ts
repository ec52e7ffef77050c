import { expect, it } from 'vitest';
import { stridedCopyKernel } from './copy.ts';
import { planCopy } from './copy-plan.ts';
import { fillKernel } from './fill.ts';
import { takeKernel } from './gather.ts';
import { matmulKernel, matmulScratchBytes } from './matmul.ts';
import { im2colKernel } from './patches.ts';
import { maxPoolKernel } from './pool.ts';
import { reduceKernel } from './reduce.ts';
import { Bench } from './testing.ts';
import { threefryBitsKernel } from './threefry.ts';
import { windowArgs } from './window.ts';

/** Every family once, and what it leaves in memory. */
function everything(base: number): number[][] {
  const bench = new Bench('strict', { base });
  const window = { input: [6, 7], kernel: [2, 3], out: [6, 6], stride: [1, 1], dilation: [1, 1], pad: [1, 1] } as const;
  const x = bench.place(
    'f32',
    Array.from({ length: 42 }, (_, i) => Math.sin(i)),
  );
  const idx = bench.place('i32', [5, 0, 3]);
  const key = bench.place('u32', [1, 2]);
  const scratch = bench.room('f32', matmulScratchBytes('f32', 50, 50, 50) / 4);
  const results = [50, 42, 7, 36, 21, 6 * 36, 36, 40].map((n) => bench.room('f32', n));
  const [filled, turned, sums, product, taken, columns, pooled, words] = results;
  const plan = planCopy([7, 6], [6, 1], [1, 7]);
  bench.run(fillKernel('f32'), filled!, 1.5, 0, 50);
  bench.run(stridedCopyKernel(4), turned!, x, ...plan.args, 0, plan.extent);
  bench.run(reduceKernel({ op: 'sum', dtype: 'f32' }), sums!, x, 1, 6, 7, 0, 7);
  bench.run(matmulKernel({ dtype: 'f32' }), product!, x, x, 6, 6, 7, 7, 1, 1, 7, scratch, 0, 6);
  bench.run(takeKernel(4), taken!, x, idx, 1, 6, 7, 3, 0, 3);
  bench.run(im2colKernel(4), columns!, x, ...windowArgs(window), 0, 6);
  bench.run(maxPoolKernel('f32'), pooled!, x, ...windowArgs(window), 0, 1);
  bench.run(threefryBitsKernel, words!, key, 0, 0, 0, 40);
  expect(results.every((r) => r.pointer > base)).toBe(true);
  return results.map((r) => r.read());
}

it('kernels above 3 GiB give what they give below', () => {
  expect(everything(3 * 2 ** 30 + 4096)).toEqual(everything(64));
});
