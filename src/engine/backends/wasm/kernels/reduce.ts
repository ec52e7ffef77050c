/**
 * Reductions over the middle axis of (outer, len, inner): sum, prod, max, min, any, all.
 *
 * Order      depends on len alone. Chunks of 4096 elements; in a chunk eight partials pⱼ, started at the identity, take the elements i ≡ j mod 8 in order;
 *            they meet as ((p0 + p4) + (p2 + p6)) + ((p1 + p5) + (p3 + p7)); the chunks' results are added to the identity one after another.
 * Plan       inner = 1 puts the partials into the lanes of vectors, several chunks or short lines side by side; inner > 1 gives each lane an output of its own, a cache line of outputs at a time. Same order, same bits.
 * Arguments  (out, x, outer, len, inner, begin, end): outputs [begin, end) of outer·inner.
 * Values     max and min pass NaN on; an empty axis gives the identity; f32 sums may be accumulated in f64 and rounded once at the end.
 */
import type { Dtype } from '../../../dtype.ts';
import { DtypeError } from '../../../errors.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { columnsHelper, lineHelper, linesHelper, waysOf } from './reduce-chunk.ts';
import { Monoid, type ReduceOp } from './reduce-monoid.ts';

export type { ReduceOp } from './reduce-monoid.ts';

export interface ReduceOptions {
  readonly op: ReduceOp;
  readonly dtype: Dtype;
  /** For f32 sums: `f64` keeps the partials in f64. Default: the dtype itself. */
  readonly accumulate?: 'f64';
}

/** The reduction kernel of an op and dtype; any and all are for bool, the others for numbers. */
export function reduceKernel({ op, dtype, accumulate }: ReduceOptions): KernelSpec {
  const isLogical = op === 'any' || op === 'all';
  if (isLogical !== (dtype === 'bool')) throw new DtypeError(`${op} has no kernel for ${dtype}`, { dtype });
  if (accumulate !== undefined && (dtype !== 'f32' || op !== 'sum'))
    throw new DtypeError(`only a sum of f32 accumulates in f64, not ${op} of ${dtype}`, { dtype });
  const monoid = new Monoid(op, dtype, accumulate === 'f64');
  return {
    key: `reduce ${monoid.key}`,
    params: Array<'i32'>(7).fill('i32'),
    emit: (w, _profile, out, x, _outer, len, inner, begin, end) =>
      new ReduceEmitter(w, monoid, { out: out!, x: x!, len: len!, inner: inner!, begin: begin!, end: end! }).emit(),
  };
}

const CHUNK = 4096;
/** Vectors of neighbouring outputs made at once: a whole cache line of f32. */
const WIDE = 4;

interface Arguments {
  readonly out: Local;
  readonly x: Local;
  readonly len: Local;
  readonly inner: Local;
  readonly begin: Local;
  readonly end: Local;
}

class ReduceEmitter {
  readonly #w: FunctionWriter;
  readonly #monoid: Monoid;
  readonly #args: Arguments;
  /** The output at work, its first element, and the step to the next. */
  readonly #index: Local;
  readonly #at: Local;
  readonly #step: Local;
  readonly #values: readonly Local[];

