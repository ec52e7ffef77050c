/**
 * Expressions over the lanes of a v128, written down as a graph and emitted with the fewest locals.
 *
 * A value used once stays on the stack; a value used again goes through a local; constants are made once in a function.
 * Everything is pure, so order of emission does not matter; `rarely` is the only branch, and it never changes other lanes.
 */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { Profile } from '../profile.ts';

/** One v128: how to compute it, and where it is once it has been computed. */
export interface Value {
  readonly args: readonly Value[];
  readonly code: () => unknown;
  local?: Local | undefined;
}

export class Lanes {
  readonly w: FunctionWriter;
  readonly dtype: FloatDtype;
  readonly profile: Profile;
  readonly #float: FunctionWriter['f32x4'] | FunctionWriter['f64x2'];
  readonly #integer: FunctionWriter['i32x4'] | FunctionWriter['i64x2'];
  #placed: Value[] = [];

  constructor(w: FunctionWriter, dtype: FloatDtype, profile: Profile) {
    this.w = w;
    this.dtype = dtype;
    this.profile = profile;
    this.#float = dtype === 'f32' ? w.f32x4 : w.f64x2;
    this.#integer = dtype === 'f32' ? w.i32x4 : w.i64x2;
  }

  /** The same writer and profile with lanes of another width. */
  as(dtype: FloatDtype): Lanes {
    return new Lanes(this.w, dtype, this.profile);
  }

  /** Any instruction on given values. */
  node(code: () => unknown, ...args: Value[]): Value {
    return { args, code };
  }

  /** Takes the top of the stack. */
  pop(): Value {
    return this.at(this.w.pop('v128'));
  }

  /** The value of a local. */
  at(local: Local): Value {
    return { args: [], code: () => undefined, local };
  }

  number(x: number): Value {
    return this.node(() =>
      this.w.kept(`${this.dtype} ${Object.is(x, -0) ? '-0' : x}`, () =>
        this.dtype === 'f32' ? this.w.f32x4.const(x) : this.w.f64x2.const(x),
      ),
    );
  }

  /** An integer in every lane; negative integers in two's complement. */
  bits(x: bigint): Value {
    return this.node(() =>
      this.w.kept(`${this.dtype} bits ${x}`, () =>
        this.dtype === 'f32'
          ? this.w.i32x4.const(Number(BigInt.asIntN(32, x)))
          : this.w.i64x2.const(BigInt.asIntN(64, x)),
      ),
    );
  }

  get signBit(): Value {
    return this.bits(this.dtype === 'f32' ? 1n << 31n : 1n << 63n);
  }

