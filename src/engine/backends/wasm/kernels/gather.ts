/**
 * Reading and adding by index along the middle axis of (outer, len, inner); indices are i32.
 *
 * take             (out, x, idx, outer, len, inner, count, begin, end): out[o, c, :] = x[o, idx[c], :], indices clamped; shares are rows of outer·count.
 * takeAlong        the same with idx of shape (outer, count, inner), one index per element.
 * scatterAdd       (out, ct, idx, outer, len, inner, count, begin, end): out[o, idx[c], :] += ct[o, c, :]; shares are lines of outer·inner.
 * scatterAddAlong  the same with idx of shape (outer, count, inner).
 * Order            each element of out takes its additions in the order of c, whatever the share; an index outside [0, len) adds nothing.
 */
import type { Dtype } from '../../../dtype.ts';
import { DtypeError } from '../../../errors.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { SCALAR, shiftOf } from './scalar.ts';

type Width = 4 | 8;

const PARAMS = Array<'i32'>(9).fill('i32');

/** take for elements of this many bytes. */
export function takeKernel(width: Width): KernelSpec {
  return {
    key: `take ${width}`,
    params: PARAMS,
    emit(w, _profile, out, x, idx, _outer, len, inner, count, begin, end) {
      const [bytes, from, to] = w.locals('i32', 3);
      w.assign(bytes, () => w.get(inner!).i32.const(width).i32.mul());
      w.address(out!, () => w.get(begin!).get(bytes).i32.mul()).set(to);
      eachRow(w, { len: len!, count: count!, begin: begin!, end: end! }, (row, c) => {
        w.get(x!).get(row).get(len!).i32.mul();
        pushClamped(w, () => w.address(idx!, c, 2).i32.load(), len!);
        w.i32.add().get(bytes).i32.mul().i32.add().set(from);
        moveRow(w, width, to, from, bytes);
        w.advance(to, bytes);
      });
    },
  };
}

/** takeAlong for elements of this many bytes. */
export function takeAlongKernel(width: Width): KernelSpec {
  const shift = Math.log2(width);
  return {
    key: `takeAlong ${width}`,
    params: PARAMS,
    emit(w, _profile, out, x, idx, _outer, len, inner, count, begin, end) {
      const [i, to, index] = w.locals('i32', 3);
      const first = () => w.get(begin!).get(inner!).i32.mul();
      w.address(out!, first, shift).set(to);
      w.address(idx!, first, 2).set(index);
      eachRow(w, { len: len!, count: count!, begin: begin!, end: end! }, (row) =>
        w.for(i, 0, inner!, 1, () => {
          w.get(to);
          w.address(
            x!,
            () => {
              w.get(row).get(len!).i32.mul();
              pushClamped(w, () => w.get(index).i32.load(), len!);
              w.i32.add().get(inner!).i32.mul().get(i).i32.add();
            },
            shift,
          );
          if (width === 4) w.i32.load().i32.store();
          else w.i64.load().i64.store();
          w.advance(to, width).advance(index, 4);
        }),
      );
    },
  };
}

/** Visits the rows (o, c) of a share; nothing can be read when len = 0. */
function eachRow(
  w: FunctionWriter,
  { len, count, begin, end }: Record<'len' | 'count' | 'begin' | 'end', Local>,
  visit: (o: Local, c: Local) => void,
): void {
  const [at, o, c] = w.locals('i32', 3);
  w.get(len).if(() =>
    w.for(at, begin, end, 1, () => {
      w.assign(o, () => w.get(at).get(count).i32.div_u());
      w.assign(c, () => w.get(at).get(o).get(count).i32.mul().i32.sub());
      visit(o, c);
    }),
  );
}

/** min(max(index, 0), len − 1), signed. */
function pushClamped(w: FunctionWriter, pushIndex: () => unknown, len: Local): void {
  w.scope(() => {
    const index = w.local('i32');
    w.push(pushIndex).set(index);
    w.assign(index, () => w.get(index).i32.const(0).get(index).i32.const(0).i32.gt_s().select());
    w.get(index).get(len).i32.const(1).i32.sub().get(index).get(len).i32.lt_s().select();
  });
}

function moveRow(w: FunctionWriter, width: Width, to: Local, from: Local, bytes: Local): void {
  w.scope(() => {
    const [k, vectors] = w.locals('i32', 2);
    w.assign(vectors, () => w.get(bytes).i32.const(-16).i32.and());
    w.for(k, 0, vectors, 16, () => w.address(to, k).address(from, k).v128.load().v128.store());
    w.for(k, vectors, bytes, width, () => {
      w.address(to, k).address(from, k);
      if (width === 4) w.i32.load().i32.store();
      else w.i64.load().i64.store();
    });
  });
}

