/** Vector emitters that turn random words into numbers; every step is exact. */
import type { Emit } from './elementwise.ts';

/** (word >>> 8)·2⁻²⁴. */
export const emitUnit: Emit = (w) =>
  w.i32
    .const(8)
    .i32x4.shr_u()
    .f32x4.convert_i32x4_s()
    .f32x4.const(2 ** -24)
    .f32x4.mul();

/** ((word >>> 9) + ½)·2⁻²³. */
export const emitOpenUnit: Emit = (w) =>
  w.i32
    .const(9)
    .i32x4.shr_u()
    .f32x4.convert_i32x4_s()
    .f32x4.const(0.5)
    .f32x4.add()
    .f32x4.const(2 ** -23)
    .f32x4.mul();

/** ((high >>> 5)·2²⁶ + (low >>> 6))·2⁻⁵³. */
export const emitUnitDouble: Emit = (w) =>
  w.scope(() => {
    const low = w.pop('v128');
    w.i32
      .const(5)
      .i32x4.shr_u()
      .f64x2.convert_low_i32x4_u()
      .f64x2.const(2 ** 26)
      .f64x2.mul();
    w.get(low).i32.const(6).i32x4.shr_u().f64x2.convert_low_i32x4_u().f64x2.add();
    return w.f64x2.const(2 ** -53).f64x2.mul();
  });

/** The upper words of four products. */
export const emitMulHigh: Emit = (w) =>
  w.scope(() => {
    const y = w.pop('v128');
    const x = w.pop('v128');
    w.get(x).get(y).i64x2.extmul_low_i32x4_u();
    w.get(x).get(y).i64x2.extmul_high_i32x4_u();
    return w.i32x4.shuffle([1, 3, 5, 7]);
  });

/** (word, mask) → whether they share a bit. */
export const emitFlags: Emit = (w) => w.v128.and().v128.zero().i32x4.ne().i32x4.const(1).v128.and();

/** (word, mask) → −1 where they share a bit, else 1. */
export const emitSigns: Emit = (w) =>
  w.v128.and().v128.zero().i32x4.ne().f32x4.const(-0).v128.and().f32x4.const(1).v128.or();
