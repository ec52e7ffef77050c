/**
 * Strided copy of up to five dimensions, for 4- and 8-byte elements.
 *
 * Arguments  (out, x, d0…d4, os0…os4, is0…is4, begin, end); element strides of any sign, 0 in x repeats; d0 runs over [begin, end).
 * Plan       the last two dimensions are one plane, and a plane takes the first way that fits: rows contiguous in both arrays (vectors, memory.copy when long),
 *            rows of one repeated value, transposes in 32×32 blocks of register tiles, single elements. `planCopy` orders dimensions so that the fast ways fit.
 */
import type { FunctionWriter, Local, ModuleBuilder } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { transposeVectors } from './transpose.ts';

type Width = 4 | 8;

/** The strided copy for elements of this many bytes. */
export function stridedCopyKernel(width: Width): KernelSpec {
  return {
    key: `copy ${width}`,
    params: Array<'i32'>(19).fill('i32'),
    emit(w, _profile, out, x, ...rest) {
      const [dims, outSteps, inSteps] = [rest.slice(0, 5), rest.slice(5, 10), rest.slice(10, 15)];
      const [begin, end] = rest.slice(15) as [Local, Local];
      for (const step of [...outSteps, ...inSteps]) scale(w, step, width);
      w.advance(out, () => w.get(begin).get(outSteps[0]!).i32.mul());
      w.advance(x, () => w.get(begin).get(inSteps[0]!).i32.mul());
      w.assign(dims[0]!, () => w.get(end).get(begin).i32.sub());
      const plane = planeHelper(w.module, width);
      const nest = (axis: number, to: Local, from: Local): void => {
        if (axis === 3) {
          w.get(to).get(from);
          for (const list of [dims, outSteps, inSteps]) w.get(list[3]!).get(list[4]!);
          w.call(plane);
          return;
        }
        const [i, nextTo, nextFrom] = w.locals('i32', 3);
        w.assign(nextTo, to).assign(nextFrom, from);
        w.for(i, 0, dims[axis]!, 1, () => {
          nest(axis + 1, nextTo, nextFrom);
          w.advance(nextTo, outSteps[axis]!).advance(nextFrom, inSteps[axis]!);
        });
      };
      nest(0, out, x);
    },
  };
}

function scale(w: FunctionWriter, step: Local, width: Width): void {
  w.assign(step, () => w.get(step).i32.const(Math.log2(width)).i32.shl());
}

/** (out, x, rows, columns, outRow, outColumn, inRow, inColumn), steps in bytes. */
function planeHelper(m: ModuleBuilder, width: Width): number {
  const i32s = (n: number) => Array<'i32'>(n).fill('i32');
  return m.helper(
    `copy plane ${width}`,
    i32s(8),
    [],
    (w, out, x, rows, columns, outRow, outColumn, inRow, inColumn) => {
      const element = new Element(w, width);
      const isUnit = (step: Local) => w.get(step).i32.const(width).i32.eq();
      const i = w.local('i32');
      const eachRow = (body: () => void) =>
        w.for(i, 0, rows, 1, () => {
          body();
          w.advance(out, outRow).advance(x, inRow);
        });

      isUnit(outColumn).if(() => {
        isUnit(inColumn).if(() => {
          eachRow(() => element.contiguousRow(out, x, columns));
          w.return();
        });
        w.get(inColumn).i32.eqz();
        w.if(() => {
          eachRow(() => element.repeatedRow(out, x, columns));
          w.return();
        });
        isUnit(inRow).get(rows).i32.const(element.lanes).i32.ge_u().i32.and();
        w.if(() => {
          w.get(out).get(x).get(rows).get(columns).get(outRow).get(inColumn).call(transposeHelper(m, width));
          w.return();
        });
      });
      eachRow(() => element.row(out, x, columns, outColumn, inColumn));
    },
  );
}

/** Rows of elements of one width. */
class Element {
  readonly lanes: number;
  readonly #w: FunctionWriter;
  readonly #width: Width;

  constructor(w: FunctionWriter, width: Width) {
    this.#w = w;
    this.#width = width;
    this.lanes = 16 / width;
  }

  #copyOne(to: Local, from: Local): void {
    const w = this.#w.get(to).get(from);
    if (this.#width === 4) w.i32.load().i32.store();
    else w.i64.load().i64.store();
  }

  row(out: Local, x: Local, columns: Local, outColumn: Local | number, inColumn: Local | number): void {
    const w = this.#w;
    w.scope(() => {
      const [to, from, j] = w.locals('i32', 3);
      w.assign(to, out).assign(from, x);
      w.for(j, 0, columns, 1, () => {
        this.#copyOne(to, from);
        w.advance(to, outColumn).advance(from, inColumn);
      });
    });
  }

  contiguousRow(out: Local, x: Local, columns: Local): void {
    const w = this.#w;
    w.get(columns).i32.const(LONG_ROW).i32.ge_u();
    w.if(
      () => w.get(out).get(x).get(columns).i32.const(Math.log2(this.#width)).i32.shl().memoryCopy(),
      () =>
        this.#vectorRow(out, columns, x, (to, from) => {
          w.get(to).get(from).v128.load().v128.store();
        }),
    );
  }

