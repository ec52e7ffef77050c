/**
 * The gathers that turn convolutions into matrix products, for 4- and 8-byte elements, one image (and group) at a time.
 *
 * im2col        (out, x, window…, begin, end): x (C, H, W) → (C·kh·kw, oh·ow): each row holds what one tap of the kernel meets, 0 in the padding.
 * col2imGather  (out, ct, window…, begin, end): ct (C, oh, ow) → (C·kh·kw, H·W): each row holds the cotangents that one tap sends to each input pixel, 0 where none.
 * Shares        rows of C·kh·kw.
 *
 * With W the kernels as (cout, cin·kh·kw): y = W·im2col(x). The input's gradient is W′·col2imGather(ct), W′ the kernels permuted to (cin, cout·kh·kw), so each pixel
 * is one chain over (cout, kh, kw). The kernels' gradient accumulates ct·im2col(x)ᵀ image after image: one chain over (n, oh, ow).
 */
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { type Axis, axesOf, setOffset, setRange, WINDOW_PARAMS } from './window.ts';

type Width = 4 | 8;

const PARAMS = Array<'i32'>(2 + WINDOW_PARAMS.length + 2).fill('i32');

export function im2colKernel(width: Width): KernelSpec {
  return patchKernel(`im2col ${width}`, (w, axes, tap, to, from) => {
    const { h } = axes;
    const [o, source, rowBytes] = w.locals('i32', 3);
    const fill = (pushCount: () => unknown) => {
      w.get(to).i32.const(0).push(pushCount).memoryFill();
      w.advance(to, pushCount);
    };
    w.assign(rowBytes, () => w.get(axes.w.out).i32.const(width).i32.mul());
    fill(() => w.get(tap.firstRow).get(rowBytes).i32.mul());
    w.for(o, tap.firstRow, tap.lastRow, 1, () => {
      w.assign(source, () => {
        w.get(o).get(h.stride).i32.mul().get(tap.rowOffset).i32.add().get(axes.w.size).i32.mul();
        w.get(tap.first).get(axes.w.stride).i32.mul().get(tap.offset).i32.add().i32.add();
        w.i32.const(width).i32.mul().get(from).i32.add();
      });
      copyOutputRow(w, width, axes.w, tap, to, source);
    });
    fill(() => w.get(h.out).get(tap.lastRow).i32.sub().get(rowBytes).i32.mul());
  });
}

export function col2imGatherKernel(width: Width): KernelSpec {
  return patchKernel(`col2imGather ${width}`, (w, axes, tap, to, from) => {
    const { h } = axes;
    const [o, source, target, plane] = w.locals('i32', 4);
    w.assign(plane, () => w.get(h.size).get(axes.w.size).i32.mul().i32.const(width).i32.mul());
    w.get(to).i32.const(0).get(plane).memoryFill();
    w.for(o, tap.firstRow, tap.lastRow, 1, () => {
      w.assign(target, () => {
        w.get(o).get(h.stride).i32.mul().get(tap.rowOffset).i32.add().get(axes.w.size).i32.mul();
        w.get(tap.first).get(axes.w.stride).i32.mul().get(tap.offset).i32.add().i32.add();
        w.i32.const(width).i32.mul().get(to).i32.add();
      });
      w.assign(source, () =>
        w.get(o).get(axes.w.out).i32.mul().get(tap.first).i32.add().i32.const(width).i32.mul().get(from).i32.add(),
      );
      spreadRow(w, width, axes.w, tap, target, source);
    });
    w.advance(to, plane);
  });
}

/** Where one tap's outputs lie: those in [first, last) × [firstRow, lastRow) meet the plane. */
interface Tap {
  readonly rowOffset: Local;
  readonly firstRow: Local;
  readonly lastRow: Local;
  readonly offset: Local;
  readonly first: Local;
  readonly last: Local;
}

type Axes = { readonly h: Axis; readonly w: Axis };

