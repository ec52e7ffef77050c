/** Random words on WASM: one stream per key; and ranks by counting. */
import { sizeOf } from '../../shape.ts';
import { threefryBitsKernel, threefryBlocksKernel } from './kernels/threefry.ts';
import type { KernelSpec } from './library.ts';
import type { WasmLowering } from './lower.ts';
import { repeatCalls } from './lower-repeat.ts';

export const lowerBits: WasmLowering<{ readonly shape: readonly number[] }> = (context, [key], [out], { shape }) => {
  const n = sizeOf(shape);
  repeatCalls(context, {
    spec: threefryBitsKernel,
    pointers: [out!, key!],
    steps: [[4 * n], [8]],
    dims: [sizeOf(key!.shape) / 2],
    args: [0, 0],
    share: n,
  });
};

export const lowerBlocks: WasmLowering<{ readonly high: number }> = (context, [key, counters], [out], { high }) => {
  const keys = sizeOf(key!.shape) / 2;
  const n = sizeOf(counters!.shape) / Math.max(keys, 1);
  repeatCalls(context, {
    spec: threefryBlocksKernel,
    pointers: [out!, key!, counters!],
    steps: [[8 * n], [8], [4 * n]],
    dims: [keys],
    args: [high],
    share: n,
  });
};

export const lowerRank: WasmLowering<unknown> = (context, [x], [out]) => {
  const n = x!.shape.at(-1)!;
  repeatCalls(context, {
    spec: rankKernel,
    pointers: [out!, x!],
    steps: [[4 * n], [4 * n]],
    dims: [sizeOf(x!.shape.slice(0, -1))],
    args: [n],
    share: n,
  });
};

/**
 * (out, x, n, begin, end): out[i] = how many of the n words come before x[i] in order, ties by index, for i in [begin, end).
 * Four comparisons at a time: x[j] ≤ x[i] for j before i, x[j] < x[i] behind it.
 */
const rankKernel: KernelSpec = {
  key: 'rank',
  params: Array<'i32'>(5).fill('i32'),
  emit(w, _profile, out, x, n, begin, end) {
    const [i, j, own, count] = w.locals('i32', 4);
    const [spread, counts] = w.locals('v128', 2);
    const word = (at: typeof j) => w.address(x!, at, 2);
    const countRange = (first: () => unknown, last: () => unknown, name: 'le_u' | 'lt_u') => {
      w.assign(j, first);
      w.while(
        () => w.get(j).i32.const(4).i32.add().push(last).i32.le_u(),
        () => {
          w.get(counts);
          word(j).v128.load().get(spread).i32x4[name]().i32x4.sub().set(counts);
          w.advance(j, 4);
        },
      );
      w.while(
        () => w.get(j).push(last).i32.lt_u(),
        () => {
          w.get(count);
          word(j).i32.load().get(own).i32[name]().i32.add().set(count);
          w.advance(j, 1);
        },
      );
    };
    w.for(i, begin!, end!, 1, () => {
      word(i).i32.load().set(own);
      w.get(own).i32x4.splat().set(spread);
      w.assign(count, 0).v128.zero().set(counts);
      countRange(
        () => w.i32.const(0),
        () => w.get(i),
        'le_u',
      );
      countRange(
        () => w.get(i).i32.const(1).i32.add(),
        () => w.get(n!),
        'lt_u',
      );
      for (const lane of [0, 1, 2, 3]) w.get(counts).i32x4.extract_lane(lane).get(count).i32.add().set(count);
      w.address(out!, i, 2).get(count).i32.store();
    });
  },
};
