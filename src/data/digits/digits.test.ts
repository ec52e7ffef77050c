import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostRandom, keyFrom } from '../../engine/threefry.ts';
import { drawDigits } from './digits.ts';
import { GLYPHS } from './glyphs.ts';
import { emptyOutline, traceGlyph } from './outline.ts';
import { ink, measure } from './raster.ts';
import { bend, handFor, place } from './style.ts';

const key = keyFrom(11);

describe('drawDigits', () => {
  it('computes any image alone', () => {
    const { images, labels } = drawDigits({ key, n: 60, size: 12 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 59 }), (i) => {
        const one = drawDigits({ key, from: i, n: 1, size: 12 });
        expect(one.labels[0]).toBe(labels[i]);
        expect([...one.images]).toEqual([...images.subarray(144 * i, 144 * (i + 1))]);
      }),
      { numRuns: 20 },
    );
  });

  it('holds every digit once in each ten, in an order that changes', () => {
    const { labels } = drawDigits({ key, n: 100, size: 8 });
    const tens = Array.from({ length: 10 }, (_, t) => [...labels.subarray(10 * t, 10 * t + 10)]);
    for (const ten of tens) expect([...ten].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(tens.map(String)).size).toBeGreaterThan(8);
  });

  it('draws other images for another key', () => {
    expect([...drawDigits({ key, n: 1 }).images]).not.toEqual([...drawDigits({ key: keyFrom(12), n: 1 }).images]);
  });

  it('keeps the ink inside the frame: less than 1 % of it stands on the outermost pixels', () => {
    const { images } = drawDigits({ key, n: 500, hand: { noise: 0 } });
    const isBorder = (p: number): boolean => p < 28 || p >= 27 * 28 || p % 28 === 0 || p % 28 === 27;
    let [all, border] = [0, 0];
    images.forEach((v, i) => {
      all += v;
      border += isBorder(i % 784) ? v : 0;
    });
    expect(border / all).toBeLessThan(0.01);
    expect(all / images.length).toBeGreaterThan(20);
  });

  it('refuses indices that do not exist', () => {
    expect(() => drawDigits({ key, n: -1 })).toThrow(/do not exist/);
    expect(() => drawDigits({ key, from: 2 ** 32, n: 1 })).toThrow(/indices from 0 to 4294967295/);
    expect(() => drawDigits({ key, n: 1, size: 2 })).toThrow(/a side of 4 pixels or more/);
  });
});

describe('a linear classifier', () => {
  // If this fails the set is either trivial or unlearnable, and no comparison of rules on it means anything.
  it('learns most digits but not all of them', () => {
    const size = 28;
    const train = drawDigits({ key: keyFrom(0), n: 3000, size });
    const test = drawDigits({ key: keyFrom(0), from: 100_000, n: 1000, size });
    const weights = softmaxRegression(train.images, train.labels, size * size);
    const accuracy = share(test.labels, (i) => classify(weights, test.images, i, size * size) === test.labels[i]);
    expect(accuracy).toBeGreaterThan(0.72);
    expect(accuracy).toBeLessThan(0.93);
  });
});

describe('measure', () => {
  it('gives the distance to a segment, end caps included', () => {
    const outline = emptyOutline();
    outline.segments.set([2.5, 2.5, 6.5, 2.5]);
    outline.count = 1;
    const near = new Float64Array(100);
    measure(near, 10, outline, 4);
    expect(near[2 * 10 + 4]).toBe(0);
    expect(near[4 * 10 + 4]).toBeCloseTo(4, 12);
    expect(near[5 * 10 + 8]).toBeCloseTo(2 ** 2 + 3 ** 2, 12);
    expect(near[9 * 10 + 9]).toBe(16);
  });

  it('is inked fully inside the radius, not at all beyond the edge, by half at the radius', () => {
    const near = Float64Array.of(0, 1, 4, 9);
    const out = new Uint8Array(4);
    ink(out, near, { radius: 2, edge: 1, ink: 1 }, 0, new HostRandom(key));
    expect([...out]).toEqual([255, 255, 128, 0]);
  });
});

describe('outline', () => {
  const trace = (digit: number, which = 0) => {
    const outline = emptyOutline();
    traceGlyph(outline, GLYPHS[digit]![which]!, 0, new HostRandom(key));
    return outline;
  };

  it('passes through every point of a skeleton without jitter, and fits the space kept for it', () => {
    GLYPHS.forEach((glyphs, digit) => {
      glyphs.forEach((glyph, which) => {
        const { segments, count } = trace(digit, which);
        expect(4 * count).toBeLessThanOrEqual(segments.length);
        const ends = new Set<string>();
        for (let i = 0; i < 4 * count; i += 2) ends.add(`${segments[i]!.toFixed(9)} ${segments[i + 1]!.toFixed(9)}`);
        for (const { points } of glyph.strokes) {
          for (let i = 0; i < points.length; i += 2)
            expect(ends).toContain(`${points[i]!.toFixed(9)} ${points[i + 1]!.toFixed(9)}`);
        }
      });
    });
  });

  it('is centred within the shift, and has the height asked for when nothing turns it', () => {
    const hand = { ...handFor(28), height: [0.5, 0.5], aspect: [0.6, 0.6], slant: 0, rotation: 0, shift: 0 } as const;
    const outline = trace(1);
    place(outline, hand, 28, new HostRandom(key));
    const ys = [...outline.segments.subarray(0, 4 * outline.count)].filter((_, i) => i % 2 === 1);
    expect([Math.min(...ys), Math.max(...ys)].map((v) => Math.round(v * 1e9) / 1e9)).toEqual([7, 21]);
  });

  it('bends by a field of the deviation asked for', () => {
    let squares = 0;
    for (let seed = 0; seed < 400; seed++) {
      const outline = emptyOutline();
      outline.count = 1;
      bend(outline, 0.1, new HostRandom(keyFrom(seed)));
      // The corner of the box is a node of the field.
      squares += outline.segments[0]! ** 2 + outline.segments[1]! ** 2;
    }
    expect(Math.sqrt(squares / 800)).toBeGreaterThan(0.085);
    expect(Math.sqrt(squares / 800)).toBeLessThan(0.115);
  });
});

function softmaxRegression(images: Uint8Array, labels: Int32Array, features: number): Float64Array {
  const weights = new Float64Array(10 * (features + 1));
  for (let epoch = 0; epoch < 4; epoch++) {
    for (let i = 0; i < labels.length; i++) {
      const p = scores(weights, images, i, features).map(Math.exp);
      const total = p.reduce((a, b) => a + b);
      for (let c = 0; c < 10; c++) {
        const error = 0.02 * (p[c]! / total - (labels[i] === c ? 1 : 0));
        weights[c * (features + 1) + features]! -= error;
        for (let j = 0; j < features; j++)
          weights[c * (features + 1) + j]! -= (error * images[i * features + j]!) / 255;
      }
    }
  }
  return weights;
}

function scores(weights: Float64Array, images: Uint8Array, i: number, features: number): number[] {
  return Array.from({ length: 10 }, (_, c) => {
    let sum = weights[c * (features + 1) + features]!;
    for (let j = 0; j < features; j++) sum += (weights[c * (features + 1) + j]! * images[i * features + j]!) / 255;
    return sum;
  });
}

const classify = (weights: Float64Array, images: Uint8Array, i: number, features: number): number => {
  const s = scores(weights, images, i, features);
  return s.indexOf(Math.max(...s));
};

const share = (labels: Int32Array, hit: (i: number) => boolean): number =>
  labels.reduce((sum, _, i) => sum + (hit(i) ? 1 : 0), 0) / labels.length;
