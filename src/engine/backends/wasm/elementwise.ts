/**
 * Elementwise kernels over rows: one loop around any expression of vector emitters.
 *
 * Arguments  (out…, in…, inner, stride…, begin, end): for each row in [begin, end), output rows start at out + row·inner elements and
 *            row i of an input at in + row·stride elements; mode `v` reads along the row, mode `s` spreads one value over it.
 * Vectors    4 lanes when every dtype has 4 bytes, else 2: then a 4-byte value occupies lanes 0 and 1 of its vector.
 * Exactness  the last, partial vector goes through the same code with its missing lanes at zero, so bits never depend on position.
 */
import { BYTES, type Dtype } from '../../dtype.ts';
import type { FunctionWriter, Local } from './assembler.ts';
import type { KernelSpec } from './library.ts';
import type { Profile } from './profile.ts';

/** Pops the operands as v128 and pushes the result as v128; `dtype` is the operands' (for `where`: of the two values). */
export type Emit = (w: FunctionWriter, dtype: Dtype, profile: Profile) => unknown;

/** Reads the operand locals and pushes one v128 per output. */
export type ElementwiseBody = (w: FunctionWriter, operands: readonly Local[], profile: Profile) => unknown;

export interface ElementwiseInput {
  readonly dtype: Dtype;
  /** `v`: contiguous along the row; `s`: one value for the whole row. */
  readonly mode: 'v' | 's';
}

export interface ElementwiseOptions {
  readonly key: string;
  readonly inputs: readonly ElementwiseInput[];
  /** One dtype per output. */
  readonly out: Dtype | readonly Dtype[];
  readonly body: ElementwiseBody;
  /** Vectors per turn of the loop; more helps light bodies and only lengthens heavy ones. Default 1. */
  readonly unroll?: number;
  /** Whether the body uses f64 although no input and no output does. */
  readonly hasWideInterior?: boolean;
}

/** The body that applies one emitter to all operands. */
export const applying =
  (emit: Emit, dtype: Dtype): ElementwiseBody =>
  (w, operands, profile) => {
    for (const operand of operands) w.get(operand);
    emit(w, dtype, profile);
  };

/** A kernel that applies `body` element by element. */
export function elementwiseKernel(options: ElementwiseOptions): KernelSpec {
  const { key, inputs, body, unroll = 1, hasWideInterior = false } = options;
  const outs = typeof options.out === 'string' ? [options.out] : options.out;
  const isWide = hasWideInterior || [...outs, ...inputs.map((x) => x.dtype)].includes('f64');
  const lanes = isWide ? 2 : 4;
  return {
    key: `elementwise ${key}`,
    params: Array<'i32'>(outs.length + 2 * inputs.length + 3).fill('i32'),
    emit(w, profile, ...params) {
      const take = cursor(params);
      const rows = new RowLoop(w, { outs, inputs, lanes, body, profile });
      rows.emit(take(outs.length), take(inputs.length), take(1)[0]!, take(inputs.length), take(2), unroll);
    },
  };
}

function cursor(params: readonly Local[]): (count: number) => Local[] {
  let at = 0;
  return (count) => {
    at += count;
    return params.slice(at - count, at);
  };
}

interface RowParts {
  readonly outs: readonly Dtype[];
  readonly inputs: readonly ElementwiseInput[];
  readonly lanes: 2 | 4;
  readonly body: ElementwiseBody;
  readonly profile: Profile;
}

/** Writes the two nested loops; a moving pointer per array, so that offsets within a turn are immediates. */
class RowLoop {
  readonly #w: FunctionWriter;
  readonly #parts: RowParts;
  readonly #outAt: readonly Local[];
  readonly #inAt: readonly Local[];
  readonly #operands: readonly Local[];
  readonly #left: Local;

  constructor(w: FunctionWriter, parts: RowParts) {
    this.#w = w;
    this.#parts = parts;
    this.#outAt = parts.outs.map(() => w.local('i32'));
    this.#inAt = parts.inputs.map(() => w.local('i32'));
    this.#operands = parts.inputs.map(() => w.local('v128'));
    this.#left = w.local('i32');
  }