/** scatterAdd of a dtype; i32 also serves u32. */
export function scatterAddKernel(dtype: Exclude<Dtype, 'bool'>): KernelSpec {
  return scatterKernel('scatterAdd', dtype, (w, stretch, { idx, len }) => {
    const { o, c, first, columns } = stretch;
    const [index, to, from] = w.locals('i32', 3);
    w.address(idx, c, 2).i32.load().tee(index).get(len).i32.lt_u();
    w.if(() => {
      stretch.place(to, 'out', () => w.get(o).get(len).i32.mul().get(index).i32.add(), first);
      stretch.place(from, 'ct', () => stretch.pushRow(), first);
      addRow(w, dtype, to, from, columns);
    });
  });
}

/** scatterAddAlong of a dtype; i32 also serves u32. */
export function scatterAddAlongKernel(dtype: Exclude<Dtype, 'bool'>): KernelSpec {
  const scalar = SCALAR[dtype];
  return scatterKernel('scatterAddAlong', dtype, (w, stretch, { idx, len, inner }) => {
    const { o, first, columns } = stretch;
    const [k, column, index, to, from] = w.locals('i32', 5);
    stretch.place(from, 'ct', () => stretch.pushRow(), first);
    w.for(k, 0, columns, 1, () => {
      w.assign(column, () => w.get(first).get(k).i32.add());
      w.address(idx, () => stretch.pushRow().get(inner).i32.mul().get(column).i32.add(), 2).i32.load();
      w.tee(index).get(len).i32.lt_u();
      w.if(() => {
        stretch.place(to, 'out', () => w.get(o).get(len).i32.mul().get(index).i32.add(), column);
        w.get(to).get(to)[scalar].load().get(from)[scalar].load();
        w[scalar].add()[scalar].store();
      });
      w.advance(from, 1 << shiftOf(dtype));
    });
  });
}

/** Neighbouring columns of one outer index, and the c at work. */
interface Stretch {
  readonly o: Local;
  readonly c: Local;
  readonly first: Local;
  readonly columns: Local;
  /** Pushes the row o·count + c. */
  pushRow(): FunctionWriter;
  /** local ← address of [row, column] in an array. */
  place(local: Local, array: 'out' | 'ct', pushRow: () => unknown, column: Local): void;
}

/** Runs along c inside each stretch, so that an element of out belongs to one share. */
function scatterKernel(
  name: string,
  dtype: Dtype,
  addRowOf: (w: FunctionWriter, stretch: Stretch, args: { idx: Local; len: Local; inner: Local }) => void,
): KernelSpec {
  if (dtype === 'bool') throw new DtypeError(`${name} has no kernel for bool`, { dtype });
  return {
    key: `${name} ${SCALAR[dtype]}`,
    params: PARAMS,
    emit(w, _profile, out, ct, idx, _outer, len, inner, count, begin, end) {
      const [line, o, first, columns, c] = w.locals('i32', 5);
      const arrays = { out: out!, ct: ct! };
      const stretch: Stretch = {
        ...{ o, c, first, columns },
        pushRow: () => w.get(o).get(count!).i32.mul().get(c).i32.add(),
        place: (local, array, pushRow, column) => {
          const element = () => w.push(pushRow).get(inner!).i32.mul().get(column).i32.add();
          w.address(arrays[array], element, shiftOf(dtype)).set(local);
        },
      };
      w.for(line, begin!, end!, columns, () => {
        w.assign(o, () => w.get(line).get(inner!).i32.div_u());
        w.assign(first, () => w.get(line).get(o).get(inner!).i32.mul().i32.sub());
        w.assign(columns, () => w.get(inner!).get(first).i32.sub());
        const left = () => w.get(end!).get(line).i32.sub();
        w.assign(columns, () => {
          w.get(columns).push(left).get(columns).push(left).i32.lt_u().select();
        });
        w.for(c, 0, count!, 1, () => addRowOf(w, stretch, { idx: idx!, len: len!, inner: inner! }));
      });
    },
  };
}

/** to[k] += from[k] for `columns` elements. */
function addRow(w: FunctionWriter, dtype: Dtype, to: Local, from: Local, columns: Local): void {
  const scalar = SCALAR[dtype];
  const vector = ({ f32: 'f32x4', f64: 'f64x2', i32: 'i32x4' } as const)[scalar];
  const bytes = 1 << shiftOf(dtype);
  const [k, vectors] = w.locals('i32', 2);
  const step = (size: number) => w.advance(to, size).advance(from, size);
  w.assign(vectors, () =>
    w
      .get(columns)
      .i32.const(-(16 / bytes))
      .i32.and(),
  );
  w.for(k, 0, vectors, 16 / bytes, () => {
    w.get(to).get(to).v128.load().get(from).v128.load();
    w[vector].add().v128.store();
    step(16);
  });
  w.for(k, vectors, columns, 1, () => {
    w.get(to).get(to)[scalar].load().get(from)[scalar].load();
    w[scalar].add()[scalar].store();
    step(bytes);
  });
}
