/**
 * Softmax, its logarithm and log-sum-exp of rows: three runs over a row that stays in the cache.
 *
 * Arguments  (out, x, length, begin, end): rows [begin, end) of `length` elements; one result a row for log-sum-exp.
 * Order      the sum of exponentials is that of the sum kernel (chunks of 4096, eight partials, the tree), so the bits are those of the steps taken one by one. Vectors take turns among the partials;
 *            the tree pairs a partial with the one half a round away and addition commutes, so it does not matter where a round ends.
 * Values     the shift is the largest element moved into the finite numbers; a NaN does not change it and reaches the sum. Missing lanes of the last vector are −∞, whose exponential is 0.
 */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import { expShareEmit, logEmit } from '../functions/index.ts';
import type { KernelSpec } from '../library.ts';
import type { Profile } from '../profile.ts';
import { foldLanes } from './reduce-chunk.ts';
import { Monoid } from './reduce-monoid.ts';

export type SoftmaxKind = 'softmax' | 'logSoftmax' | 'logsumexp';

export const softmaxKernel = (kind: SoftmaxKind, dtype: FloatDtype): KernelSpec => ({
  key: `${kind} rows ${dtype}`,
  params: Array<'i32'>(5).fill('i32'),
  emit: (w, profile, out, x, length, begin, end) =>
    new SoftmaxWriter(w, profile, kind, dtype).write({ out: out!, x: x!, length: length!, begin: begin!, end: end! }),
});

const CHUNK = 4096;
const LARGEST = { f32: 3.4028234663852886e38, f64: Number.MAX_VALUE } as const;

interface Arguments {
  readonly out: Local;
  readonly x: Local;
  readonly length: Local;
  readonly begin: Local;
  readonly end: Local;
}

/** Sees the vector in a local; what it leaves there is stored where the run writes. */
type Visit = (v: Local, turn: number, isSingle: boolean) => unknown;

class SoftmaxWriter {
  readonly #w: FunctionWriter;
  readonly #profile: Profile;
  readonly #kind: SoftmaxKind;
  readonly #dtype: FloatDtype;
  readonly #float: FunctionWriter['f32x4'] | FunctionWriter['f64x2'];
  readonly #sum: Monoid;
  /** The largest element, the same moved into the finite numbers, and max(1, Σ exp(x − shift)), in every lane. */
  readonly #largest: Local;
  readonly #shift: Local;
  readonly #total: Local;