  emit(
    outs: readonly Local[],
    ins: readonly Local[],
    inner: Local,
    strides: readonly Local[],
    share: readonly Local[],
    unroll: number,
  ): void {
    const w = this.#w;
    const { outs: outputs, inputs } = this.#parts;
    const row = w.local('i32');
    w.for(row, share[0]!, share[1]!, 1, () => {
      for (const [k, dtype] of outputs.entries()) this.#start(this.#outAt[k]!, outs[k]!, row, inner, dtype);
      for (const [k, { dtype, mode }] of inputs.entries()) {
        this.#start(this.#inAt[k]!, ins[k]!, row, strides[k]!, dtype);
        if (mode === 's') this.#splat(k, dtype);
      }
      w.assign(this.#left, inner);
      this.#groups(unroll);
      if (unroll > 1) this.#groups(1);
      w.get(this.#left).if(() => this.#partial());
    });
  }

  #start(at: Local, base: Local, row: Local, stride: Local, dtype: Dtype): void {
    this.#w.address(base, () => this.#w.get(row).get(stride).i32.mul(), Math.log2(BYTES[dtype])).set(at);
  }

  #splat(k: number, dtype: Dtype): void {
    const w = this.#w;
    w.get(this.#inAt[k]!);
    (dtype === 'f64' ? w.v128.load64_splat() : w.v128.load32_splat()).set(this.#operands[k]!);
  }

  /** Full vectors, `unroll` at a turn, while that many are left. */
  #groups(unroll: number): void {
    const w = this.#w;
    const { lanes } = this.#parts;
    const enough = () =>
      w
        .get(this.#left)
        .i32.const(unroll * lanes)
        .i32.ge_u();
    enough();
    w.if(() =>
      w.loop((again) => {
        for (let u = 0; u < unroll; u++) w.scope(() => this.#vector(u * lanes, this.#loadFull, this.#storeFull));
        this.#advance(unroll * lanes);
        enough();
        w.brIf(again);
      }),
    );
  }

  #advance(elements: number): void {
    const { outs, inputs } = this.#parts;
    for (const [k, dtype] of outs.entries()) this.#w.advance(this.#outAt[k]!, elements * BYTES[dtype]);
    for (const [k, { dtype, mode }] of inputs.entries())
      if (mode === 'v') this.#w.advance(this.#inAt[k]!, elements * BYTES[dtype]);
    this.#w.advance(this.#left, -elements);
  }

  #partial(): void {
    this.#vector(0, this.#loadPartial, this.#storePartial);
  }

  #vector(
    offset: number,
    load: (at: Local, dtype: Dtype, offset: number) => void,
    store: (at: Local, value: Local, dtype: Dtype, offset: number) => void,
  ): void {
    const w = this.#w;
    const { outs, inputs, body, profile } = this.#parts;
    for (const [k, { dtype, mode }] of inputs.entries()) {
      if (mode === 's') continue;
      load.call(this, this.#inAt[k]!, dtype, offset * BYTES[dtype]);
      w.set(this.#operands[k]!);
    }
    body(w, this.#operands, profile);
    const results = outs.map(() => w.local('v128'));
    for (const result of results.toReversed()) w.set(result);
    for (const [k, dtype] of outs.entries())
      store.call(this, this.#outAt[k]!, results[k]!, dtype, offset * BYTES[dtype]);
  }

  #isHalf(dtype: Dtype): boolean {
    return this.#parts.lanes === 2 && dtype !== 'f64';
  }

  #loadFull(at: Local, dtype: Dtype, offset: number): void {
    const { v128 } = this.#w.get(at);
    if (this.#isHalf(dtype)) v128.load64_zero(offset);
    else v128.load(offset);
  }

  #storeFull(at: Local, value: Local, dtype: Dtype, offset: number): void {
    const { v128 } = this.#w.get(at).get(value);
    if (this.#isHalf(dtype)) v128.store64_lane(0, offset);
    else v128.store(offset);
  }

  /** Of two lanes one is left; of four, one to three. */
  #loadPartial(at: Local, dtype: Dtype): void {
    const w = this.#w;
    if (this.#parts.lanes === 2) {
      w.get(at);
      if (dtype === 'f64') w.v128.load64_zero();
      else w.v128.load32_zero();
      return;
    }
    w.get(this.#left).i32.const(1).i32.eq();
    w.if(
      () => w.get(at).v128.load32_zero(),
      () => {
        w.get(this.#left).i32.const(2).i32.eq();
        w.if(
          () => w.get(at).v128.load64_zero(),
          () => w.get(at).get(at).v128.load64_zero().v128.load32_lane(2, 8),
          'v128',
        );
      },
      'v128',
    );
  }

  #storePartial(at: Local, value: Local, dtype: Dtype): void {
    const w = this.#w;
    if (this.#parts.lanes === 2) {
      w.get(at).get(value);
      if (dtype === 'f64') w.v128.store64_lane(0);
      else w.v128.store32_lane(0);
      return;
    }
    w.get(this.#left).i32.const(1).i32.eq();
    w.if(
      () => w.get(at).get(value).v128.store32_lane(0),
      () => {
        w.get(at).get(value).v128.store64_lane(0);
        w.get(this.#left).i32.const(3).i32.eq();
        w.if(() => w.get(at).get(value).v128.store32_lane(2, 8));
      },
    );
  }
}
