/**
 * The register tile of the matrix product: a few rows × two (or one) vectors of columns, accumulated over k in order.
 *
 * A is read one element per row and step and spread over a vector: along `rows` each row is contiguous in k; in a `panel` the rows of one k are neighbours.
 * B is read as vectors of neighbouring columns; both steps from k to k + 1 are run-time values, so packed panels and suitable strides share the code.
 */
import type { FunctionWriter, Local, ModuleBuilder, Operand } from '../assembler.ts';
import type { Profile } from '../profile.ts';

export type MatmulDtype = 'f32' | 'f64' | 'i32';

/** How A lies: rows contiguous in k, or panels whose rows are neighbours. */
export type RowLayout = 'rows' | 'panel';

/** What a dtype and profile fix: element size, register tile, the multiply-add. */
export class Arithmetic {
  readonly dtype: MatmulDtype;
  readonly profile: Profile;
  readonly bytes: 4 | 8;
  readonly shift: 2 | 3;
  /** Elements of a vector. */
  readonly lanes: 2 | 4;
  /** Columns of a full tile: two vectors. */
  readonly columns: 4 | 8;
  /** Row counts for which a tile exists, descending; the first is the usual one. */
  readonly heights: readonly number[];
  /** Takes products away from c instead of adding them; floats only. */
  readonly isNegative: boolean;

  constructor(dtype: MatmulDtype, profile: Profile, isNegative = false) {
    this.dtype = dtype;
    this.profile = profile;
    this.isNegative = isNegative;
    this.bytes = dtype === 'f64' ? 8 : 4;
    this.shift = dtype === 'f64' ? 3 : 2;
    this.lanes = dtype === 'f64' ? 2 : 4;
    this.columns = dtype === 'f64' ? 4 : 8;
    this.heights = profile === 'fma' ? [6, 4, 2, 1] : [4, 2, 1]; // separate products need one more register: six rows would spill
  }

  get key(): string {
    return `${this.isNegative ? 'minus ' : ''}${this.dtype} ${this.profile}`;
  }

  /** (a, b, c) → a·b + c, or c − a·b. */
  madd(w: FunctionWriter): void {
    if (this.dtype !== 'i32') w[this.isNegative ? 'nmadd' : 'madd'](this.dtype, this.profile);
    else {
      const addend = w.pop('v128');
      w.i32x4.mul().get(addend).i32x4.add();
    }
  }

  loadSplat(w: FunctionWriter, offset: number): void {
    if (this.bytes === 8) w.v128.load64_splat(offset);
    else w.v128.load32_splat(offset);
  }
}

interface TileRange {
  readonly i: Local;
  readonly from: Operand;
  readonly to: Local;
}

/** i from `from` to `to` in tiles as high as possible; never six and two, which make too few chains: two tiles of four are faster. */
export function eachTile(
  w: FunctionWriter,
  math: Arithmetic,
  { i, from, to }: TileRange,
  visit: (height: number) => void,
): void {
  const left = () => w.get(to).get(i).i32.sub();
  const fits = (height: number) => {
    left().i32.const(height).i32.ge_u();
    if (height === 6) left().i32.const(8).i32.ne().i32.and();
  };
  w.assign(i, from);
  for (const height of math.heights)
    w.while(
      () => fits(height),
      () => {
        visit(height);
        w.advance(i, height);
      },
    );
}

/**
 * (c, rsC, a, rsA, stepA, b, stepB, k, keep), strides and steps in bytes: c[r, :] ← (keep ? c[r, :] : 0) + Σ a[r, p]·b[p, :], p in order.
 * Writes whole vectors of c.
 */
export function tileHelper(
  m: ModuleBuilder,
  math: Arithmetic,
  rows: number,
  vectors: number,
  layout: RowLayout,
): number {
  const key = `tile ${math.key} ${rows}×${vectors} ${layout}`;
  return m.helper(key, Array<'i32'>(9).fill('i32'), [], (w, c, rsC, a, rsA, stepA, b, stepB, k, keep) => {
    const acc = Array.from({ length: rows }, () => w.locals('v128', vectors));
    const eachOfC = (visit: (vector: Local, at: Local, offset: number) => void) =>
      w.scope(() => {
        const at = w.local('i32');
        w.assign(at, c);
        for (const [r, row] of acc.entries()) {
          if (r > 0) w.advance(at, rsC);
          for (const [v, vector] of row.entries()) visit(vector, at, 16 * v);
        }
      });

    w.get(keep).if(() => eachOfC((vector, at, offset) => w.get(at).v128.load(offset).set(vector)));
    const pointers = rowPointers(w, a, rsA, layout === 'rows' ? rows : 1);
    const step = (turn: number) => w.scope(() => emitStep(w, math, acc, layout, pointers, b, turn));
    const unroll = unrollOf(math, rows, vectors, layout);
    const turns = (count: number) => {
      for (let turn = 0; turn < count; turn++) {
        step(turn);
        w.advance(b, stepB);
        if (layout === 'panel') w.advance(pointers[0]!, stepA);
      }
      if (layout === 'rows') for (const pointer of pointers) w.advance(pointer, count * math.bytes);
      w.advance(k, -count);
    };
    if (unroll > 1)
      w.while(
        () => w.get(k).i32.const(unroll).i32.ge_u(),
        () => turns(unroll),
      );
    w.while(
      () => w.get(k),
      () => turns(1),
    );
    eachOfC((vector, at, offset) => w.get(at).get(vector).v128.store(offset));
  });
}

/** Steps per turn. Rows have a pointer each to move, so they gain most; the tiles at the edges stay short, because code costs time to make. */
function unrollOf(math: Arithmetic, rows: number, vectors: number, layout: RowLayout): number {
  if (vectors === 1) return 1;
  if (rows === math.heights[0]) return layout === 'rows' ? 4 : 2;
  return rows === math.heights[1] && layout === 'rows' ? 2 : 1;
}

function rowPointers(w: FunctionWriter, a: Local, rsA: Local, count: number): readonly Local[] {
  const pointers = [a];
  while (pointers.length < count) {
    const next = w.local('i32');
    w.assign(next, () => w.get(pointers.at(-1)!).get(rsA).i32.add());
    pointers.push(next);
  }
  return pointers;
}

/** One k: the vectors of b once, then each row's element of a times all of them. */
function emitStep(
  w: FunctionWriter,
  math: Arithmetic,
  acc: readonly (readonly Local[])[],
  layout: RowLayout,
  pointers: readonly Local[],
  b: Local,
  turn: number,
): void {
  const load = (v: number) => w.get(b).v128.load(16 * v);
  const columns = acc.length === 1 ? [] : acc[0]!.map((_, v) => load(v).pop('v128'));
  const spread = w.local('v128');
  for (const [r, row] of acc.entries()) {
    if (layout === 'rows') {
      w.get(pointers[r]!);
      math.loadSplat(w, turn * math.bytes);
    } else {
      w.get(pointers[0]!);
      math.loadSplat(w, r * math.bytes);
    }
    w.set(spread);
    for (const [v, vector] of row.entries()) {
      w.get(spread);
      if (columns.length === 0) load(v);
      else w.get(columns[v]!);
      w.get(vector);
      math.madd(w);
      w.set(vector);
    }
  }
}
