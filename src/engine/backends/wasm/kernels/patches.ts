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
import { copyOne, copyRun } from './copy-run.ts';
import { type Axis, axesOf, setOffset, setRange, WINDOW_PARAMS } from './window.ts';

type Width = 4 | 8;

const PARAMS = Array<'i32'>(2 + WINDOW_PARAMS.length + 2).fill('i32');

export function im2colKernel(width: Width): KernelSpec {
  return patchKernel(`im2col ${width}`, true, (w, { h, w: across }, tap, to, from) => {
    const [source, sourceRow] = w.locals('i32', 2);
    w.assign(source, () => {
      w.get(tap.firstRow).get(h.stride).i32.mul().get(tap.rowOffset).i32.add().get(across.size).i32.mul();
      w.get(tap.first).get(across.stride).i32.mul().get(tap.offset).i32.add().i32.add();
      w.i32.const(width).i32.mul().get(from).i32.add();
    });
    w.assign(sourceRow, () => w.get(across.size).get(h.stride).i32.mul().i32.const(width).i32.mul());
    const frame = new Frame(w, width, { height: h.out, width: across.out, top: tap.firstRow, left: tap.first });
    frame.emit(tap, to, { at: source, row: sourceRow, step: across.stride });
  });
}

export function col2imGatherKernel(width: Width): KernelSpec {
  return patchKernel(`col2imGather ${width}`, false, (w, { h, w: across }, tap, to, from) => {
    const [source, sourceRow, top, left] = w.locals('i32', 4);
    w.assign(source, () =>
      w
        .get(tap.firstRow)
        .get(across.out)
        .i32.mul()
        .get(tap.first)
        .i32.add()
        .i32.const(width)
        .i32.mul()
        .get(from)
        .i32.add(),
    );
    w.assign(sourceRow, () => w.get(across.out).i32.const(width).i32.mul());
    const start = (first: Local, axis: Axis, offset: Local) =>
      w.get(first).get(axis.stride).i32.mul().get(offset).i32.add();
    w.assign(top, () => start(tap.firstRow, h, tap.rowOffset)).assign(left, () => start(tap.first, across, tap.offset));
    w.get(h.stride).get(across.stride).i32.mul().i32.const(1).i32.eq();
    w.if(
      () => {
        const frame = new Frame(w, width, { height: h.size, width: across.size, top, left });
        frame.emit(tap, to, { at: source, row: sourceRow, step: across.stride });
      },
      () => emitSpread(w, width, { h, w: across }, tap, to, { source, sourceRow, top, left }),
    );
  });
}

/** col2imGather with strides: a plane of zeros, then the cotangents set `stride` apart. */
function emitSpread(
  w: FunctionWriter,
  width: Width,
  { h, w: across }: Axes,
  tap: Tap,
  to: Local,
  { source, sourceRow, top, left }: Record<'source' | 'sourceRow' | 'top' | 'left', Local>,
): void {
  const [o, k, row, target, from, step, rowStep, plane] = w.locals('i32', 8);
  const bytes = () => w.i32.const(width).i32.mul();
  w.assign(plane, () => {
    w.get(h.size).get(across.size).i32.mul();
    bytes();
  });
  w.get(to).i32.const(0).get(plane).memoryFill();
  w.assign(step, () => {
    w.get(across.stride);
    bytes();
  });
  w.assign(rowStep, () => {
    w.get(across.size).get(h.stride).i32.mul();
    bytes();
  });
  w.address(to, () => w.get(top).get(across.size).i32.mul().get(left).i32.add(), Math.log2(width)).set(row);
  w.for(o, tap.firstRow, tap.lastRow, 1, () => {
    w.assign(target, row).assign(from, source);
    w.for(k, tap.first, tap.last, 1, () => {
      copyOne(w, width, target, from);
      w.advance(target, step).advance(from, width);
    });
    w.advance(row, rowStep).advance(source, sourceRow);
  });
  w.advance(to, plane);
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
  isForward: boolean,
  emitRow: (w: FunctionWriter, axes: Axes, tap: Tap, to: Local, from: Local) => void,
): KernelSpec {
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

/** A plane that is filled in order: zero rows, rows of zeros – run – zeros, zero rows. */
class Frame {
  readonly #w: FunctionWriter;
  readonly #width: Width;
  readonly #plane: Record<'height' | 'width' | 'top' | 'left', Local>;

  constructor(w: FunctionWriter, width: Width, plane: Record<'height' | 'width' | 'top' | 'left', Local>) {
    this.#w = w;
    this.#width = width;
    this.#plane = plane;
  }

  /** Moves `to` behind the plane; the source's rows are `row` bytes apart, its elements `step` elements. */
  emit(tap: Tap, to: Local, source: { readonly at: Local; readonly row: Local; readonly step: Local }): void {
    const w = this.#w;
    const { height, width, top, left } = this.#plane;
    const [rows, run, o, from, right] = w.locals('i32', 5);
    w.assign(rows, () => w.get(tap.lastRow).get(tap.firstRow).i32.sub());
    w.assign(run, () => w.get(tap.last).get(tap.first).i32.sub());
    w.assign(right, () => w.get(width).get(left).i32.sub().get(run).i32.sub());
    w.get(rows).i32.eqz().get(run).i32.eqz().i32.or();
    w.if(
      () => this.#zeroRows(to, () => w.get(height)),
      () => {
        this.#zeroRows(to, () => w.get(top));
        w.for(o, 0, rows, 1, () => {
          w.assign(from, source.at);
          this.#zeros(to, left);
          this.#run(to, from, run, source.step);
          this.#zeros(to, right);
          w.advance(source.at, source.row);
        });
        this.#zeroRows(to, () => w.get(height).get(top).i32.sub().get(rows).i32.sub());
      },
    );
  }

  #zeroRows(to: Local, pushRows: () => unknown): void {
    const w = this.#w;
    const bytes = w.local('i32');
    w.assign(bytes, () => w.push(pushRows).get(this.#plane.width).i32.mul().i32.const(this.#width).i32.mul());
    w.get(bytes).if(() => w.get(to).i32.const(0).get(bytes).memoryFill().advance(to, bytes));
  }

  #zeros(to: Local, count: Local): void {
    const w = this.#w;
    const k = w.local('i32');
    w.for(k, 0, count, 1, () => {
      w.get(to);
      if (this.#width === 4) w.i32.const(0).i32.store();
      else w.i64.const(0).i64.store();
      w.advance(to, this.#width);
    });
  }

  #run(to: Local, from: Local, count: Local, step: Local): void {
    const w = this.#w;
    const k = w.local('i32');
    w.get(step).i32.const(1).i32.eq();
    w.if(
      () => copyRun(w, this.#width, to, from, () => w.get(count)),
      () =>
        w.for(k, 0, count, 1, () => {
          copyOne(w, this.#width, to, from);
          w.advance(to, this.#width).advance(from, () => w.get(step).i32.const(this.#width).i32.mul());
        }),
    );
  }
}
