/** The operations of the reductions, on the vectors that hold their partial results. */
import { BYTES, type Dtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';

export type ReduceOp = 'sum' | 'prod' | 'max' | 'min' | 'any' | 'all';

/** The operation with its identity, on the vectors that hold partials; `widens` keeps f32 elements in f64 partials. */
export class Monoid {
  readonly key: string;
  /** Bytes of a stored element, and log₂ of them. */
  readonly bytes: number;
  readonly shift: number;
  /** Partials per vector. */
  readonly lanes: 2 | 4;
  readonly #op: ReduceOp;
  readonly #dtype: Dtype;
  readonly #widens: boolean;

  constructor(op: ReduceOp, dtype: Dtype, widens: boolean) {
    this.key = `${op} ${dtype}${widens ? ' in f64' : ''}`;
    this.bytes = BYTES[dtype];
    this.shift = Math.log2(this.bytes);
    this.lanes = widens || dtype === 'f64' ? 2 : 4;
    this.#op = op;
    this.#dtype = dtype;
    this.#widens = widens;
  }

  /** (a, b) → a ∘ b. */
  combine(w: FunctionWriter): void {
    const isFloat = this.#dtype === 'f32' || this.#dtype === 'f64';
    const lanes = this.lanes === 2 ? w.f64x2 : isFloat ? w.f32x4 : w.i32x4;
    const name = this.#op;
    if (name === 'any') w.v128.or();
    else if (name === 'all') w.v128.and();
    else if (name === 'sum') lanes.add();
    else if (name === 'prod') lanes.mul();
    else if (isFloat) (this.lanes === 2 ? w.f64x2 : w.f32x4)[name]();
    else w.i32x4[this.#dtype === 'i32' ? (`${name}_s` as const) : (`${name}_u` as const)]();
  }

  identity(w: FunctionWriter): void {
    const value = identityOf(this.#op, this.#dtype);
    if (this.lanes === 2) w.f64x2.const(value);
    else this.storedIdentity(w);
  }

  storedIdentity(w: FunctionWriter): void {
    const value = identityOf(this.#op, this.#dtype);
    if (this.#dtype === 'f64') w.f64x2.const(value);
    else if (this.#dtype === 'f32') w.f32x4.const(value);
    else w.i32x4.const(value);
  }

  /** partials ∘= loaded, eight stored elements in order. */
  accumulate(w: FunctionWriter, partials: readonly Local[], loaded: readonly Local[]): void {
    for (const [k, partial] of partials.entries()) {
      w.get(partial);
      if (!this.#widens) w.get(loaded[k]!);
      else {
        w.get(loaded[k >> 1]!);
        if (k % 2 === 1) w.get(loaded[k >> 1]!).i64x2.shuffle([1, 1]);
        w.f64x2.promote_low_f32x4();
      }
      this.combine(w);
      w.set(partial);
    }
  }

  /** (address) → one element for each lane of the vector `at` places further. */
  loadColumns(w: FunctionWriter, at: number): void {
    if (this.#widens) w.v128.load64_zero(8 * at).f64x2.promote_low_f32x4();
    else w.v128.load(16 * at);
  }

  /** (address): stores the results of all lanes `at` vectors further, or of lane 0. */
  store(w: FunctionWriter, value: Local, isWhole: boolean, at: number): void {
    w.get(value);
    if (this.#widens) w.f32x4.demote_f64x2_zero();
    if (isWhole && !this.#widens) w.v128.store(16 * at);
    else if (isWhole || this.bytes === 8) w.v128.store64_lane(0, 8 * at);
    else w.v128.store32_lane(0);
  }
}

function identityOf(op: ReduceOp, dtype: Dtype): number {
  if (op === 'sum' || op === 'any') return 0;
  if (op === 'prod' || op === 'all') return 1;
  const isMax = op === 'max';
  if (dtype === 'i32') return isMax ? -(2 ** 31) : 2 ** 31 - 1;
  if (dtype === 'u32') return isMax ? 0 : -1; // −1 has the bits of 2³² − 1
  return isMax ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
