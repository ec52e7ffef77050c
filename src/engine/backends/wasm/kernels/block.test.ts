/** Products on parts of matrices and substitution against plain loops, for all strides and shares. */
import { describe, expect, it } from 'vitest';
import { type Block, blockOf, partOf, plainMath, turned } from '../../../ops/linalg/block.ts';
import { blockProductKernel, substituteKernel } from './block.ts';
import { matmulScratchBytes } from './matmul.ts';
import { rotateKernel } from './rotate.ts';
import { Bench, numbers, type Placed, profiles } from './testing.ts';

const whole = (size: number, seed: number): Block => blockOf(Float64Array.from(numbers(size * size, seed)), size, size);
const copyOf = (x: Block): Block => ({ ...x, data: x.data.slice() });
const backwards = (x: Block): Block => ({ ...x, at: x.at + (x.rows - 1) * x.down, down: -x.down });

/** Pieces of larger matrices: as they are, turned, from the last row to the first. */
const views: Readonly<Record<string, (x: Block) => Block>> = { plain: (x) => x, turned, backwards };
const viewOf = (name: string, rows: number, columns: number, seed: number): Block => {
  const size = Math.max(rows, columns) + 3;
  const isTurned = name === 'turned';
  const [m, n] = isTurned ? [columns, rows] : [rows, columns];
  return views[name]!(partOf(whole(size, seed), [2, 2 + m], [1, 1 + n]));
};

const strides = ({ down, across }: Block): [number, number] => [8 * down, 8 * across];
const at = (place: Placed, x: Block): number => place.pointer + 8 * x.at;

describe.each(profiles)('block product, %s', (profile) => {
  it.each([
    [1, 1, 1],
    [5, 7, 3],
    [50, 9, 33],
    [70, 40, 1],
    [13, 1, 60],
    [1, 33, 20],
  ])('of (%i × %i) over %i', (m, n, k) => {
    const bench = new Bench(profile, { pages: 128 });
    for (const nameA of Object.keys(views))
      for (const nameB of Object.keys(views))
        for (const mode of ['set', 'add', 'subtract'] as const) {
          bench.clear();
          const [a, b, c] = [viewOf(nameA, m, k, 1), viewOf(nameB, k, n, 2), viewOf('plain', m, n, 3)];
          const want = copyOf(c);
          plainMath.product(want, a, b, mode);
          const [pa, pb, pc] = [a, b, c].map((x) => bench.place('f64', x.data)) as [Placed, Placed, Placed];
          const scratch = bench.room('f32', matmulScratchBytes('f64', m, n, k) / 4);
          const spec = blockProductKernel(mode === 'subtract');
          const keep = Number(mode !== 'set');
          for (const [from, to] of [
            [0, m >> 1],
            [m >> 1, m],
          ] as const)
            bench.run(
              spec,
              ...[at(pc, c), ...strides(c), at(pa, a), ...strides(a), at(pb, b), ...strides(b)],
              ...[k, n, scratch, keep, from, to],
            );
          const gap = pc.read().map((x, i) => Math.abs(x - want.data[i]!));
          expect(Math.max(...gap)).toBeLessThan(profile === 'strict' ? 1e-300 : 1e-13 * k);
        }
  });
});

describe.each(profiles)('substitution, %s', (profile) => {
  it.each([
    [1, 1],
    [4, 3],
    [16, 21],
    [11, 38],
  ])('of %i rows and %i columns, the same for each column by itself', (n, k) => {
    const bench = new Bench(profile);
    for (const name of Object.keys(views))
      for (const hasUnit of [false, true]) {
        bench.clear();
        const [a, x] = [viewOf(name, n, n, 4), viewOf('plain', n, k, 5)];
        const want = copyOf(x);
        plainMath.substitute(a, want, hasUnit);
        const [pa, px, alone] = [bench.place('f64', a.data), bench.place('f64', x.data), bench.place('f64', x.data)];
        const args = (place: Placed) => [at(pa, a), ...strides(a), at(place, x), 8 * x.down, n] as const;
        bench.run(substituteKernel(hasUnit), ...args(px), 0, k);
        for (let column = 0; column < k; column++)
          bench.run(substituteKernel(hasUnit), ...args(alone), column, column + 1);
        expect(alone.read()).toEqual(px.read());
        const size = Math.max(...want.data.map(Math.abs));
        const gap = px.read().map((y, i) => Math.abs(y - want.data[i]!));
        expect(Math.max(...gap)).toBeLessThanOrEqual(profile === 'strict' ? 0 : 1e-9 * size);
      }
  });
});

describe.each(profiles)('rotations of rows, %s', (profile) => {
  it.each([
    [2, 1, 0, 1],
    [5, 11, 1, 4],
    [9, 26, 0, 8],
    [4, 3, 2, 2],
  ])('of %i rows and %i columns from %i to %i, up and down, the same for each column by itself', (n, k, from, to) => {
    const bench = new Bench(profile);
    for (const isUp of [false, true]) {
      bench.clear();
      const x = viewOf('plain', n, k, 6);
      const angles = blockOf(Float64Array.from(numbers(2 * n, 7)), 2, n);
      const want = copyOf(x);
      plainMath.rotate(want, angles, [from, to], isUp);
      const [px, alone, pa] = [x.data, x.data, angles.data].map((data) => bench.place('f64', data)) as [
        Placed,
        Placed,
        Placed,
      ];
      const args = (place: Placed) => [at(place, x), 8 * x.down, pa, 8 * n, from, to] as const;
      bench.run(rotateKernel(isUp), ...args(px), 0, k);
      for (let column = 0; column < k; column++) bench.run(rotateKernel(isUp), ...args(alone), column, column + 1);
      expect(px.read()).toEqual(Array.from(want.data));
      expect(alone.read()).toEqual(px.read());
    }
  });
});