  constructor(w: FunctionWriter, profile: Profile, kind: SoftmaxKind, dtype: FloatDtype) {
    this.#w = w;
    this.#profile = profile;
    this.#kind = kind;
    this.#dtype = dtype;
    this.#float = dtype === 'f32' ? w.f32x4 : w.f64x2;
    this.#sum = new Monoid('sum', dtype, false);
    [this.#largest, this.#shift, this.#total] = w.locals('v128', 3);
  }

  write({ out, x, length, begin, end }: Arguments): void {
    const w = this.#w;
    const [row, from, to, bytes, outBytes] = w.locals('i32', 5);
    w.assign(bytes, () => w.get(length).i32.const(this.#sum.shift).i32.shl());
    w.assign(outBytes, this.#kind === 'logsumexp' ? this.#sum.bytes : bytes);
    w.address(x, () => w.get(begin).get(bytes).i32.mul()).set(from);
    w.address(out, () => w.get(begin).get(outBytes).i32.mul()).set(to);
    w.for(row, begin, end, 1, () => {
      w.scope(() => this.#findLargest(from, length));
      w.scope(() => this.#addUp(from, to, length));
      w.scope(() => this.#finish(from, to, length));
      w.advance(from, bytes).advance(to, outBytes);
    });
  }

  #findLargest(from: Local, length: Local): void {
    const w = this.#w;
    const most = w.locals('v128', 4);
    const join = (a: Local, b: Local) => {
      w.get(a).get(b);
      this.#float.pmax().set(a);
    };
    for (const m of most) this.#number(Number.NEGATIVE_INFINITY).set(m);
    this.#run(from, null, length, 4, (v, turn) => join(most[turn]!, v));
    for (const [a, b] of PAIRS) join(most[a]!, most[b]!);
    const [first, other] = [most[0]!, most[1]!];
    for (const lanes of this.#sum.lanes === 4 ? ACROSS_FOUR : ACROSS_TWO) {
      w.get(first).get(first).i32x4.shuffle(lanes).set(other);
      join(first, other);
    }
    w.get(first).set(this.#largest);
    w.get(first);
    this.#number(-LARGEST[this.#dtype]);
    this.#float.pmax();
    this.#number(LARGEST[this.#dtype]);
    this.#float.pmin().set(this.#shift);
  }

  /** Softmax keeps the exponentials where its results will be. */
  #addUp(from: Local, to: Local, length: Local): void {
    const w = this.#w;
    const [left, count, at, store] = w.locals('i32', 4);
    const partials = w.locals('v128', 8 / this.#sum.lanes);
    w.v128.zero().set(this.#total);
    w.assign(left, length).assign(at, from).assign(store, to);
    w.while(
      () => w.get(left),
      () => {
        w.assign(count, () => w.get(left).i32.const(CHUNK).get(left).i32.const(CHUNK).i32.lt_u().select());
        for (const p of partials) w.v128.zero().set(p);
        this.#run(at, this.#kind === 'softmax' ? store : null, count, partials.length, (v, turn, isSingle) => {
          this.#exponential(v);
          this.#add(partials, turn, v, isSingle);
        });
        w.get(this.#total);
        foldLanes(w, this.#sum, partials);
        this.#float.add().set(this.#total);
        w.advance(at, CHUNK * this.#sum.bytes).advance(store, CHUNK * this.#sum.bytes);
        w.assign(left, () => w.get(left).get(count).i32.sub());
      },
    );
    w.get(this.#total).get(this.#total);
    w.i32x4.shuffle(this.#sum.lanes === 4 ? [0, 0, 0, 0] : [0, 1, 0, 1]);
    this.#number(1);
    this.#float.pmax().set(this.#total);
  }

  #exponential(v: Local): void {
    const w = this.#w;
    w.get(v).get(this.#shift);
    this.#float.sub();
    expShareEmit(w, this.#dtype, this.#profile);
    w.set(v);
  }

  /** The partial whose turn it is, ∘= v; single vectors move the partials on by one instead. */
  #add(partials: readonly Local[], turn: number, v: Local, isSingle: boolean): void {
    const w = this.#w;
    w.get(partials[turn]!).get(v);
    this.#float.add();
    if (!isSingle) {
      w.set(partials[turn]!);
      return;
    }
    const sum = w.pop('v128');
    for (const [k, p] of partials.slice(1).entries()) w.get(p).set(partials[k]!);
    w.get(sum).set(partials.at(-1)!);
  }

  #finish(from: Local, to: Local, length: Local): void {
    const w = this.#w;
    const spread = w.local('v128');
    if (this.#kind === 'softmax') {
      this.#run(to, to, length, 4, (v) => {
        w.get(v).get(this.#total);
        this.#float.div().set(v);
      });
      return;
    }
    w.get(this.#total);
    logEmit(w, this.#dtype, this.#profile);
    w.set(spread);
    if (this.#kind === 'logsumexp') {
      w.get(to).get(this.#largest).get(spread);
      this.#float.add();
      if (this.#sum.bytes === 4) w.v128.store32_lane(0);
      else w.v128.store64_lane(0);
      return;
    }
    this.#run(from, to, length, 4, (v) => {
      w.get(v).get(this.#shift);
      this.#float.sub().get(spread);
      this.#float.sub().set(v);
    });
  }

  /** Visits a line in vectors, `unroll` at a turn, then one by one, the last one filled up with −∞; `to` is where results go, if any do. */
  #run(from: Local, to: Local | null, length: Local, unroll: number, visit: Visit): void {
    const w = this.#w;
    const { lanes, bytes } = this.#sum;
    const [left, at, store] = w.locals('i32', 3);
    w.assign(left, length)
      .assign(at, from)
      .assign(store, to ?? from);
    const full = (count: number) => {
      for (let turn = 0; turn < count; turn++)
        w.scope(() => {
          const v = w.local('v128');
          w.get(at)
            .v128.load(16 * turn)
            .set(v);
          visit(v, turn, count === 1);
          if (to !== null)
            w.get(store)
              .get(v)
              .v128.store(16 * turn);
        });
      w.advance(at, 16 * count)
        .advance(store, 16 * count)
        .advance(left, -lanes * count);
    };
    for (const count of new Set([unroll, 1]))
      w.while(
        () =>
          w
            .get(left)
            .i32.const(lanes * count)
            .i32.ge_u(),
        () => full(count),
      );
    w.get(left).if(() =>
      w.scope(() => {
        const v = w.local('v128');
        this.#number(Number.NEGATIVE_INFINITY).set(v);
        if (bytes === 8) w.get(at).get(v).v128.load64_lane(0).set(v);
        else
          this.#eachRest(left, (size, offset) =>
            w
              .get(at)
              .get(v)
              .v128[`load${size}_lane`](offset / (size / 32), 4 * offset)
              .set(v),
          );
        visit(v, 0, true);
        if (to === null) return;
        if (bytes === 8) w.get(store).get(v).v128.store64_lane(0);
        else
          this.#eachRest(left, (size, offset) =>
            w
              .get(store)
              .get(v)
              .v128[`store${size}_lane`](offset / (size / 32), 4 * offset),
          );
      }),
    );
  }

  /** One to three elements of four bytes: a pair, then a single one. */
  #eachRest(left: Local, move: (size: 32 | 64, offset: number) => unknown): void {
    const w = this.#w;
    w.get(left).i32.const(2).i32.and();
    w.if(
      () => {
        move(64, 0);
        w.get(left)
          .i32.const(1)
          .i32.and()
          .if(() => move(32, 2));
      },
      () => move(32, 0),
    );
  }

  #number(x: number): FunctionWriter {
    return this.#w.kept(`${this.#dtype} ${x}`, () => this.#float.const(x));
  }
}

const PAIRS = [
  [0, 1],
  [2, 3],
  [0, 2],
] as const;
const ACROSS_FOUR = [
  [2, 3, 0, 1],
  [1, 0, 3, 2],
];
const ACROSS_TWO = [[2, 3, 0, 1]];