  add = (a: Value, b: Value): Value => this.node(() => this.#float.add(), a, b);
  sub = (a: Value, b: Value): Value => this.node(() => this.#float.sub(), a, b);
  mul = (a: Value, b: Value): Value => this.node(() => this.#float.mul(), a, b);
  div = (a: Value, b: Value): Value => this.node(() => this.#float.div(), a, b);
  sqrt = (a: Value): Value => this.node(() => this.#float.sqrt(), a);
  abs = (a: Value): Value => this.node(() => this.#float.abs(), a);
  neg = (a: Value): Value => this.node(() => this.#float.neg(), a);
  floor = (a: Value): Value => this.node(() => this.#float.floor(), a);
  /** b < a ? b : a, so a NaN in `a` stays. */
  least = (a: Value, b: Value): Value => this.node(() => this.#float.pmin(), a, b);
  /** a < b ? b : a, so a NaN in `a` stays. */
  most = (a: Value, b: Value): Value => this.node(() => this.#float.pmax(), a, b);
  lt = (a: Value, b: Value): Value => this.node(() => this.#float.lt(), a, b);
  le = (a: Value, b: Value): Value => this.node(() => this.#float.le(), a, b);
  eq = (a: Value, b: Value): Value => this.node(() => this.#float.eq(), a, b);
  ne = (a: Value, b: Value): Value => this.node(() => this.#float.ne(), a, b);
  and = (a: Value, b: Value): Value => this.node(() => this.w.v128.and(), a, b);
  or = (a: Value, b: Value): Value => this.node(() => this.w.v128.or(), a, b);
  xor = (a: Value, b: Value): Value => this.node(() => this.w.v128.xor(), a, b);
  not = (a: Value): Value => this.node(() => this.w.v128.not(), a);
  /** mask ? a : b, for masks of all ones and all zeros. */
  select = (mask: Value, a: Value, b: Value): Value => this.node(() => this.w.v128.bitselect(), a, b, mask);
  plus = (a: Value, b: Value): Value => this.node(() => this.#integer.add(), a, b);
  minus = (a: Value, b: Value): Value => this.node(() => this.#integer.sub(), a, b);
  /** A mask of the lanes whose sign bit is set. */
  signMask = (a: Value): Value => this.node(() => this.#integer.lt_s(), a, this.bits(0n));
  shiftLeft = (a: Value, by: number): Value => this.#shift('shl', a, by);
  shiftRight = (a: Value, by: number): Value => this.#shift('shr_u', a, by);
  shiftRightSigned = (a: Value, by: number): Value => this.#shift('shr_s', a, by);

  /** a·b + c, rounded once under `fma`. */
  madd = (a: Value, b: Value, c: Value): Value =>
    this.profile === 'fma' ? this.node(() => this.#float.relaxed_madd(), a, b, c) : this.add(this.mul(a, b), c);

  /** c − a·b, rounded once under `fma`. */
  nmadd = (a: Value, b: Value, c: Value): Value =>
    this.profile === 'fma' ? this.node(() => this.#float.relaxed_nmadd(), a, b, c) : this.sub(c, this.mul(a, b));

  /** c₀ + c₁x + c₂x² + …: by Horner's rule, a long one as even and odd halves so that two chains run side by side. */
  polynomial(x: Value, coefficients: readonly number[]): Value {
    if (coefficients.length < 8) return this.#horner(x, coefficients);
    const square = this.mul(x, x);
    const [even, odd] = [0, 1].map((parity) => coefficients.filter((_, i) => i % 2 === parity)) as [number[], number[]];
    return this.madd(x, this.#horner(square, odd), this.#horner(square, even));
  }

  #horner(x: Value, coefficients: readonly number[]): Value {
    const [last, ...rest] = coefficients.map((c) => this.number(c)).reverse();
    return rest.reduce((sum, c) => this.madd(sum, x, c), last!);
  }

  /** |magnitude| with the sign bits of `sign` flipped in. */
  flipSign(magnitude: Value, sign: Value): Value {
    return this.xor(magnitude, this.and(sign, this.signBit));
  }

  /** Leaves the value on the stack. */
  emit(value: Value): void {
    const uses = new Map<Value, number>();
    countUses(value, uses);
    this.#place(value, uses);
  }

  /** Computes a value now, so that code after a branch may use it. */
  keep(value: Value): Value {
    if (value.local !== undefined) return value;
    this.emit(value);
    value.local = this.w.pop('v128');
    this.#placed.push(value);
    return value;
  }

  /** `value`, but `instead` where the mask is set; `instead` costs nothing while no lane asks for it. */
  rarely(mask: Value, value: Value, instead: () => Value): Value {
    this.keep(value);
    const result = this.w.local('v128');
    this.w.get(value.local!).set(result);
    this.keep(mask);
    this.w.get(mask.local!).v128.any_true();
    const before = this.#placed;
    this.#placed = [];
    this.w.if(() =>
      this.w.rarely(() => {
        this.emit(this.select(mask, instead(), value));
        this.w.set(result);
      }),
    );
    for (const inside of this.#placed) inside.local = undefined; // not computed on the other path
    this.#placed = before;
    return this.at(result);
  }

  #shift(how: 'shl' | 'shr_u' | 'shr_s', a: Value, by: number): Value {
    return this.node(() => {
      this.w.i32.const(by);
      this.#integer[how]();
    }, a);
  }

  #place(value: Value, uses: Map<Value, number>): void {
    if (value.local !== undefined) {
      this.w.get(value.local);
      return;
    }
    for (const arg of value.args) this.#place(arg, uses);
    value.code();
    if (value.args.length === 0 || uses.get(value) === 1) return;
    value.local = this.w.local('v128');
    this.#placed.push(value);
    this.w.tee(value.local);
  }
}

/** Applies an f64 formula to four lanes of f32, two at a time, and rounds its results to f32. */
export function onHalves(l: Lanes, formula: (wide: Lanes, ...halves: Value[]) => Value, ...operands: Value[]): Value {
  const { w } = l;
  const wide = l.as('f64');
  const promote = (v: Value) => l.node(() => w.f64x2.promote_low_f32x4(), v);
  const upper = (v: Value) => l.node(() => w.i32x4.shuffle([2, 3, 2, 3]), v, v);
  const half = (side: (v: Value) => Value) =>
    l.node(() => w.f32x4.demote_f64x2_zero(), formula(wide, ...operands.map((v) => promote(side(v)))));
  return l.node(
    () => w.i32x4.shuffle([0, 1, 4, 5]),
    half((v) => v),
    half(upper),
  );
}

function countUses(value: Value, uses: Map<Value, number>): void {
  const count = uses.get(value) ?? 0;
  uses.set(value, count + 1);
  if (count === 0 && value.local === undefined) for (const arg of value.args) countUses(arg, uses);
}
