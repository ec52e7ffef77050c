/**
 * Register tiles of the convolutions, which read images in place through tables of offsets: no patches are ever written out.
 *
 * places    a few output channels × two vectors of neighbouring places: c[r, v] ← (keep ? c[r, v] : 0) + Σ a[r, p]·image[vector v + offset p], p in order.
 * taps      a few taps × two vectors of output channels: c[r, :] ← c[r, :] + Σ image[place + offset r]·panel[place, :], places in order.
 */
import type { FunctionWriter, Local, ModuleBuilder } from '../assembler.ts';
import type { Arithmetic } from './matmul-tile.ts';

/** Steps of a turn of the inner loops. */
const UNROLL = 4;

/** (c0, c1, rsC, a, rsA, b0, b1, offsets, k, keep): strides and offsets in bytes; the rows of a are contiguous in k. */
export function placesTileHelper(m: ModuleBuilder, math: Arithmetic, rows: number): number {
  const key = `places tile ${math.key} ${rows}`;
  return m.helper(key, Array<'i32'>(10).fill('i32'), [], (w, c0, c1, rsC, a, rsA, b0, b1, offsets, k, keep) => {
    const acc = Array.from({ length: rows }, () => w.locals('v128', 2));
    const eachOfC = (visit: (vector: Local, at: Local) => void) => {
      for (const [v, start] of [c0, c1].entries())
        w.scope(() => {
          const at = w.local('i32');
          w.assign(at, start);
          for (const [r, row] of acc.entries()) {
            if (r > 0) w.advance(at, rsC);
            visit(row[v]!, at);
          }
        });
    };
    w.get(keep).if(() => eachOfC((vector, at) => w.get(at).v128.load().set(vector)));
    const pointers = pointersFrom(w, a, rsA, rows);
    const offset = w.local('i32');
    const step = (turn: number) =>
      w.scope(() => {
        w.assign(offset, () => w.get(offsets).i32.load(4 * turn));
        const columns = [b0, b1].map((b) => w.address(b, offset).v128.load().pop('v128'));
        multiply(w, math, acc, columns, (r) => {
          w.get(pointers[r]!);
          math.loadSplat(w, turn * math.bytes);
        });
      });
    const advance = (count: number) => {
      for (const pointer of pointers) w.advance(pointer, count * math.bytes);
      w.advance(offsets, 4 * count).advance(k, -count);
    };
    turns(w, k, step, advance);
    eachOfC((vector, at) => w.get(at).get(vector).v128.store());
  });
}

/** (c, rsC, offsets, image, panel, rows, columns, rowStep): the places are `rows` × `columns`, neighbours within a row, rows `rowStep` bytes apart; the panel has 32 bytes for each place. */
export function tapsTileHelper(m: ModuleBuilder, math: Arithmetic, taps: number): number {
  const key = `taps tile ${math.key} ${taps}`;
  return m.helper(key, Array<'i32'>(8).fill('i32'), [], (w, c, rsC, offsets, image, panel, rows, columns, rowStep) => {
    const acc = Array.from({ length: taps }, () => w.locals('v128', 2));
    const eachOfC = (visit: (vector: Local, at: Local, offset: number) => void) =>
      w.scope(() => {
        const at = w.local('i32');
        w.assign(at, c);
        for (const [r, row] of acc.entries()) {
          if (r > 0) w.advance(at, rsC);
          for (const [v, vector] of row.entries()) visit(vector, at, 16 * v);
        }
      });
    eachOfC((vector, at, offset) => w.get(at).v128.load(offset).set(vector));
    const pointers = acc.map((_, r) => {
      w.get(image)
        .get(offsets)
        .i32.load(4 * r)
        .i32.add();
      return w.pop('i32');
    });
    const left = w.local('i32');
    const step = (turn: number) =>
      w.scope(() => {
        const vectors = [0, 16].map((at) =>
          w
            .get(panel)
            .v128.load(32 * turn + at)
            .pop('v128'),
        );
        multiply(w, math, acc, vectors, (r) => {
          w.get(pointers[r]!);
          math.loadSplat(w, turn * math.bytes);
        });
      });
    const advance = (count: number) => {
      for (const pointer of pointers) w.advance(pointer, count * math.bytes);
      w.advance(panel, 32 * count).advance(left, -count);
    };
    w.assign(rowStep, () => w.get(rowStep).get(columns).i32.const(math.shift).i32.shl().i32.sub());
    w.while(
      () => w.get(rows),
      () => {
        w.assign(left, columns);
        turns(w, left, step, advance);
        for (const pointer of pointers) w.advance(pointer, rowStep);
        w.advance(rows, -1);
      },
    );
    eachOfC((vector, at, offset) => w.get(at).get(vector).v128.store(offset));
  });
}

/** Steps while `left` is not 0, several at a turn first. */
function turns(w: FunctionWriter, left: Local, step: (turn: number) => void, advance: (count: number) => void): void {
  w.while(
    () => w.get(left).i32.const(UNROLL).i32.ge_u(),
    () => {
      for (let turn = 0; turn < UNROLL; turn++) step(turn);
      advance(UNROLL);
    },
  );
  w.while(
    () => w.get(left),
    () => {
      step(0);
      advance(1);
    },
  );
}

/** acc[r, v] ← spread(r)·vectors[v] + acc[r, v]. */
function multiply(
  w: FunctionWriter,
  math: Arithmetic,
  acc: readonly (readonly Local[])[],
  vectors: readonly Local[],
  pushSpread: (row: number) => void,
): void {
  const spread = w.local('v128');
  for (const [r, row] of acc.entries()) {
    pushSpread(r);
    w.set(spread);
    for (const [v, vector] of row.entries()) {
      w.get(spread).get(vectors[v]!).get(vector);
      math.madd(w);
      w.set(vector);
    }
  }
}

function pointersFrom(w: FunctionWriter, first: Local, step: Local, count: number): readonly Local[] {
  const pointers = [first];
  while (pointers.length < count) {
    w.get(pointers.at(-1)!).get(step).i32.add();
    pointers.push(w.pop('i32'));
  }
  return pointers;
}
