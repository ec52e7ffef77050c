import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bits, foldIn, HostRandom, type KeyWords, keyFrom, split, threefry2x32 } from './threefry.ts';

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

describe('HostRandom', () => {
  it('hands out the words of its key in order', () => {
    const random = new HostRandom([1, 2]);
    const drawn = Array.from({ length: 3000 }, () => random.word());
    expect(drawn).toEqual([...bits([1, 2], 3000)]);
  });

  it('draws integers evenly', () => {
    const random = new HostRandom(keyFrom(1));
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 14_000; i++) counts[random.integer(7)]!++;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(2000));
    expect(random.integer(1)).toBe(0);
    expect(() => random.integer(0)).toThrow(/needs n from 1/);
  });

  it('leaves no bias where n does not divide the words', () => {
    // With n = 3·2³⁰ a plain remainder would put half of all draws below 2³⁰; even draws put a third there.
    const random = new HostRandom(keyFrom(2));
    let low = 0;
    for (let i = 0; i < 9000; i++) if (random.integer(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low - 3000)).toBeLessThan(5 * Math.sqrt(2000));
  });

  it('draws uniforms with the moments of the law', () => {
    const random = new HostRandom(keyFrom(3));
    const draws = Array.from({ length: 20_000 }, () => random.uniform(-1, 3));
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...draws)).toBeLessThan(3);
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(16 / 12 / 20_000));
    expect(variance).toBeCloseTo(16 / 12, 1);
  });

  it('draws normals with the law of the normal, one word each', () => {
    const random = new HostRandom(keyFrom(5));
    const draws = Array.from({ length: 40_000 }, () => random.normal());
    // Φ at −2, −1, 0, 1, 2.
    for (const [z, p] of [
      [-2, 0.0227501319],
      [-1, 0.1586552539],
      [0, 0.5],
      [1, 0.8413447461],
      [2, 0.9772498681],
    ] as const) {
      const below = draws.filter((v) => v < z).length / 40_000;
      expect(Math.abs(below - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 40_000));
    }
    expect(random.word()).toBe(bits(keyFrom(5), 1, 40_000)[0]);
  });

  it('permutes: every number once, every order of three equally often', () => {
    fc.assert(
      fc.property(keys, fc.nat(200), (key, n) => {
        const sorted = [...new HostRandom(key).permutation(n)].sort((a, b) => a - b);
        expect(sorted).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
    const random = new HostRandom(keyFrom(4));
    const seen = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = random.permutation(3).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(2000));
  });
});
