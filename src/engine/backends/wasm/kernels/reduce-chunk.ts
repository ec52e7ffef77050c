/** One chunk of a reduction: eight partials and their tree, once with the partials in lanes, once with an output in each lane. */
import type { FunctionWriter, Local, ModuleBuilder } from '../assembler.ts';
import type { Monoid } from './reduce-monoid.ts';

const PARTIALS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const PARAMS = Array<'i32'>(3).fill('i32');

/** (x, count, step in bytes) → the chunk's result in lane 0, the partials lying in lanes. */
export function lineHelper(m: ModuleBuilder, monoid: Monoid, isContiguous: boolean): number {
  return m.helper(`line ${monoid.key} ${isContiguous}`, PARAMS, ['v128'], (w, x, count, step) => {
    const line = new Line(w, monoid, x, step, isContiguous);
    line.start();
    w.while(
      () => w.get(count).i32.const(8).i32.ge_u(),
      () => {
        line.take();
        w.advance(count, -8);
      },
    );
    w.get(count).if(() => line.takeRest(count));
    line.fold();
  });
}

/** Contiguous chunks of one length that are done side by side, so that one addition need not wait for another: as many as keep eight vectors busy. */
export const waysOf = (monoid: Monoid): number => monoid.lanes;

/** (x, count, bytes from one chunk to the next) → the results of `waysOf` chunks, each in lane 0. */
export function linesHelper(m: ModuleBuilder, monoid: Monoid): number {
  const ways = waysOf(monoid);
  const results = Array<'v128'>(ways).fill('v128');
  return m.helper(`lines ${monoid.key}`, PARAMS, results, (w, x, count, apart) => {
    const step = w.local('i32');
    w.assign(step, monoid.bytes);
    const lines = Array.from({ length: ways }, (_, k) => {
      const at = w.local('i32');
      w.address(x, () => w.get(apart).i32.const(k).i32.mul()).set(at);
      return new Line(w, monoid, at, step, true);
    });
    for (const line of lines) line.start();
    w.while(
      () => w.get(count).i32.const(8).i32.ge_u(),
      () => {
        for (const line of lines) line.take();
        w.advance(count, -8);
      },
    );
    w.get(count).if(() => {
      for (const line of lines) line.takeRest(count);
    });
    for (const line of lines) line.fold();
  });
}

/** One chunk in the making: where it is read, and its partials in lanes. */
class Line {
  readonly #w: FunctionWriter;
  readonly #monoid: Monoid;
  readonly #x: Local;
  readonly #step: Local;
  readonly #isContiguous: boolean;
  readonly #partials: readonly Local[];
  readonly #loaded: readonly Local[];

  constructor(w: FunctionWriter, monoid: Monoid, x: Local, step: Local, isContiguous: boolean) {
    this.#w = w;
    this.#monoid = monoid;
    this.#x = x;
    this.#step = step;
    this.#isContiguous = isContiguous;
    this.#partials = w.locals('v128', 8 / monoid.lanes);
    this.#loaded = w.locals('v128', (8 * monoid.bytes) / 16);
  }