  constructor(w: FunctionWriter, monoid: Monoid, args: Arguments) {
    this.#w = w;
    this.#monoid = monoid;
    this.#args = args;
    [this.#index, this.#at, this.#step] = w.locals('i32', 3);
    this.#values = w.locals('v128', WIDE as number);
  }

  emit(): void {
    const w = this.#w;
    const { inner } = this.#args;
    w.assign(this.#step, () => w.get(inner).i32.const(this.#monoid.shift).i32.shl());
    w.get(inner).i32.const(1).i32.eq();
    w.if(
      () => this.#lines(),
      () => this.#columns(),
    );
  }

  #lines(): void {
    const w = this.#w;
    const { x, len, begin, end } = this.#args;
    const bytes = w.local('i32');
    w.assign(bytes, () => w.get(len).i32.const(this.#monoid.shift).i32.shl());
    w.address(x, () => w.get(begin).get(bytes).i32.mul()).set(this.#at);
    w.assign(this.#index, begin);
    w.get(len).i32.const(CHUNK).i32.le_u();
    w.if(() => this.#shortLines(bytes));
    w.while(
      () => w.get(this.#index).get(end).i32.lt_u(),
      () => {
        this.#make(1, lineHelper(w.module, this.#monoid, true), false, true);
        w.advance(this.#at, bytes).advance(this.#index, 1);
      },
    );
  }

  /** Lines of one chunk each, several at once while that many are left. */
  #shortLines(bytes: Local): void {
    const w = this.#w;
    const monoid = this.#monoid;
    const ways = waysOf(monoid);
    const to = w.local('i32');
    const results = w.locals('v128', ways);
    w.while(
      () => w.get(this.#index).i32.const(ways).i32.add().get(this.#args.end).i32.le_u(),
      () => {
        w.get(this.#at).get(this.#args.len).get(bytes).call(linesHelper(w.module, monoid));
        for (const result of results.toReversed()) w.set(result);
        w.address(this.#args.out, this.#index, monoid.shift).set(to);
        for (const result of results) {
          monoid.identity(w);
          w.get(result);
          monoid.combine(w);
          w.set(result).get(to);
          monoid.store(w, result, false, 0);
          w.advance(to, monoid.bytes);
        }
        w.advance(this.#at, () => w.get(bytes).i32.const(ways).i32.mul()).advance(this.#index, ways);
      },
    );
  }

  /** As many neighbouring outputs at once as lie in the row and the share: a wide group, a vector, or one. */
  #columns(): void {
    const w = this.#w;
    const { x, len, inner, begin, end } = this.#args;
    const { shift, lanes } = this.#monoid;
    const [row, column, made] = w.locals('i32', 3);
    w.for(this.#index, begin, end, made, () => {
      w.assign(row, () => w.get(this.#index).get(inner).i32.div_u());
      w.assign(column, () => w.get(this.#index).get(row).get(inner).i32.mul().i32.sub());
      w.address(x, () => w.get(row).get(len).i32.mul().get(inner).i32.mul().get(column).i32.add(), shift).set(this.#at);
      const whenRoomFor = (count: number, then: () => void, otherwise: () => void) => {
        const fits = (limit: Local, from: Local) => w.get(from).i32.const(count).i32.add().get(limit).i32.le_u();
        fits(inner, column);
        fits(end, this.#index).i32.and();
        w.if(() => {
          then();
          w.assign(made, count);
        }, otherwise);
      };
      whenRoomFor(
        WIDE * lanes,
        () => this.#make(WIDE, columnsHelper(w.module, this.#monoid, WIDE), true),
        () =>
          whenRoomFor(
            lanes,
            () => this.#make(1, columnsHelper(w.module, this.#monoid, 1), true),
            () => {
              this.#make(1, lineHelper(w.module, this.#monoid, false), false);
              w.assign(made, 1);
            },
          ),
      );
    });
  }

  /** value ∘= chunks in their order, several made at once while that many whole ones are left. */
  #manyChunks(value: Local, from: Local, left: Local): void {
    const w = this.#w;
    const monoid = this.#monoid;
    const ways = waysOf(monoid);
    w.while(
      () =>
        w
          .get(left)
          .i32.const(ways * CHUNK)
          .i32.ge_u(),
      () => {
        const results = w.locals('v128', ways);
        w.get(from)
          .i32.const(CHUNK)
          .i32.const(CHUNK * monoid.bytes)
          .call(linesHelper(w.module, monoid));
        for (const result of results.toReversed()) w.set(result);
        for (const result of results) {
          w.get(value).get(result);
          monoid.combine(w);
          w.set(value);
        }
        w.advance(from, ways * CHUNK * monoid.bytes).advance(left, -ways * CHUNK);
      },
    );
  }

  /** Runs over the chunks and stores the results; `helper` makes those of one chunk, one vector per value. */
  #make(vectors: number, helper: number, isWhole: boolean, isContiguous = false): void {
    const w = this.#w;
    const monoid = this.#monoid;
    const values = this.#values.slice(0, vectors);
    for (const value of values) w.push(() => monoid.identity(w)).set(value);
    w.scope(() => {
      const [left, count, from] = w.locals('i32', 3);
      const results = w.locals('v128', vectors);
      w.assign(left, this.#args.len).assign(from, this.#at);
      if (isContiguous) this.#manyChunks(values[0]!, from, left);
      w.while(
        () => w.get(left),
        () => {
          w.assign(count, () => w.get(left).i32.const(CHUNK).get(left).i32.const(CHUNK).i32.lt_u().select());
          w.get(from).get(count).get(this.#step).call(helper);
          for (const result of results.toReversed()) w.set(result);
          for (const [k, value] of values.entries()) {
            w.get(value).get(results[k]!);
            monoid.combine(w);
            w.set(value);
          }
          w.advance(from, () => w.get(count).get(this.#step).i32.mul());
          w.assign(left, () => w.get(left).get(count).i32.sub());
        },
      );
    });
    const to = w.local('i32');
    w.address(this.#args.out, this.#index, monoid.shift).set(to);
    for (const [k, value] of values.entries()) {
      w.get(to);
      monoid.store(w, value, isWhole, k);
    }
  }
}
