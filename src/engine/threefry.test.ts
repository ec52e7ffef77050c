import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bits, foldIn, type KeyWords, keyFrom, split, threefry2x32 } from './threefry.ts';

const hex = (pair: KeyWords): string => pair.map((w) => w.toString(16).padStart(8, '0')).join(' ');

/** An independent cipher on BigInt, written from the paper's description. */
function oracle(key: KeyWords, lo: bigint, hi: bigint): [number, number] {
  const mask = 0xffffffffn;
  const turns = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n];
  const schedule = [BigInt(key[0]), BigInt(key[1]), 0x1bd11bdan ^ BigInt(key[0]) ^ BigInt(key[1])];
  let [x, y] = [(lo + schedule[0]!) & mask, (hi + schedule[1]!) & mask];
  for (let round = 0; round < 20; round++) {
    const r = turns[round % 8]!;
    x = (x + y) & mask;
    y = (((y << r) | (y >> (32n - r))) & mask) ^ x;
    if (round % 4 !== 3) continue;
    const s = Math.floor(round / 4) + 1;
    x = (x + schedule[s % 3]!) & mask;
    y = (y + schedule[(s + 1) % 3]! + BigInt(s)) & mask;
  }
  return [Number(x), Number(y)];
}

const word = fc.integer({ min: 0, max: 0xffffffff });
const keys = fc.tuple(word, word);

describe('threefry2x32', () => {
  it('gives the published vectors', () => {
    expect(hex(threefry2x32([0, 0], 0, 0))).toBe('6b200159 99ba4efe');
    expect(hex(threefry2x32([0xffffffff, 0xffffffff], 0xffffffff, 0xffffffff))).toBe('1cb996fc bb002be7');
    expect(hex(threefry2x32([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3))).toBe('c4923a9c 483df7a0');
  });

  it('agrees with a BigInt cipher on any key and counter', () => {
    fc.assert(
      fc.property(keys, word, word, (key, lo, hi) => {
        expect(threefry2x32(key, lo, hi)).toEqual(oracle(key, BigInt(lo), BigInt(hi)));
      }),
    );
  });
});

describe('bits', () => {
  it('computes any slice alone, across the 32-bit block boundary too', () => {
    const starts = fc.oneof(fc.nat(1000), fc.integer({ min: 2 ** 33 - 9, max: 2 ** 33 + 9 }));
    fc.assert(
      fc.property(keys, starts, fc.nat(9), (key, from, n) => {
        const expected = Array.from({ length: n }, (_, i) => {
          const block = BigInt(from + i) >> 1n;
          return oracle(key, block & 0xffffffffn, block >> 32n)[(from + i) & 1];
        });
        expect([...bits(key, n, from)]).toEqual(expected);
      }),
    );
  });

  it('sets every bit half of the time', () => {
    const words = bits(keyFrom(7), 20_000);
    for (let bit = 0; bit < 32; bit++) {
      let ones = 0;
      for (const w of words) ones += (w >>> bit) & 1;
      expect(Math.abs(ones - 10_000)).toBeLessThan(5 * Math.sqrt(5000));
    }
  });

  it('refuses counts that are none', () => {
    expect(() => bits([0, 0], -1)).toThrow(/n must be a non-negative integer, got -1/);
    expect(() => bits([0, 0], 1, 0.5)).toThrow(/from must be/);
  });
});

describe('keys', () => {
  it('of split, fold and the words of the stream never meet', () => {
    const key = keyFrom(3);
    const words = bits(key, 2000);
    const all = [
      ...split(key, 1000).map(hex),
      ...Array.from({ length: 1000 }, (_, i) => hex(foldIn(key, i))),
      ...Array.from({ length: 1000 }, (_, i) => hex([words[2 * i]!, words[2 * i + 1]!])),
    ];
    expect(new Set(all).size).toBe(3000);
  });

  it('are the documented blocks', () => {
    expect(split([5, 6], 3)[2]).toEqual(oracle([5, 6], 2n, 0xffffffffn));
    expect(foldIn([5, 6], 9)).toEqual(oracle([5, 6], 9n, 0xfffffffen));
    expect(split([5, 6], 2)).toEqual(split([5, 6], 7).slice(0, 2));
  });

  it('hold a seed as its high and low word', () => {
    expect(keyFrom(2 ** 40 + 5)).toEqual([256, 5]);
    expect(keyFrom(-1)).toEqual([0xffffffff, 0xffffffff]);
    expect(() => keyFrom(0.5)).toThrow(/safe integer/);
    expect(() => foldIn([0, 0], 2 ** 32)).toThrow(/foldIn takes/);
  });
});