/** Loops over the rows (c, ki, kj) of a share; `emitRow` fills one row at `to` from channel c at `from` and moves `to` behind it. */
function patchKernel(
  key: string,
  emitRow: (w: FunctionWriter, axes: Axes, tap: Tap, to: Local, from: Local) => void,
): KernelSpec {
  const isForward = key.startsWith('im2col');
  const width = key.endsWith('8') ? 8 : 4;
  return {
    key,
    params: PARAMS,
    emit(w, _profile, out, x, ...rest) {
      const axes = axesOf(rest);
      const [begin, end] = rest.slice(12) as [Local, Local];
      const [row, channel, ki, kj, to, from] = w.locals('i32', 6);
      const [rowOffset, firstRow, lastRow, offset, first, last] = w.locals('i32', 6);
      const area = (isOut: boolean) =>
        isOut ? w.get(axes.h.out).get(axes.w.out).i32.mul() : w.get(axes.h.size).get(axes.w.size).i32.mul();
      const bytes = () => w.i32.const(width).i32.mul();

      w.assign(to, () => {
        w.get(out!).get(begin);
        area(isForward).i32.mul();
        bytes().i32.add();
      });
      w.for(row, begin, end, 1, () => {
        w.assign(kj, () => w.get(row).get(axes.w.kernel).i32.rem_u());
        w.assign(ki, () => w.get(row).get(axes.w.kernel).i32.div_u().get(axes.h.kernel).i32.rem_u());
        w.assign(channel, () => w.get(row).get(axes.w.kernel).get(axes.h.kernel).i32.mul().i32.div_u());
        w.assign(from, () => {
          w.get(x!).get(channel);
          area(!isForward).i32.mul();
          bytes().i32.add();
        });
        setOffset(w, rowOffset, ki, axes.h);
        setRange(w, firstRow, lastRow, rowOffset, axes.h);
        setOffset(w, offset, kj, axes.w);
        setRange(w, first, last, offset, axes.w);
        emitRow(w, axes, { rowOffset, firstRow, lastRow, offset, first, last }, to, from);
      });
    },
  };
}

/** One output row of im2col: zeros, the elements `stride` apart, zeros. */
function copyOutputRow(w: FunctionWriter, width: Width, axis: Axis, tap: Tap, to: Local, from: Local): void {
  const [k, step] = w.locals('i32', 2);
  const zero = () => {
    w.get(to);
    if (width === 4) w.i32.const(0).i32.store();
    else w.i64.const(0).i64.store();
    w.advance(to, width);
  };
  w.for(k, 0, tap.first, 1, zero);
  w.get(axis.stride).i32.const(1).i32.eq();
  w.if(
    () => copyRun(w, width, to, from, () => w.get(tap.last).get(tap.first).i32.sub()),
    () => {
      w.assign(step, () => w.get(axis.stride).i32.const(width).i32.mul());
      w.for(k, tap.first, tap.last, 1, () => {
        copyOne(w, width, to, from);
        w.advance(to, width).advance(from, step);
      });
    },
  );
  w.for(k, tap.last, axis.out, 1, zero);
}

/** One input row of col2imGather: elements of ct set `stride` apart among zeros that are there already. */
function spreadRow(w: FunctionWriter, width: Width, axis: Axis, tap: Tap, to: Local, from: Local): void {
  const [k, step] = w.locals('i32', 2);
  w.get(axis.stride).i32.const(1).i32.eq();
  w.if(
    () => copyRun(w, width, to, from, () => w.get(tap.last).get(tap.first).i32.sub()),
    () => {
      w.assign(step, () => w.get(axis.stride).i32.const(width).i32.mul());
      w.for(k, tap.first, tap.last, 1, () => {
        copyOne(w, width, to, from);
        w.advance(to, step).advance(from, width);
      });
    },
  );
}

function copyOne(w: FunctionWriter, width: Width, to: Local, from: Local): void {
  w.get(to).get(from);
  if (width === 4) w.i32.load().i32.store();
  else w.i64.load().i64.store();
}

/** Copies a contiguous run and moves both pointers behind it. */
function copyRun(w: FunctionWriter, width: Width, to: Local, from: Local, pushCount: () => unknown): void {
  const lanes = 16 / width;
  const left = w.local('i32');
  const step = (elements: number) =>
    w
      .advance(to, elements * width)
      .advance(from, elements * width)
      .advance(left, -elements);
  w.assign(left, pushCount);
  w.while(
    () => w.get(left).i32.const(lanes).i32.ge_u(),
    () => {
      w.get(to).get(from).v128.load().v128.store();
      step(lanes);
    },
  );
  w.while(
    () => w.get(left),
    () => {
      copyOne(w, width, to, from);
      step(1);
    },
  );
}
