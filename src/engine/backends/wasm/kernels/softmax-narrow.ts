/**
 * Softmax, its logarithm and log-sum-exp of short rows: a lane for each row, a vector for each place in the row, everything in registers.
 *
 * Arguments  (out, x, begin, end): rows [begin, end) of a length that is baked in; the last group of rows repeats its last row in the lanes that are left.
 * Order      as in the kernel for long rows: eight partials and their tree; partials of places that a row does not have are 0, and adding 0 to a sum of exponentials changes nothing.
 */
import { BYTES, type FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import { expShareEmit, logEmit } from '../functions/index.ts';
import type { KernelSpec } from '../library.ts';
import type { Profile } from '../profile.ts';
import type { SoftmaxKind } from './softmax.ts';

/** The longest rows that are done this way. */
export const NARROW = 16;

export const narrowSoftmaxKernel = (kind: SoftmaxKind, dtype: FloatDtype, length: number): KernelSpec => ({
  key: `${kind} of ${length} ${dtype}`,
  params: Array<'i32'>(4).fill('i32'),
  grain: 16 / BYTES[dtype],
  emit: (w, profile, ...params) => new NarrowWriter(w, profile, kind, dtype, length).write(params),
});

const LARGEST = { f32: 3.4028234663852886e38, f64: Number.MAX_VALUE } as const;

class NarrowWriter {
  readonly #w: FunctionWriter;
  readonly #profile: Profile;
  readonly #kind: SoftmaxKind;
  readonly #dtype: FloatDtype;
  readonly #length: number;
  readonly #bytes: number;
  readonly #float: FunctionWriter['f32x4'] | FunctionWriter['f64x2'];
  /** The rows of a group in x and in the result. */
  readonly #from: readonly Local[];
  readonly #to: readonly Local[];
  readonly #values: readonly Local[];

  constructor(w: FunctionWriter, profile: Profile, kind: SoftmaxKind, dtype: FloatDtype, length: number) {
    this.#w = w;
    this.#profile = profile;
    this.#kind = kind;
    this.#dtype = dtype;
    this.#length = length;
    this.#bytes = BYTES[dtype];
    this.#float = dtype === 'f32' ? w.f32x4 : w.f64x2;
    this.#from = w.locals('i32', 16 / this.#bytes);
    this.#to = w.locals('i32', 16 / this.#bytes);
    this.#values = w.locals('v128', length);
  }

  write([out, x, begin, end]: readonly Local[]): void {
    const w = this.#w;
    const [row, index] = w.locals('i32', 2);
    const lanes = this.#from.length;
    const rowBytes = this.#length * this.#bytes;
    w.for(row, begin!, end!, lanes, () => {
      for (let k = 0; k < lanes; k++) {
        w.get(row).i32.const(k).i32.add().set(index);
        w.get(index).get(end!).i32.const(1).i32.sub().get(index).get(end!).i32.lt_u().select().set(index);
        w.address(x!, () => w.get(index).i32.const(rowBytes).i32.mul()).set(this.#from[k]!);
        const stride = this.#kind === 'logsumexp' ? this.#bytes : rowBytes;
        w.address(out!, () => w.get(index).i32.const(stride).i32.mul()).set(this.#to[k]!);
      }
      w.scope(() => this.#group());
    });
  }

  #group(): void {
    const w = this.#w;
    const [largest, shift, total] = w.locals('v128', 3);
    this.#values.forEach((v, i) => {
      this.#gather(v, i);
    });
    this.#pushLargest();
    w.tee(largest);
    this.#number(-LARGEST[this.#dtype]);
    this.#float.pmax();
    this.#number(LARGEST[this.#dtype]);
    this.#float.pmin().set(shift);
    const shifted = this.#values.map((v) => {
      w.get(v).get(shift);
      this.#float.sub().set(v);
      return v;
    });
    const powers = this.#kind === 'softmax' ? shifted : w.locals('v128', this.#length);
    shifted.forEach((v, i) => {
      w.get(v);
      expShareEmit(w, this.#dtype, this.#profile);
      w.set(powers[i]!);
    });
    this.#pushTotal(powers);
    w.set(total);
    this.#finish(largest, total);
  }

  #finish(largest: Local, total: Local): void {
    const w = this.#w;
    if (this.#kind !== 'softmax') {
      w.get(total);
      logEmit(w, this.#dtype, this.#profile);
      w.set(total);
    }
    if (this.#kind === 'logsumexp') {
      w.get(largest).get(total);
      this.#float.add().set(total);
      this.#scatter(total, 0);
      return;
    }
    this.#values.forEach((v, i) => {
      w.get(v).get(total);
      if (this.#kind === 'softmax') this.#float.div();
      else this.#float.sub();
      w.set(v);
      this.#scatter(v, i);
    });
  }

  #gather(v: Local, place: number): void {
    const w = this.#w;
    w.get(this.#from[0]!);
    if (this.#bytes === 4) w.v128.load32_zero(4 * place);
    else w.v128.load64_zero(8 * place);
    w.set(v);
    for (const [k, from] of this.#from.entries()) {
      if (k === 0) continue;
      w.get(from).get(v);
      if (this.#bytes === 4) w.v128.load32_lane(k, 4 * place);
      else w.v128.load64_lane(k, 8 * place);
      w.set(v);
    }
  }

  #scatter(v: Local, place: number): void {
    const w = this.#w;
    for (const [k, to] of this.#to.entries()) {
      w.get(to).get(v);
      if (this.#bytes === 4) w.v128.store32_lane(k, 4 * place);
      else w.v128.store64_lane(k, 8 * place);
    }
  }

  #pushLargest(): void {
    this.#number(Number.NEGATIVE_INFINITY);
    for (const v of this.#values) {
      this.#w.get(v);
      this.#float.pmax();
    }
  }

  /** max(1, Σ), by ((p0 + p4) + (p2 + p6)) + ((p1 + p5) + (p3 + p7)). */
  #pushTotal(powers: readonly Local[]): void {
    const tree = (places: readonly number[]): boolean => {
      if (places.length === 1) return this.#pushPartial(powers, places[0]!);
      const half = places.length / 2;
      const left = tree(places.slice(0, half));
      const right = tree(places.slice(half));
      if (left && right) this.#float.add();
      return left || right;
    };
    tree([0, 4, 2, 6, 1, 5, 3, 7]);
    this.#number(1);
    this.#float.pmax();
  }

  /** Whether there is anything in the partial. */
  #pushPartial(powers: readonly Local[], first: number): boolean {
    if (first >= powers.length) return false;
    this.#w.get(powers[first]!);
    for (let i = first + 8; i < powers.length; i += 8) {
      this.#w.get(powers[i]!);
      this.#float.add();
    }
    return true;
  }

  #number(x: number): FunctionWriter {
    return this.#w.kept(`${this.#dtype} ${x}`, () => this.#float.const(x));
  }
}
