/**
 * Elementwise kernels: one loop around any expression of vector emitters, over rows or over elements.
 *
 * Arguments  rows: (out…, in…, number…, inner, stride…, begin, end): for each row in [begin, end), output rows start at out + row·inner elements and
 *            row i of an input at in + row·stride elements; mode `v` reads along the row, mode `s` spreads one value over it.
 *            flat: (out…, in…, number…, begin, end): elements [begin, end); mode `s` is one value for all of them.
 * Vectors    4 lanes when every dtype has 4 bytes, else 2: then a 4-byte value occupies lanes 0 and 1 of its vector.
 * Exactness  the last, partial vector goes through the same code with its missing lanes at zero, so bits never depend on position.
 */
import { BYTES, type Dtype } from '../../dtype.ts';
import type { FunctionWriter, Local, Operand } from './assembler.ts';
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
  /** Numbers that stand beside the inputs, as operands behind them. */
  readonly numbers?: readonly Dtype[];
  /** What shares are made of; rows unless said. */
  readonly layout?: 'rows' | 'flat';
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
  const { key, inputs, body, numbers = [], layout = 'rows', unroll = 1, hasWideInterior = false } = options;
  const outs = typeof options.out === 'string' ? [options.out] : options.out;
  const isWide = hasWideInterior || [...outs, ...numbers, ...inputs.map((x) => x.dtype)].includes('f64');
  const lanes = isWide ? 2 : 4;
  const pointers = Array<'i32'>(outs.length + inputs.length).fill('i32');
  const extents = Array<'i32'>(layout === 'rows' ? inputs.length + 3 : 2).fill('i32');
  return {
    key: `elementwise ${layout} ${key}`,
    params: [...pointers, ...numbers.map(numberType), ...extents],
    ...(layout === 'flat' ? { grain: 64 } : {}),
    emit(w, profile, ...params) {
      const take = cursor(params);
      const loop = new VectorLoop(w, { outs, inputs, numbers, lanes, body, profile, unroll });
      const arrays = { outs: take(outs.length), ins: take(inputs.length) };
      loop.hoist(take(numbers.length));
      if (layout === 'rows') loop.rows(arrays, take(1)[0]!, take(inputs.length), take(2));
      else loop.flat(arrays, take(2));
    },
  };
}

export const numberType = (dtype: Dtype): 'i32' | 'f32' | 'f64' => (dtype === 'f32' || dtype === 'f64' ? dtype : 'i32');

function cursor(params: readonly Local[]): (count: number) => Local[] {
  let at = 0;
  return (count) => {
    at += count;
    return params.slice(at - count, at);
  };
}

export interface LoopParts {
  readonly outs: readonly Dtype[];
  readonly inputs: readonly ElementwiseInput[];
  readonly numbers: readonly Dtype[];
  readonly lanes: 2 | 4;
  readonly body: ElementwiseBody;
  readonly profile: Profile;
  readonly unroll: number;
}

export interface Arrays {
  readonly outs: readonly Local[];
  readonly ins: readonly Local[];
}

/** Rows of a kernel: which, how long, and the element at which an output and each input begins in one. */
export interface RowRange {
  readonly begin: Operand;
  readonly end: Operand;
  readonly inner: Local;
  readonly outStart: (row: Local) => unknown;
  readonly inStart: (k: number, row: Local) => unknown;
}

/** Writes the loops; a moving pointer per array, so that offsets within a turn are immediates. */
export class VectorLoop {
  readonly #w: FunctionWriter;
  readonly #parts: LoopParts;
  readonly #outAt: readonly Local[];
  readonly #inAt: readonly Local[];
  readonly #operands: readonly Local[];
  readonly #left: Local;

  constructor(w: FunctionWriter, parts: LoopParts) {
    this.#w = w;
    this.#parts = parts;
    this.#outAt = parts.outs.map(() => w.local('i32'));
    this.#inAt = parts.inputs.map(() => w.local('i32'));
    this.#operands = [...parts.inputs, ...parts.numbers].map(() => w.local('v128'));
    this.#left = w.local('i32');
  }

  /** Spreads the numbers over vectors, once. */
  hoist(numbers: readonly Local[]): void {
    const w = this.#w;
    const { inputs, numbers: dtypes } = this.#parts;
    numbers.forEach((x, k) => {
      w.get(x);
      if (dtypes[k] === 'f64') w.f64x2.splat();
      else if (dtypes[k] === 'f32') w.f32x4.splat();
      else w.i32x4.splat();
      w.set(this.#operands[inputs.length + k]!);
    });
  }

  rows(arrays: Arrays, inner: Local, strides: readonly Local[], [begin, end]: readonly Local[]): void {
    const w = this.#w;
    this.range(arrays, {
      begin: begin!,
      end: end!,
      inner,
      outStart: (row) => w.get(row).get(inner).i32.mul(),
      inStart: (k, row) => w.get(row).get(strides[k]!).i32.mul(),
    });
  }

  range(arrays: Arrays, { begin, end, inner, outStart, inStart }: RowRange): void {
    const w = this.#w;
    const row = w.local('i32');
    w.for(row, begin, end, 1, () => {
      this.#open(
        arrays,
        () => outStart(row),
        (k) => inStart(k, row),
      );
      w.assign(this.#left, inner);
      this.#line();
    });
  }

  flat(arrays: Arrays, [begin, end]: readonly Local[]): void {
    const w = this.#w;
    const { inputs } = this.#parts;
    this.#open(
      arrays,
      () => w.get(begin!),
      (k) => (inputs[k]!.mode === 'v' ? w.get(begin!) : w.i32.const(0)),
    );
    w.assign(this.#left, () => w.get(end!).get(begin!).i32.sub());
    this.#line();
  }

  /** Points at the first elements and spreads what stays the same. */
  #open({ outs, ins }: Arrays, outStart: () => unknown, inStart: (k: number) => unknown): void {
    const { outs: outputs, inputs } = this.#parts;
    for (const [k, dtype] of outputs.entries()) this.#start(this.#outAt[k]!, outs[k]!, outStart, dtype);
    for (const [k, { dtype, mode }] of inputs.entries()) {
      this.#start(this.#inAt[k]!, ins[k]!, () => inStart(k), dtype);
      if (mode === 's') this.#splat(k, dtype);
    }
  }

  #line(): void {
    const { unroll } = this.#parts;
    this.#groups(unroll);
    if (unroll > 1) this.#groups(1);
    this.#w.get(this.#left).if(() => this.#partial());
  }

  #start(at: Local, base: Local, element: () => unknown, dtype: Dtype): void {
    this.#w.address(base, element, Math.log2(BYTES[dtype])).set(at);
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
