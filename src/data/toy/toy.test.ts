import { describe, expect, it } from 'vitest';
import { foldIn, keyFrom } from '../../engine/threefry.ts';
import { labelCounts, type Part } from '../part.ts';
import { bitTargets, oneHotTargets } from './encoding.ts';
import { letters } from './letters.ts';
import { delayedXor, parity, xor } from './logic.ts';
import { blobs, circles, spirals, twoMoons } from './points.ts';
import { teacherLayers, teacherPart } from './teacher.ts';

const key = keyFrom(21);
const rowsOf = (part: Part): number[][] => {
  const width = part.x.length / part.n;
  return Array.from({ length: part.n }, (_, i) => [...part.x.slice(i * width, (i + 1) * width)]);
};

describe('logic', () => {
  it('is the truth table of XOR in both encodings', () => {
    expect([rowsOf(xor()), [...xor().y]]).toEqual([
      [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      [0, 1, 1, 0],
    ]);
    expect([rowsOf(xor('plus-minus')), [...xor('plus-minus').y]]).toEqual([
      [
        [-1, -1],
        [-1, 1],
        [1, -1],
        [1, 1],
      ],
      [0, 1, 1, 0],
    ]);
  });

  it('multiplies out: ±1 inputs have the product −1 exactly where an odd number of bits is cleared', () => {
    for (const bits of [1, 3, 5, 8]) {
      const part = parity(bits, 'plus-minus');
      expect(new Set(rowsOf(part).map(String)).size).toBe(2 ** bits);
      rowsOf(part).forEach((row, i) => {
        const negatives = row.filter((v) => v < 0).length;
        expect(part.y[i]).toBe((bits - negatives) % 2);
      });
    }
    expect(() => parity(0)).toThrow(/1 to 20 bits/);
    expect(() => xor('±1' as 'zero-one')).toThrow(/there is no encoding/);
  });

  it('encodes targets as values or one-hot rows', () => {
    expect([...bitTargets(xor(), [0.25, 0.75]).y]).toEqual([0.25, 0.75, 0.75, 0.25]);
    expect(bitTargets(xor(), 'plus-minus')).toMatchObject({ y: Float32Array.of(-1, 1, 1, -1), yShape: [4, 1] });
    expect([...oneHotTargets(xor(), 2).y]).toEqual([1, 0, 0, 1, 0, 1, 1, 0]);
    expect(() => bitTargets(letters({ key, n: 4 }), 'zero-one')).toThrow(/labels 0 … 1 as targets, found 2/);
    expect(() => oneHotTargets(bitTargets(xor(), 'zero-one'), 2)).toThrow(/found values/);
  });
});

describe('delayedXor', () => {
  const part = delayedXor({ key, n: 200, cue: 10, delay: 70, noise: 0 });
  const at = (i: number, t: number, channel: number): number => part.x[(i * 90 + t) * 2 + channel]!;

  it('labels by the bumps that stand in the two windows', () => {
    const seen = new Array<number>(4).fill(0);
    for (let i = 0; i < part.n; i++) {
      const [a, b] = [at(i, 4, 0) > 1, at(i, 84, 1) > 1];
      expect(part.y[i]).toBe(a === b ? 1 : 0);
      seen[Number(a) * 2 + Number(b)]!++;
    }
    for (const count of seen) expect(Math.abs(count - 50)).toBeLessThan(5 * Math.sqrt(37.5));
  });

  it('has bumps of height 2 and deviation cue / 4 on a base of 0.02, and silence elsewhere', () => {
    const i = [...part.y.keys()].find((k) => at(k, 4, 0) > 1)!;
    for (let t = 0; t < 10; t++) expect(at(i, t, 0)).toBeCloseTo(0.02 + 2 * Math.exp(-0.5 * ((t - 4.5) / 2.5) ** 2), 6);
    for (let t = 10; t < 80; t++) expect([at(i, t, 0), at(i, t, 1)]).toEqual([Math.fround(0.02), Math.fround(0.02)]);
    expect(part.shape).toEqual([200, 90, 2]);
  });
});

describe('points', () => {
  it('lie on the curves without noise', () => {
    rowsOf(twoMoons({ key, n: 200, noise: 0 })).forEach(([x, y], i) => {
      const [dx, dy] = i % 2 === 0 ? [x!, y!] : [1 - x!, 0.5 - y!];
      expect(Math.hypot(dx, dy)).toBeCloseTo(1, 6);
      expect(dy).toBeGreaterThanOrEqual(-1e-6);
    });
    rowsOf(circles({ key, n: 200, noise: 0 })).forEach((row, i) => {
      expect(Math.hypot(...row)).toBeCloseTo(i % 2 === 0 ? 1 : 0.4, 6);
    });
    rowsOf(spirals({ key, n: 300, noise: 0, classes: 3 })).forEach(([x, y], i) => {
      const along = 3 * Math.hypot(x!, y!);
      const turned = along + (2 * Math.PI * (i % 3)) / 3;
      expect(x).toBeCloseTo((along / 3) * Math.cos(turned), 5);
      expect(y).toBeCloseTo((along / 3) * Math.sin(turned), 5);
    });
  });

  it('have noise of the deviation asked for, about shared centres', () => {
    const options = { n: 4000, classes: 2, features: 3, noise: 0.5, centreKey: keyFrom(1) };
    const parts = [blobs({ ...options, key }), blobs({ ...options, key: keyFrom(22) })];
    const centre = (part: Part, label: number, j: number): number => {
      const values = rowsOf(part)
        .filter((_, i) => part.y[i] === label)
        .map((row) => row[j]!);
      return values.reduce((a, b) => a + b) / values.length;
    };
    for (const label of [0, 1]) {
      for (const j of [0, 1, 2]) {
        const [a, b] = parts.map((part) => centre(part, label, j));
        expect(Math.abs(a! - b!)).toBeLessThan(5 * 0.5 * Math.sqrt(2 / 2000));
      }
    }
    const middle = centre(parts[0]!, 0, 0);
    const spread = rowsOf(parts[0]!).map((row, i) => (i % 2 === 0 ? (row[0]! - middle) ** 2 : 0));
    expect(Math.sqrt((2 * spread.reduce((a, b) => a + b)) / spread.length)).toBeCloseTo(0.5, 1);
  });

  it('do not depend on how many are drawn, and take turns in class', () => {
    expect([...spirals({ key, n: 10 }).x]).toEqual([...spirals({ key, n: 50 }).x.slice(0, 20)]);
    expect(labelCounts(spirals({ key, n: 90, classes: 3 }).y, 3)).toEqual([30, 30, 30]);
    expect(() => twoMoons({ key, n: 0 })).toThrow(/n must be a positive integer/);
  });
});

describe('teacher', () => {
  it('answers as the network of its weights does', () => {
    const part = teacherPart({ teacherKey: key, key: foldIn(key, 1), n: 50, features: 4, hidden: [5], outputs: 2 });
    const [first, last] = teacherLayers(key, [4, 5, 2]);
    rowsOf(part).forEach((row, i) => {
      const hidden = Array.from({ length: 5 }, (_, h) =>
        Math.tanh(row.reduce((s, v, j) => s + v * first!.weights[j * 5 + h]!, 0)),
      );
      for (const o of [0, 1])
        expect(part.y[2 * i + o]).toBeCloseTo(
          hidden.reduce((s, v, h) => s + v * last!.weights[2 * h + o]!, 0),
          5,
        );
    });
    expect([part.shape, part.yShape]).toEqual([
      [50, 4],
      [50, 2],
    ]);
  });

  it('draws weights of variance 1 / inputs and standard normal inputs', () => {
    const variance = (x: ArrayLike<number>): number => Array.from(x).reduce((s, v) => s + v * v, 0) / x.length;
    const [layer] = teacherLayers(key, [100, 200]);
    expect(variance(layer!.weights) * 100).toBeCloseTo(1, 1);
    expect(variance(teacherPart({ teacherKey: key, key, n: 2000 }).x)).toBeCloseTo(1, 1);
    expect(() => teacherPart({ teacherKey: key, key, n: 5, hidden: [0] })).toThrow(/positive integers/);
  });
});

describe('letters', () => {
  it('are moved whole: without noise and flips every N has the pixels of the glyph that fit', () => {
    const part = letters({ key, n: 400, noise: 0, flips: 0 });
    const shapes = new Set(
      rowsOf(part)
        .filter((_, i) => i % 4 === 0)
        .map(String),
    );
    expect(shapes.size).toBe(9);
    const ink = rowsOf(part).map((row) => row.reduce((a, b) => a + b));
    // The N has 2 + 4·3 + 2 + 2 = 18 pixels; moved up or down it loses the row of 2 that leaves the field.
    expect(new Set(ink.filter((_, i) => i % 4 === 0))).toEqual(new Set([18, 16]));
  });

  it('have the noise asked for within 0 … 1', () => {
    const flipped = letters({ key, n: 400, noise: 0 });
    const clean = letters({ key, n: 400, noise: 0, flips: 0 });
    const differ = [...flipped.x].filter((v, i) => v !== clean.x[i]).length;
    expect(Math.abs(differ / flipped.x.length - 0.03)).toBeLessThan(5 * Math.sqrt((0.03 * 0.97) / flipped.x.length));
    const { x } = letters({ key, n: 100 });
    expect(Math.min(...x)).toBe(0);
    expect(Math.max(...x)).toBe(1);
  });
});
