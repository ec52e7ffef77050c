/** Packing for the matrix product: blocks of A and B copied into the order in which the register tile reads them. */
import type { FunctionWriter, Local, ModuleBuilder, Operand } from '../assembler.ts';
import type { Arithmetic } from './matmul-tile.ts';
import { transposeVectors } from './transpose.ts';

/**
 * (to, b, k, width, rsB, csB), strides in bytes: `width` columns of b become one panel of full width or, when they fit, half of it;
 * the columns of one k are neighbours and missing ones are 0.
 */
export function packColumnsHelper(m: ModuleBuilder, math: Arithmetic): number {
  const { columns, bytes, lanes } = math;
  return m.helper(`pack columns ${bytes}`, Array<'i32'>(6).fill('i32'), [], (w, to, b, k, width, rsB, csB) => {
    const isUnit = (step: Local) => w.get(step).i32.const(bytes).i32.eq();
    w.get(width).i32.const(columns).i32.eq();
    w.if(() => {
      isUnit(csB).if(() => {
        copyRows(w, to, b, k, rsB);
        w.return();
      });
      isUnit(rsB).if(() => {
        w.while(
          () => w.get(k).i32.const(lanes).i32.ge_u(),
          () => {
            for (const half of [0, 1]) transposeInto(w, math, to, b, csB, half);
            w.advance(to, 32 * lanes)
              .advance(b, 16)
              .advance(k, -lanes);
          },
        );
      });
    });
    const panel = w.local('i32');
    w.assign(panel, () =>
      w.i32
        .const(columns)
        .i32.const(lanes)
        .get(width)
        .i32.const(lanes)
        .i32.gt_u()
        .select()
        .i32.const(math.shift)
        .i32.shl(),
    );
    w.get(to).i32.const(0).get(k).get(panel).i32.mul().memoryFill();
    packStrided(w, math, { to, from: b, count: k, along: rsB, items: width, across: csB, step: panel });
  });
}

/** (to, a, k, rsA, csA), strides in bytes: `rows` rows of a, the rows of one k side by side without gaps. */
export function packRowsHelper(m: ModuleBuilder, math: Arithmetic, rows: number): number {
  const size = rows * math.bytes;
  return m.helper(`pack ${rows} rows ${math.bytes}`, Array<'i32'>(5).fill('i32'), [], (w, to, a, k, rsA, csA) => {
    w.get(rsA).i32.const(math.bytes).i32.eq();
    w.if(
      () =>
        w.while(
          () => w.get(k),
          () => {
            copyBytes(w, to, a, size);
            w.advance(to, size).advance(a, csA).advance(k, -1);
          },
        ),
      () => packStrided(w, math, { to, from: a, count: k, along: csA, items: rows, across: rsA, step: size }),
    );
  });
}

/** A fixed number of bytes, a multiple of four, by the widest moves. */
function copyBytes(w: FunctionWriter, to: Local, from: Local, size: number): void {
  let at = 0;
  for (; at + 16 <= size; at += 16) w.get(to).get(from).v128.load(at).v128.store(at);
  for (; at + 8 <= size; at += 8) w.get(to).get(from).i64.load(at).i64.store(at);
  if (at < size) w.get(to).get(from).i32.load(at).i32.store(at);
}

function copyRows(w: FunctionWriter, to: Local, b: Local, k: Local, rsB: Local): void {
  w.while(
    () => w.get(k),
    () => {
      copyBytes(w, to, b, 32);
      w.advance(to, 32).advance(b, rsB).advance(k, -1);
    },
  );
}

/** Half a panel (one vector of columns) for as many k as a vector has lanes, turned in registers. */
function transposeInto(w: FunctionWriter, { lanes }: Arithmetic, to: Local, b: Local, csB: Local, half: number): void {
  w.scope(() => {
    const at = w.local('i32');
    w.assign(at, () =>
      w
        .get(b)
        .get(csB)
        .i32.const(half * lanes)
        .i32.mul()
        .i32.add(),
    );
    const read = w.locals('v128', lanes as number);
    for (const vector of read) {
      w.get(at).v128.load().set(vector);
      w.advance(at, csB);
    }
    for (const [i, push] of transposeVectors(w, read).entries()) {
      w.get(to);
      push();
      w.v128.store(32 * i + 16 * half);
    }
  });
}

interface StridedPack {
  readonly to: Local;
  readonly from: Local;
  readonly count: Local;
  readonly along: Local;
  readonly items: Operand;
  readonly across: Local;
  readonly step: Operand;
}

/** to[p·step + i] ← from[p·along + i·across], element by element. */
function packStrided(w: FunctionWriter, { bytes }: Arithmetic, parts: StridedPack): void {
  const [p, i, source, target] = w.locals('i32', 4);
  w.for(p, 0, parts.count, 1, () => {
    w.assign(source, parts.from).assign(target, parts.to);
    w.for(i, 0, parts.items, 1, () => {
      w.get(target).get(source);
      if (bytes === 4) w.i32.load().i32.store();
      else w.i64.load().i64.store();
      w.advance(target, bytes).advance(source, parts.across);
    });
    w.advance(parts.to, parts.step).advance(parts.from, parts.along);
  });
}