  start(): void {
    for (const p of this.#partials) this.#w.push(() => this.#monoid.identity(this.#w)).set(p);
  }

  /** Eight elements. */
  take(): void {
    const w = this.#w;
    if (this.#isContiguous) {
      for (const [k, vector] of this.#loaded.entries())
        w.get(this.#x)
          .v128.load(16 * k)
          .set(vector);
      w.advance(this.#x, 8 * this.#monoid.bytes);
    } else for (const j of PARTIALS) this.#loadLane(j);
    this.#monoid.accumulate(w, this.#partials, this.#loaded);
  }

  /** One to seven elements. */
  takeRest(count: Local): void {
    const w = this.#w;
    for (const vector of this.#loaded) w.push(() => this.#monoid.storedIdentity(w)).set(vector);
    w.block((done) => {
      for (const j of PARTIALS.slice(0, 7)) {
        this.#loadLane(j);
        w.get(count)
          .i32.const(j + 1)
          .i32.eq()
          .brIf(done);
      }
    });
    this.#monoid.accumulate(w, this.#partials, this.#loaded);
  }

  fold(): void {
    foldLanes(this.#w, this.#monoid, this.#partials);
  }

  #loadLane(j: number): void {
    const w = this.#w;
    const perVector = 16 / this.#monoid.bytes;
    const vector = this.#loaded[Math.floor(j / perVector)]!;
    w.get(this.#x).get(vector);
    if (this.#monoid.bytes === 4) w.v128.load32_lane(j % perVector);
    else w.v128.load64_lane(j % perVector);
    w.set(vector).advance(this.#x, this.#step);
  }
}

/** Pushes the tree over partials that lie in lanes, its value in lane 0. */
export function foldLanes(w: FunctionWriter, monoid: Monoid, partials: readonly Local[]): void {
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

/** (x, count, step in bytes) → the chunk's results of neighbouring outputs, one per lane, `vectors` of them. */
export function columnsHelper(m: ModuleBuilder, monoid: Monoid, vectors: number): number {
  const results = Array<'v128'>(vectors).fill('v128');
  return m.helper(`columns ${monoid.key} ${vectors}`, PARAMS, results, (w, x, count, step) => {
    if (vectors === 1) emitColumn(w, monoid, x, count, step);
    else emitColumns(w, monoid, vectors, { x, count, step });
  });
}

/** One vector: the eight partials side by side, row after row. */
function emitColumn(w: FunctionWriter, monoid: Monoid, x: Local, count: Local, step: Local): void {
  const p = w.locals('v128', 8);
  const take = (j: number) => {
    w.get(p[j]!).get(x);
    monoid.loadColumns(w, 0);
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
  foldTree(monoid, w, (j) => w.get(p[j]!));
}

/** Several vectors: one partial after another, each over every eighth row, so that a row's cache line is used whole. */
function emitColumns(
  w: FunctionWriter,
  monoid: Monoid,
  vectors: number,
  { x, count, step }: { readonly x: Local; readonly count: Local; readonly step: Local },
): void {
  const [i, at, stride] = w.locals('i32', 3);
  w.assign(stride, () => w.get(step).i32.const(8).i32.mul());
  const partial = (j: number): readonly Local[] => {
    const acc = w.locals('v128', vectors);
    for (const vector of acc) w.push(() => monoid.identity(w)).set(vector);
    w.address(x, () => w.get(step).i32.const(j).i32.mul()).set(at);
    w.for(i, j, count, 8, () => {
      for (const [k, vector] of acc.entries()) {
        w.get(vector).get(at);
        monoid.loadColumns(w, k);
        monoid.combine(w);
        w.set(vector);
      }
      w.advance(at, stride);
    });
    return acc;
  };
  const combined = (left: readonly Local[], right: readonly Local[]): readonly Local[] => {
    for (const [k, vector] of left.entries()) {
      w.get(vector).get(right[k]!);
      monoid.combine(w);
      w.set(vector);
    }
    return left;
  };
  const pair = (a: number, b: number) => combined(partial(a), partial(b));
  const half = (a: number) => combined(pair(a, a + 4), pair(a + 2, a + 6));
  for (const vector of combined(half(0), half(1))) w.get(vector);
}

/** Pushes ((p0 + p4) + (p2 + p6)) + ((p1 + p5) + (p3 + p7)). */
function foldTree(monoid: Monoid, w: FunctionWriter, push: (j: number) => void): void {
  const pair = (a: number, b: number) => {
    push(a);
    push(b);
    monoid.combine(w);
  };
  for (const first of [0, 1]) {
    pair(first, first + 4);
    pair(first + 2, first + 6);
    monoid.combine(w);
  }
  monoid.combine(w);
}
