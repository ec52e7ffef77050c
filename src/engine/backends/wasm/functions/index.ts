/** Our own exponential and logarithm in vector form; lanes do not influence one another. */
import type { Emit } from '../elementwise.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { Profile } from '../profile.ts';

type Float = 'f32' | 'f64';
const lanes = (w: FunctionWriter, d: Float) => (d === 'f64' ? w.f64x2 : w.f32x4);
const splat = (w: FunctionWriter, d: Float, v: number): FunctionWriter => (d === 'f64' ? w.f64.const(v).f64x2.splat() : w.f32.const(v).f32x4.splat());

const LN2 = { f64: [0.6931471803691238, 1.9082149292705877e-10], f32: [0.693145751953125, 1.428606765330187e-6] } as const;

function horner(w: FunctionWriter, d: Float, profile: Profile, x: Local, coefficients: readonly number[]): FunctionWriter {
  splat(w, d, coefficients.at(-1)!);
  for (const c of coefficients.slice(0, -1).toReversed()) {
    w.get(x);
    splat(w, d, c);
    w.madd(d, profile);
  }
  return w;
}

/** Pushes 2^k for whole k given as i32 lanes (low two for f64). */
function powerOfTwo(w: FunctionWriter, d: Float, k: Local): FunctionWriter {
  w.get(k);
  if (d === 'f32') return w.i32.const(127).i32x4.splat().i32x4.add().i32.const(23).i32x4.shl();
  return w.i64x2.extend_low_i32x4_s().i64.const(1023n).i64x2.splat().i64x2.add().i32.const(52).i64x2.shl();
}

const FACTORIALS = Array.from({ length: 14 }, (_, n) => Array.from({ length: n }, (_, i) => i + 1).reduce((a, b) => a * b, 1));

const exp: Emit = (w, dtype, profile) =>
  w.scope(() => {
    const d = dtype as Float;
    const F = lanes(w, d);
    const [lo, hi] = d === 'f64' ? [-746, 710] : [-104, 89];
    splat(w, d, hi);
    F.min();
    splat(w, d, lo);
    F.max();
    const x = w.pop('v128');
    w.get(x);
    splat(w, d, Math.LOG2E);
    F.mul();
    F.nearest();
    const n = w.pop('v128');
    const r = w.local('v128');
    w.get(x).get(n);
    splat(w, d, LN2[d][0]);
    F.mul();
    F.sub();
    w.get(n);
    splat(w, d, LN2[d][1]);
    F.mul();
    F.sub();
    w.set(r);
    w.get(n);
    if (d === 'f64') w.i32x4.trunc_sat_f64x2_s_zero();
    else w.i32x4.trunc_sat_f32x4_s();
    const k = w.pop('v128');
    const half = w.local('v128');
    const rest = w.local('v128');
    w.get(k).i32.const(1).i32x4.shr_s().set(half);
    w.get(k).get(half).i32x4.sub().set(rest);
    horner(w, d, profile, r, FACTORIALS.slice(0, d === 'f64' ? 14 : 8).map((f) => 1 / f));
    powerOfTwo(w, d, half);
    F.mul();
    powerOfTwo(w, d, rest);
    return F.mul();
  });

const log: Emit = (w, dtype, profile) =>
  w.scope(() => {
    const d = dtype as Float;
    const F = lanes(w, d);
    const x = w.pop('v128');
    const scaled = w.local('v128');
    const shift = w.local('v128');
    const [tiny, up, bits] = d === 'f64' ? [2 ** -1022, 2 ** 54, 54] : [2 ** -126, 2 ** 25, 25];
    w.get(x);
    splat(w, d, up);
    F.mul();
    w.get(x).get(x);
    splat(w, d, tiny);
    F.lt();
    const isTiny = w.pop('v128');
    w.get(isTiny).v128.bitselect().set(scaled);
    splat(w, d, bits);
    w.get(isTiny).v128.and().set(shift);
    const e = w.local('v128');
    const m = w.local('v128');
    if (d === 'f64') {
      const raw = w.local('v128');
      w.get(scaled).i64.const(0x3fe6a09e667f3bcdn).i64x2.splat().i64x2.sub().i32.const(52).i64x2.shr_s().set(raw);
      w.get(scaled).get(raw).i32.const(52).i64x2.shl().i64x2.sub().set(m);
      w.get(raw).get(raw).i32x4.shuffle([0, 2, 0, 2]).f64x2.convert_low_i32x4_s();
    } else {
      const raw = w.local('v128');
      w.get(scaled).i32.const(0x3f3504f3).i32x4.splat().i32x4.sub().i32.const(23).i32x4.shr_s().set(raw);
      w.get(scaled).get(raw).i32.const(23).i32x4.shl().i32x4.sub().set(m);
      w.get(raw).f32x4.convert_i32x4_s();
    }
    w.get(shift);
    F.sub();
    w.set(e);
    const s = w.local('v128');
    w.get(m);
    splat(w, d, 1);
    F.sub();
    const f = w.pop('v128');
    w.get(f).get(f);
    splat(w, d, 2);
    F.add();
    F.div();
    w.set(s);
    w.get(s).get(s);
    F.mul();
    const z = w.pop('v128');
    const series = w.local('v128');
    horner(w, d, profile, z, Array.from({ length: d === 'f64' ? 12 : 5 }, (_, i) => 2 / (2 * i + 3)));
    w.get(z);
    F.mul();
    w.get(s);
    F.mul();
    w.set(series);
    w.get(e);
    splat(w, d, LN2[d][0]);
    F.mul();
    w.get(s);
    w.get(s);
    F.add();
    w.get(series);
    w.get(e);
    splat(w, d, LN2[d][1]);
    F.mul();
    F.add();
    F.add();
    F.add();
    const y = w.pop('v128');
    // 0 → −∞, negative → NaN, ∞ and NaN pass
    splat(w, d, Number.NEGATIVE_INFINITY);
    splat(w, d, Number.NaN);
    w.get(x);
    splat(w, d, 0);
    F.eq();
    w.v128.bitselect().get(y).get(x);
    splat(w, d, 0);
    F.le();
    w.v128.bitselect();
    const z2 = w.pop('v128');
    w.get(x).get(z2).get(x);
    splat(w, d, Number.POSITIVE_INFINITY);
    F.eq();
    w.get(x).get(x);
    F.ne();
    return w.v128.or().v128.bitselect();
  });

export const functions = { exp, log } satisfies Record<string, Emit>;
