/**
 * Normal numbers with 52 random bits: the inverse of the distribution function at the middle of each cell.
 *
 * The formulas are those of `portable/probability.ts`, evaluated in f64 lanes: Φ⁻¹(½ + d)/d is smooth in w = −ln 4p(1 − p), and far out Φ⁻¹ − r is a rational function of r = √(−2 ln p).
 */
import {
  QUANTILE_CENTRE,
  QUANTILE_CENTRE_LIMIT,
  QUANTILE_FAR,
  QUANTILE_FAR_START,
  QUANTILE_TAIL,
  QUANTILE_TAIL_START,
} from '../../portable/coefficients.ts';
import type { FunctionWriter, Local } from './assembler.ts';
import type { Emit } from './elementwise.ts';
import { logEmit } from './functions/index.ts';
import type { Profile } from './profile.ts';

/** Pairs of words → f64 normals; p = (k + ½)·2⁻⁵², k of 52 bits. */
export const emitNormalDouble: Emit = (w, _dtype, profile) =>
  w.scope(() => {
    const low = w.pop('v128');
    w.f64x2
      .convert_low_i32x4_u()
      .f64x2.const(2 ** 20)
      .f64x2.mul();
    w.get(low).i32.const(12).i32x4.shr_u().f64x2.convert_low_i32x4_u().f64x2.add();
    w.f64x2
      .const(2 ** 51 - 0.5)
      .f64x2.sub()
      .f64x2.const(2 ** -52)
      .f64x2.mul();
    return w.call(quantileHelper(w, profile));
  });

/** d = p − ½ → Φ⁻¹(p), two lanes of f64. */
function quantileHelper({ module }: FunctionWriter, profile: Profile): number {
  return module.helper('normal quantile f64', ['v128'], ['v128'], (w, d) => {
    const [size, tail, spread, root] = w.locals('v128', 4);
    w.get(d).f64x2.abs().set(size);
    w.f64x2.const(0.5).get(size).f64x2.sub().set(tail);
    w.get(tail).f64x2.const(4).f64x2.mul().f64x2.const(1).get(tail).f64x2.sub().f64x2.mul();
    logEmit(w, 'f64', profile);
    w.f64x2.neg().set(spread);
    w.get(tail);
    logEmit(w, 'f64', profile);
    w.f64x2.const(-2).f64x2.mul().f64x2.sqrt().set(root);

    w.get(size).f64x2.const(2.5).f64x2.mul().get(size);
    polynomial(w, profile, spread, QUANTILE_CENTRE);
    w.f64x2.mul().f64x2.add();
    quotient(w, profile, root, QUANTILE_TAIL_START, QUANTILE_TAIL);
    quotient(w, profile, root, QUANTILE_FAR_START, QUANTILE_FAR);
    w.get(root).f64x2.const(QUANTILE_FAR_START).f64x2.le().v128.bitselect().get(root).f64x2.add();
    w.get(spread).f64x2.const(QUANTILE_CENTRE_LIMIT).f64x2.le().v128.bitselect();
    w.get(d).f64x2.const(-0).v128.and().v128.xor();
  });
}

/** Pushes Σ cᵢ·tⁱ, from the highest power down. */
function polynomial(w: FunctionWriter, profile: Profile, t: Local, coefficients: readonly number[]): void {
  w.f64x2.const(coefficients.at(-1)!);
  for (const c of coefficients.slice(0, -1).toReversed()) w.get(t).f64x2.const(c).madd('f64', profile);
}

/** Pushes the quotient of two polynomials in r − start. */
function quotient(
  w: FunctionWriter,
  profile: Profile,
  r: Local,
  start: number,
  [top, bottom]: readonly [readonly number[], readonly number[]],
): void {
  w.scope(() => {
    const t = w.local('v128');
    w.get(r).f64x2.const(start).f64x2.sub().set(t);
    polynomial(w, profile, t, top);
    polynomial(w, profile, t, bottom);
    w.f64x2.div();
  });
}
