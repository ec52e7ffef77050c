import { describe, expect, it } from 'vitest';
import { Bench } from './testing.ts';
import { threefryBitsKernel, threefryBlocksKernel } from './threefry.ts';

/** The algorithm as the paper states it, on BigInt. */
function block(key: readonly number[], low: bigint, high: bigint): number[] {
  const mask = 0xffff_ffffn;
  const k = [BigInt(key[0]!), BigInt(key[1]!)];
  k.push(0x1bd11bdan ^ k[0]! ^ k[1]!);
  let [x, y] = [(low + k[0]!) & mask, (high + k[1]!) & mask];
  for (let round = 0; round < 20; round++) {
    const by = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n][round % 8]!;
    x = (x + y) & mask;
    y = ((y << by) | (y >> (32n - by))) & mask;
    y ^= x;
    if (round % 4 !== 3) continue;
    const s = (round + 1) / 4;
    x = (x + k[s % 3]!) & mask;
    y = (y + k[(s + 1) % 3]! + BigInt(s)) & mask;
  }
  return [Number(x), Number(y)];
}
const word = (key: readonly number[], n: bigint) => block(key, (n >> 1n) & 0xffff_ffffn, n >> 33n)[Number(n & 1n)]!;

// Known-answer vectors of the Random123 distribution: key, counter, result.
const known = [
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
] as const;

describe('threefry', () => {
  it.each(known)('key %o, counter %o → %o', (key, [low, high], expected) => {
    const bench = new Bench();
    const [k, counters, out] = [bench.place('u32', key), bench.place('u32', [low]), bench.room('u32', 2)];
    bench.run(threefryBlocksKernel, out, k, counters, high, 0, 1);
    expect(out.read()).toEqual(expected);
    expect(block(key, BigInt(low), BigInt(high))).toEqual(expected); // the oracle below, too
  });

  it('blocks reads the counters of its share', () => {
    const bench = new Bench();
    const key = [5, 6];
    const [k, counters, out] = [bench.place('u32', key), bench.place('u32', [9, 3, 2 ** 32 - 1]), bench.room('u32', 6)];
    bench.run(threefryBlocksKernel, out, k, counters, 0xffff_fffe, 1, 3);
    expect(out.read()).toEqual([77, 77, ...block(key, 3n, 0xffff_fffen), ...block(key, 0xffff_ffffn, 0xffff_fffen)]);
  });

  const key = [0x12345678, 0x9abcdef0];
  it.each([0n, 1n, 2n, 7n, 2n ** 33n - 9n, 2n ** 33n - 20n, 2n ** 63n + 5n])(
    'the stream from word %i, any length and share',
    (from) => {
      const bench = new Bench();
      const [low, high] = [Number(from & 0xffff_ffffn), Number(from >> 32n)];
      for (const n of [0, 1, 2, 3, 15, 16, 17, 33, 50]) {
        bench.clear();
        const k = bench.place('u32', key);
        const out = bench.room('u32', n);
        for (const [begin, end] of [
          [0, Math.floor(n / 3)],
          [Math.floor(n / 3), n],
        ] as const)
          bench.run(threefryBitsKernel, out, k, low, high, begin, end);
        expect(out.read()).toEqual(Array.from({ length: n }, (_, i) => word(key, from + BigInt(i))));
        expect(bench.isIntactAround(out, 4 * n)).toBe(true);
      }
    },
  );
});
