/**
 * What blocked linear algebra calls on parts of larger f64 matrices: products onto a block of any strides, and forward substitution.
 *
 * Order      block product: the chains of the matrix product, started at what c holds when `keep` is 1; with `isNegative` each step is c ← c − a·b.
 *            substitution: x[i] ← (x[i] − a[i, 0]·x[0] − … − a[i, i − 1]·x[i − 1]) / a[i, i] for each column by itself, so columns may be shared out.
 * Arguments  product: (c, rsC, csC, a, rsA, csA, b, rsB, csB, k, n, scratch, keep, begin, end): rows [begin, end) of c, scratch of `matmulScratchBytes`;
 *            substitution: (a, rsA, csA, x, rsX, n, begin, end): columns [begin, end) of x, whose rows are contiguous. All strides in bytes; they may be negative.
 */
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import type { Profile } from '../profile.ts';
import { productHelper } from './matmul-product.ts';
import { Arithmetic } from './matmul-tile.ts';

export function blockProductKernel(isNegative: boolean): KernelSpec {
  return {
    key: `block product${isNegative ? ' minus' : ''}`,
    params: Array<'i32'>(15).fill('i32'),
    emit(w, profile, c, rsC, csC, a, rsA, csA, b, rsB, csB, k, n, scratch, keep, begin, end) {
      const product = productHelper(w.module, new Arithmetic('f64', profile, isNegative), true);
      for (const arg of [c, a, b, begin, end]) w.get(arg!);
      w.i32.const(0);
      for (const arg of [n, k, rsA, csA, rsB, csB, rsC, csC, scratch, keep]) w.get(arg!);
      w.call(product);
    },
  };
}

/** Columns that a strip takes at once, in vectors. */
const STRIPS = [8, 4, 1] as const;

export function substituteKernel(hasUnitDiagonal: boolean): KernelSpec {
  return {
    key: `substitute${hasUnitDiagonal ? ' unit' : ''}`,
    params: Array<'i32'>(8).fill('i32'),
    emit(w, profile, a, rsA, csA, x, rsX, n, begin, end) {
      const column = w.local('i32');
      const parts = { a: a!, rsA: rsA!, csA: csA!, rsX: rsX!, n: n!, hasUnitDiagonal };
      const left = (count: number) => w.get(end!).get(column).i32.sub().i32.const(count).i32.ge_u();
      const at = () => w.address(x!, column, 3);
      w.assign(column, begin!);
      for (const vectors of STRIPS)
        w.while(
          () => left(2 * vectors),
          () => {
            const from = w.local('i32');
            w.assign(from, () => at());
            emitStrip(w, profile, { ...parts, from, vectors, isHalf: false });
            w.advance(column, 2 * vectors);
          },
        );
      left(1).if(() => {
        const from = w.local('i32');
        w.assign(from, () => at());
        emitStrip(w, profile, { ...parts, from, vectors: 1, isHalf: true });
      });
    },
  };
}

interface Strip {
  readonly a: Local;
  readonly rsA: Local;
  readonly csA: Local;
  /** The strip's first element in row 0. */
  readonly from: Local;
  readonly rsX: Local;
  readonly n: Local;
  readonly vectors: number;
  /** One column only: half a vector. */
  readonly isHalf: boolean;
  readonly hasUnitDiagonal: boolean;
}

/** Row after row: the strip's row is held in registers while the rows before it are taken away. */
function emitStrip(w: FunctionWriter, profile: Profile, strip: Strip): void {
  const { a, rsA, csA, from, rsX, n, vectors, isHalf, hasUnitDiagonal } = strip;
  w.scope(() => {
    const [row, to, before, atA, left] = w.locals('i32', 5);
    const held = Array.from({ length: vectors }, () => w.local('v128'));
    const factor = w.local('v128');
    const load = (place: Local, v: number) =>
      isHalf ? w.get(place).v128.load64_zero() : w.get(place).v128.load(16 * v);
    w.assign(to, from);
    w.for(row, 0, n, 1, () => {
      for (const [v, x] of held.entries()) load(to, v).set(x);
      w.assign(atA, () => w.address(a, () => w.get(row).get(rsA).i32.mul()));
      w.assign(before, from).assign(left, row);
      w.while(
        () => w.get(left),
        () => {
          w.get(atA).v128.load64_splat().set(factor);
          for (const [v, x] of held.entries()) {
            w.get(factor);
            load(before, v).get(x).nmadd('f64', profile).set(x);
          }
          w.advance(before, rsX).advance(atA, csA).advance(left, -1);
        },
      );
      if (!hasUnitDiagonal) {
        w.get(atA).v128.load64_splat().set(factor);
        for (const x of held) w.get(x).get(factor).f64x2.div().set(x);
      }
      for (const [v, x] of held.entries())
        if (isHalf) w.get(to).get(x).v128.store64_lane(0);
        else
          w.get(to)
            .get(x)
            .v128.store(16 * v);
      w.advance(to, rsX);
    });
  });
}
