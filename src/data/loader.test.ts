import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFrom } from '../engine/threefry.ts';
import { type Batch, loader } from './loader.ts';
import { fitNormaliser } from './normalise.ts';
import { makePart, mapParts, type Part, sliceRows, takeRows } from './part.ts';

const key = keyFrom(5);

/** Row i holds the bytes i, i + 1 and has label i. */
function rows(n: number): Part {
  const x = Uint8Array.from({ length: 2 * n }, (_, i) => Math.floor(i / 2) + (i % 2));
  return makePart({ x, featureShape: [1, 2], y: Int32Array.from({ length: n }, (_, i) => i), unit: 100 });
}

const real = (batch: Batch): number[] => [...batch.y.slice(0, batch.rows)];

describe('loader', () => {
  it('shows every row exactly once an epoch when padding, and never more than once when dropping', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 60 }), fc.nat(3), (n, batch, epoch) => {
        const padded = [...loader({ set: rows(n), batch, key, drop: false }).epoch(epoch)];
        expect(padded.flatMap(real).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        for (const b of padded)
          expect([...b.mask]).toEqual(Array.from({ length: batch }, (_, i) => (i < b.rows ? 1 : 0)));
        if (batch > n) return;
        const seen = [...loader({ set: rows(n), batch, key }).epoch(epoch)].flatMap(real);
        expect(seen.length).toBe(n - (n % batch));
        expect(new Set(seen).size).toBe(seen.length);
      }),
    );
  });

  it('keeps features, targets and row numbers together, in the shape of a batch', () => {
    const [batch] = loader({ set: rows(40), batch: 8, key }).epoch(2);
    expect([batch!.xShape, batch!.yShape]).toEqual([[8, 1, 2], [8]]);
    batch!.y.forEach((label, i) => {
      expect(batch!.indices[i]).toBe(label);
      expect([...batch!.x.slice(2 * i, 2 * i + 2)]).toEqual([Math.fround(label / 100), Math.fround((label + 1) / 100)]);
    });
  });

  it('gives the same batch at a position whatever was read before, and another order in another epoch', () => {
    const set = rows(32);
    const whole = [0, 1, 2].map((epoch) => [...loader({ set, batch: 8, key }).epoch(epoch)].map(real));
    const fresh = loader({ set, batch: 8, key });
    let position = JSON.parse(JSON.stringify({ epoch: 0, step: 2 }));
    for (let i = 2; i < 12; i++, position = fresh.next(position)) {
      expect(position).toEqual({ epoch: Math.floor(i / 4), step: i % 4 });
      expect(real(fresh.batchAt(position))).toEqual(whole[position.epoch]![position.step]);
    }
    expect(whole[0]).not.toEqual(whole[1]);
    expect(real(loader({ set, batch: 32, key: keyFrom(6) }).batchAt({ epoch: 0, step: 0 }))).not.toEqual(
      whole[0]!.flat(),
    );
  });

  it('takes rows in their own order without a key', () => {
    expect([...loader({ set: rows(5), batch: 2, drop: false }).epoch(7)].map(real)).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('normalises, in the dtype asked for', () => {
    const set = rows(10);
    const normaliser = fitNormaliser(set, 'feature');
    const batch = loader({ set, batch: 10, normaliser, dtype: 'f64' }).batchAt({ epoch: 0, step: 0 });
    expect(batch.x).toBeInstanceOf(Float64Array);
    // Numbers 0 … 9 have mean 4.5 and population variance (10² − 1) / 12.
    expect(batch.x[0]).toBeCloseTo(-4.5 / Math.sqrt(99 / 12), 12);
    expect(batch.x[19]).toBeCloseTo(4.5 / Math.sqrt(99 / 12), 12);
  });

  it('refuses what cannot be', () => {
    expect(() => loader({ set: rows(4), batch: 5, key })).toThrow(
      /a batch of 5 cannot be taken from 4 rows[\s\S]*drop: false/,
    );
    expect(() => loader({ set: rows(4), batch: 0, drop: false })).toThrow(/batch of 0/);
    expect(() => loader({ set: rows(4), batch: 2 }).batchAt({ epoch: 0, step: 2 })).toThrow(/an epoch has 2 steps/);
    const other = makePart({ x: new Uint8Array(3), featureShape: [3], y: new Int32Array(1) });
    const normaliser = fitNormaliser(other, 'feature');
    expect(() => loader({ set: rows(4), batch: 2, normaliser })).toThrow(
      /fitted on rows of \[3\], these rows are \[1,2\]/,
    );
  });
});

describe('part', () => {
  it('views and copies rows', () => {
    const part = rows(6);
    const view = sliceRows(part, 2, 5);
    expect([view.n, view.shape, [...view.y]]).toEqual([3, [3, 1, 2], [2, 3, 4]]);
    expect(view.x.buffer).toBe(part.x.buffer);
    expect([...takeRows(part, [4, 0, 4]).x]).toEqual([4, 5, 0, 1, 4, 5]);
    expect(() => takeRows(part, [6])).toThrow(/row 6 does not exist/);
    expect(() => sliceRows(part, 2, 7)).toThrow(/rows 2 … 7/);
    expect(() => makePart({ x: new Uint8Array(6), featureShape: [2], y: new Int32Array(2) })).toThrow(
      /3 rows .* 2 rows/,
    );
  });

  it('maps both parts of a set', () => {
    const set = {
      name: 'r',
      title: 'r',
      task: 'classification',
      train: rows(6),
      test: rows(4),
      classes: [],
      featureShape: [1, 2],
      licence: '',
    } as const;
    const small = mapParts(set, (part) => sliceRows(part, 0, 2));
    expect([small.train.n, small.test.n, small.featureShape]).toEqual([2, 2, [1, 2]]);
  });
});