  repeatedRow(out: Local, x: Local, columns: Local): void {
    const w = this.#w;
    const value = w.local('v128');
    w.get(x);
    (this.#width === 4 ? w.v128.load32_splat() : w.v128.load64_splat()).set(value);
    this.#vectorRow(
      out,
      columns,
      undefined,
      (to) => {
        w.get(to).get(value).v128.store();
      },
      () => (this.#width === 4 ? w.get(value).i32x4.extract_lane(0) : w.get(value).i64x2.extract_lane(0)),
    );
  }

  /** Whole vectors, then single elements from `single` or from the same place in x. */
  #vectorRow(
    out: Local,
    columns: Local,
    x: Local | undefined,
    vector: (to: Local, from: Local) => void,
    single?: () => unknown,
  ): void {
    const w = this.#w;
    w.scope(() => {
      const [to, from, left] = w.locals('i32', 3);
      w.assign(to, out).assign(left, columns);
      if (x !== undefined) w.assign(from, x);
      const step = (elements: number) =>
        w
          .advance(to, elements * this.#width)
          .advance(from, elements * this.#width)
          .advance(left, -elements);
      w.while(
        () => w.get(left).i32.const(this.lanes).i32.ge_u(),
        () => {
          vector(to, from);
          step(this.lanes);
        },
      );
      w.while(
        () => w.get(left),
        () => {
          if (single === undefined) this.#copyOne(to, from);
          else {
            w.get(to);
            single();
            if (this.#width === 4) w.i32.store();
            else w.i64.store();
          }
          step(1);
        },
      );
    });
  }
}

const LONG_ROW = 512;
const BLOCK = 32;

/**
 * (out, x, rows, columns, outRow, inColumn): out[r, c] = x[c, r], both contiguous along their last index, steps in bytes.
 * Blocks keep both sides in the first-level cache; a register tile moves lanes × lanes elements.
 */
function transposeHelper(m: ModuleBuilder, width: Width): number {
  const lanes = 16 / width;
  return m.helper(
    `transpose ${width}`,
    Array<'i32'>(6).fill('i32'),
    [],
    (w, out, x, rows, columns, outRow, inColumn) => {
      const element = new Element(w, width);
      const [r, c, r0, c0, rEnd, cEnd] = Array.from({ length: 6 }, () => w.local('i32')) as [
        Local,
        Local,
        Local,
        Local,
        Local,
        Local,
      ];
      const [fullRows, fullColumns, to, from, left] = Array.from({ length: 5 }, () => w.local('i32')) as [
        Local,
        Local,
        Local,
        Local,
        Local,
      ];
      const locate = (row: Local, column: Local) => {
        w.address(out, () => w.get(row).i32.const(width).i32.div_u().get(outRow).i32.mul())
          .get(column)
          .i32.const(width)
          .i32.mul()
          .i32.add()
          .set(to);
        w.address(x, () => w.get(column).get(inColumn).i32.mul())
          .get(row)
          .i32.add()
          .set(from);
      };
      const blockEnd = (end: Local, start: Local, limit: Local, size: number) => {
        w.assign(end, () => w.get(start).i32.const(size).i32.add());
        w.assign(end, () => w.get(end).get(limit).get(end).get(limit).i32.lt_u().select());
      };

      // r counts bytes along x, so that it is both the offset in x and, divided, the row of out.
      w.assign(fullRows, () => w.get(rows).i32.const(-lanes).i32.and().i32.const(width).i32.mul());
      w.assign(fullColumns, () => w.get(columns).i32.const(-lanes).i32.and());
      w.for(r0, 0, fullRows, BLOCK * width, () => {
        blockEnd(rEnd, r0, fullRows, BLOCK * width);
        w.for(c0, 0, fullColumns, BLOCK, () => {
          blockEnd(cEnd, c0, fullColumns, BLOCK);
          w.for(r, r0, rEnd, 16, () =>
            w.for(c, c0, cEnd, lanes, () => {
              locate(r, c);
              tile(w, width, to, from, outRow, inColumn);
            }),
          );
        });
      });

      // The last columns of the full rows, then the last rows whole.
      w.assign(left, () => w.get(columns).get(fullColumns).i32.sub());
      w.for(r, 0, fullRows, width, () => {
        locate(r, fullColumns);
        element.row(to, from, left, width, inColumn);
      });
      w.for(
        r,
        fullRows,
        () => w.get(rows).i32.const(width).i32.mul(),
        width,
        () => {
          w.assign(c, 0);
          locate(r, c);
          element.row(to, from, columns, width, inColumn);
        },
      );
    },
  );
}

/** Transposes one lanes × lanes tile in registers. */
function tile(w: FunctionWriter, width: Width, to: Local, from: Local, outRow: Local, inColumn: Local): void {
  const lanes = 16 / width;
  w.scope(() => {
    const at = w.local('i32');
    const read = w.locals('v128', lanes);
    w.assign(at, from);
    for (const [k, vector] of read.entries()) {
      w.get(at).v128.load().set(vector);
      if (k < lanes - 1) w.advance(at, inColumn);
    }
    w.assign(at, to);
    for (const [k, push] of transposeVectors(w, read).entries()) {
      w.get(at);
      push();
      w.v128.store();
      if (k < lanes - 1) w.advance(at, outRow);
    }
  });
}
