/**
 * Reductions over the middle axis of (outer, len, inner): sum, prod, max, min, any, all.
 *
 * Order      depends on len alone. Chunks of 4096 elements; in a chunk eight partials pⱼ, started at the identity, take the elements i ≡ j mod 8 in order;
 *            they meet as ((p0 + p4) + (p2 + p6)) + ((p1 + p5) + (p3 + p7)); the chunks' results are added to the identity one after another.
 * Plan       inner = 1 puts the partials into the lanes of vectors; inner > 1 gives each lane an output of its own. Same order, same bits.
 * Arguments  (out, x, outer, len, inner, begin, end): outputs [begin, end) of outer·inner.
 * Values     max and min pass NaN on; an empty axis gives the identity; f32 sums may be accumulated in f64 and rounded once at the end.
 */
import { BYTES, type Dtype } from '../../../dtype.ts';
import { DtypeError } from '../../../errors.ts';
import type { FunctionWriter, Local, ModuleBuilder } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';

export type ReduceOp = 'sum' | 'prod' | 'max' | 'min' | 'any' | 'all';

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
      emitReduce(w, monoid, { out: out!, x: x!, len: len!, inner: inner!, begin: begin!, end: end! }),
  };
}

const CHUNK = 4096;
const PARTIALS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

interface Arguments {
  readonly out: Local;
  readonly x: Local;
  readonly len: Local;
  readonly inner: Local;
  readonly begin: Local;
  readonly end: Local;
}

/** Each turn makes one vector of neighbouring outputs while they lie in one row, else one output. */
function emitReduce(w: FunctionWriter, monoid: Monoid, { out, x, len, inner, begin, end }: Arguments): void {
  const { shift, lanes } = monoid;
  const [index, row, column, at, step, made] = w.locals('i32', 6);
  const value = w.local('v128');
  const reduceWith = (helper: number) => {
    monoid.identity(w);
    w.set(value);
    w.scope(() => {
      const [left, count, from] = w.locals('i32', 3);
      w.assign(left, len).assign(from, at);
      w.while(
        () => w.get(left),
        () => {
          w.assign(count, () => w.get(left).i32.const(CHUNK).get(left).i32.const(CHUNK).i32.lt_u().select());
          w.get(value).get(from).get(count).get(step).call(helper);
          monoid.combine(w);
          w.set(value);
          w.advance(from, () => w.get(count).get(step).i32.mul());
          w.assign(left, () => w.get(left).get(count).i32.sub());
        },
      );
    });
  };

  w.assign(step, () => w.get(inner).i32.const(shift).i32.shl());
  w.for(index, begin, end, made, () => {
    w.assign(row, () => w.get(index).get(inner).i32.div_u());
    w.assign(column, () => w.get(index).get(row).get(inner).i32.mul().i32.sub());
    w.address(x, () => w.get(row).get(len).i32.mul().get(inner).i32.mul().get(column).i32.add(), shift).set(at);
    const fits = (limit: Local, from: Local) => w.get(from).i32.const(lanes).i32.add().get(limit).i32.le_u();
    fits(inner, column);
    fits(end, index).i32.and();
    w.if(
      () => {
        reduceWith(columnsHelper(w.module, monoid));
        w.assign(made, lanes).address(out, index, shift);
        monoid.store(w, value, true);
      },
      () => {
        w.get(inner).i32.const(1).i32.eq();
        w.if(
          () => reduceWith(lineHelper(w.module, monoid, true)),
          () => reduceWith(lineHelper(w.module, monoid, false)),
        );
        w.assign(made, 1).address(out, index, shift);
        monoid.store(w, value, false);
      },
    );
  });
}

