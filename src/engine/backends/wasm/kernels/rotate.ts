/**
 * Rotations of neighbouring rows of an f64 matrix, one after another: a strip of columns goes through all of them while the row that two of them share stays in registers.
 *
 * Order      x ← c·x + (s·y), y ← c·y − (s·x) with rounded products, for x = row i, y = row i + 1 and i = from … to − 1 (`down`) or back (`up`); each column by itself.
 * Arguments  (w, step, angles, sines, from, to, begin, end): columns [begin, end); step is the bytes of a row, sines the bytes from the cosines to the sines.
 */
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';

/** Columns that a strip takes at once, in vectors: a cache line, and what is left. */
const STRIPS = [4, 1] as const;

export function rotateKernel(isUp: boolean): KernelSpec {
  return {
    key: `rotate ${isUp ? 'up' : 'down'}`,
    params: Array<'i32'>(8).fill('i32'),
    emit(w, _profile, base, step, angles, sines, from, to, begin, end) {
      const column = w.local('i32');
      const parts = { base: base!, step: step!, angles: angles!, sines: sines!, from: from!, to: to!, column, isUp };
      w.get(from!).get(to!).i32.ge_u();
      w.if(() => w.return());
      w.assign(column, begin!);
      for (const vectors of STRIPS)
        w.while(
          () =>
            w
              .get(end!)
              .get(column)
              .i32.sub()
              .i32.const(2 * vectors)
              .i32.ge_u(),
          () => {
            emitStrip(w, parts, vectors, false);
            w.advance(column, 2 * vectors);
          },
        );
      w.get(column).get(end!).i32.lt_u();
      w.if(() => emitStrip(w, parts, 1, true));
    },
  };
}

interface Parts {
  readonly base: Local;
  readonly step: Local;
  readonly angles: Local;
  readonly sines: Local;
  readonly from: Local;
  readonly to: Local;
  readonly column: Local;
  readonly isUp: boolean;
}

function emitStrip(w: FunctionWriter, parts: Parts, vectors: number, isHalf: boolean): void {
  const { base, step, angles, sines, from, to, column, isUp } = parts;
  w.scope(() => {
    const [at, angle, left] = w.locals('i32', 3);
    const held = w.locals('v128', vectors as number);
    const next = w.locals('v128', vectors as number);
    const [c, s, turned] = w.locals('v128', 3);
    const load = (place: Local, v: number) =>
      isHalf ? w.get(place).v128.load64_zero() : w.get(place).v128.load(16 * v);
    const store = (v: number, push: () => unknown) => {
      w.get(at);
      push();
      if (isHalf) w.v128.store64_lane(0);
      else w.v128.store(16 * v);
    };
    w.address(base, () =>
      w
        .get(isUp ? to : from)
        .get(step)
        .i32.mul(),
    ).get(column);
    w.i32.const(3).i32.shl().i32.add().set(at);
    w.assign(angle, () => w.address(angles, isUp ? () => w.get(to).i32.const(1).i32.sub() : from, 3));
    w.assign(left, () => w.get(to).get(from).i32.sub());
    for (const [v, x] of held.entries()) load(at, v).set(x);
    w.while(
      () => w.get(left),
      () => {
        w.get(angle).v128.load64_splat().set(c).get(angle).get(sines).i32.add().v128.load64_splat().set(s);
        const other = () => (isUp ? w.get(at).get(step).i32.sub() : w.get(at).get(step).i32.add());
        const place = w.local('i32');
        other().set(place);
        for (const [v, x] of next.entries()) load(place, v).set(x);
        for (const [v, kept] of held.entries()) {
          const [x, y] = isUp ? [next[v]!, kept] : [kept, next[v]!];
          const sum = () => w.get(c).get(x).f64x2.mul().get(s).get(y).f64x2.mul().f64x2.add();
          const gap = () => w.get(c).get(y).f64x2.mul().get(s).get(x).f64x2.mul().f64x2.sub();
          // The row that is done is written, the other stays.
          (isUp ? gap : sum)().set(turned);
          (isUp ? sum : gap)().set(kept);
          store(v, () => w.get(turned));
        }
        w.assign(at, place);
        w.advance(angle, isUp ? -8 : 8).advance(left, -1);
      },
    );
    for (const [v, x] of held.entries()) store(v, () => w.get(x));
  });
}