/** (x, count, step in bytes) → the chunk's result in lane 0, the partials lying in lanes. */
function lineHelper(m: ModuleBuilder, monoid: Monoid, isContiguous: boolean): number {
  const { bytes } = monoid;
  return m.helper(`line ${monoid.key} ${isContiguous}`, ['i32', 'i32', 'i32'], ['v128'], (w, x, count, step) => {
    const partials = w.locals('v128', 8 / monoid.lanes);
    const loaded = w.locals('v128', (8 * bytes) / 16);
    const perVector = 16 / bytes;
    const loadLane = (j: number) => {
      const vector = loaded[Math.floor(j / perVector)]!;
      w.get(x).get(vector);
      if (bytes === 4) w.v128.load32_lane(j % perVector);
      else w.v128.load64_lane(j % perVector);
      w.set(vector).advance(x, step);
    };
    const accumulate = () => monoid.accumulate(w, partials, loaded);

    for (const p of partials) w.push(() => monoid.identity(w)).set(p);
    w.while(
      () => w.get(count).i32.const(8).i32.ge_u(),
      () => {
        if (isContiguous) {
          for (const [k, vector] of loaded.entries())
            w.get(x)
              .v128.load(16 * k)
              .set(vector);
          w.advance(x, 8 * bytes);
        } else for (const j of PARTIALS) loadLane(j);
        accumulate();
        w.advance(count, -8);
      },
    );
    w.get(count).if(() => {
      for (const vector of loaded) w.push(() => monoid.storedIdentity(w)).set(vector);
      w.block((done) => {
        for (const j of PARTIALS.slice(0, 7)) {
          loadLane(j);
          w.get(count)
            .i32.const(j + 1)
            .i32.eq()
            .brIf(done);
        }
      });
      accumulate();
    });
    foldLanes(w, monoid, partials);
  });
}

/** The tree over partials that lie in lanes. */
function foldLanes(w: FunctionWriter, monoid: Monoid, partials: readonly Local[]): void {
  if (monoid.lanes === 2) {
    const [p01, p23, p45, p67] = partials;
    w.get(p01!).get(p45!);
    monoid.combine(w);
    w.get(p23!).get(p67!);
    monoid.combine(w);
    monoid.combine(w);
    const halves = w.pop('v128');
    w.get(halves).get(halves).get(halves).i64x2.shuffle([1, 1]);
    monoid.combine(w);
    return;
  }
  w.get(partials[0]!).get(partials[1]!);
  monoid.combine(w);
  for (const lanes of [
    [2, 3, 2, 3],
    [1, 1, 1, 1],
  ]) {
    const x = w.pop('v128');
    w.get(x).get(x).get(x).i32x4.shuffle(lanes);
    monoid.combine(w);
  }
}

/** (x, count, step in bytes) → the chunk's results of neighbouring outputs, one per lane. */
function columnsHelper(m: ModuleBuilder, monoid: Monoid): number {
  return m.helper(`columns ${monoid.key}`, ['i32', 'i32', 'i32'], ['v128'], (w, x, count, step) => {
    const p = w.locals('v128', 8);
    const take = (j: number) => {
      w.get(p[j]!).get(x);
      monoid.loadColumns(w);
      monoid.combine(w);
      w.set(p[j]!).advance(x, step);
    };
    for (const partial of p) w.push(() => monoid.identity(w)).set(partial);
    w.while(
      () => w.get(count).i32.const(8).i32.ge_u(),
      () => {
        for (const j of PARTIALS) take(j);
        w.advance(count, -8);
      },
    );
    w.block((done) => {
      for (const j of PARTIALS.slice(0, 7)) {
        w.get(count).i32.const(j).i32.eq().brIf(done);
        take(j);
      }
    });
    const pair = (i: number, j: number) => {
      w.get(p[i]!).get(p[j]!);
      monoid.combine(w);
    };
    for (const [i, j, k, l] of [
      [0, 4, 2, 6],
      [1, 5, 3, 7],
    ] as const) {
      pair(i, j);
      pair(k, l);
      monoid.combine(w);
    }
    monoid.combine(w);
  });
}

/** The operation with its identity, on the vectors that hold partials; `widens` keeps f32 elements in f64 partials. */
class Monoid {
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

  /** (address) → one element for each lane. */
  loadColumns(w: FunctionWriter): void {
    if (this.#widens) w.v128.load64_zero().f64x2.promote_low_f32x4();
    else w.v128.load();
  }

  /** (address): stores the results of all lanes, or of lane 0. */
  store(w: FunctionWriter, value: Local, isWhole: boolean): void {
    w.get(value);
    if (this.#widens) w.f32x4.demote_f64x2_zero();
    if (isWhole && !this.#widens) w.v128.store();
    else if (isWhole || this.bytes === 8) w.v128.store64_lane(0);
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
