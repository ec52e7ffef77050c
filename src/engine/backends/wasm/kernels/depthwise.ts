/**
 * Convolutions whose groups have one channel, for f32 and f64: register tiles of a few rows × one vector of places read a plane's frame, each vector loaded once for all rows that meet it.
 *
 * depthPlanes (out, image, weights, frame, begin, end): plane t of out is the sum over `depth` planes of the image, from ⌊t / fan⌋·depth on, of their windows with the weights
 *             from (t mod channels)·depth on. Sizes are constants of the code.
 * Order       the chains of note 0001, (plane, row, column) of the window; what it meets in the border is multiplied as 0.
 * Shares      planes of out.
 */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { type FrameShape, frameArgs } from './conv-frame.ts';
import { emitPlane, frameElements } from './depthwise-frame.ts';
import { Arithmetic } from './matmul-tile.ts';

type Pair = readonly [number, number];

/** A window that moves over the frame of a plane; extents in elements. */
export interface PlaneWindow {
  readonly frame: FrameShape;
  /** Whether the frame differs from the image. */
  readonly isFramed: boolean;
  readonly kernel: Pair;
  readonly dilation: Pair;
  readonly strideRows: number;
  readonly out: Pair;
  /** Whether the first tap meets the last element of the window. */
  readonly isFlipped: boolean;
  /** Planes that one result sums over, and results that read the same planes. */
  readonly depth: number;
  readonly fan: number;
  /** Results that have weights of their own. */
  readonly channels: number;
}

/** Rows of a tile: chains enough beside nine weights in registers. */
const TILE_ROWS = [4, 3] as const;

export function depthPlanesKernel(dtype: FloatDtype, p: PlaneWindow): KernelSpec {
  return {
    key: `depthPlanes ${dtype} ${keyOf(p)}`,
    params: Array<'i32'>(6).fill('i32'),
    emit(w, profile, out, image, weights, frame, begin, end) {
      const math = new Arithmetic(dtype, profile);
      const taps = p.kernel[0] * p.kernel[1];
      const [turn, from, to, values] = w.locals('i32', 4);
      const planeBytes = p.frame.height * p.frame.width * math.bytes;
      if (p.isFramed) clear(w, frame!, p.depth * frameElements(p.frame) * math.bytes);
      w.for(turn, begin!, end!, 1, () => {
        w.assign(from, () =>
          w.address(image!, () =>
            w
              .get(turn)
              .i32.const(p.fan)
              .i32.div_u()
              .i32.const(p.depth * planeBytes)
              .i32.mul(),
          ),
        );
        w.assign(to, () =>
          w.address(out!, () =>
            w
              .get(turn)
              .i32.const(p.out[0] * p.out[1] * math.bytes)
              .i32.mul(),
          ),
        );
        w.assign(values, () =>
          w.address(weights!, () =>
            w
              .get(turn)
              .i32.const(p.channels)
              .i32.rem_u()
              .i32.const(p.depth * taps * math.bytes)
              .i32.mul(),
          ),
        );
        if (p.isFramed) emitFrames(w, math, p, { from, frame: frame! });
        emitTiles(w, math, p, { from: p.isFramed ? frame! : from, to, weights: values });
      });
    },
  };
}

const keyOf = (p: PlaneWindow): string =>
  [...frameArgs(p.frame), Number(p.isFramed), ...p.kernel, ...p.dilation, p.strideRows, ...p.out, Number(p.isFlipped)]
    .concat(p.depth, p.fan, p.channels)
    .join(' ');

const clear = (w: FunctionWriter, frame: Local, bytes: number): unknown =>
  w.get(frame).i32.const(0).i32.const(bytes).memoryFill();

function emitFrames(
  w: FunctionWriter,
  { bytes }: Arithmetic,
  { frame: shape, depth }: Pick<PlaneWindow, 'frame' | 'depth'>,
  { from, frame }: Readonly<Record<'from' | 'frame', Local>>,
): void {
  for (let d = 0; d < depth; d++)
    w.scope(() => {
      const [to, source] = w.locals('i32', 2);
      w.assign(to, () => w.address(frame, d * frameElements(shape) * bytes));
      w.assign(source, () => w.address(from, d * shape.height * shape.width * bytes));
      emitPlane(w, bytes, shape, to, source);
    });
}

/** The height that computes the fewest rows twice. */
function tileRows(rows: number): number {
  if (rows <= TILE_ROWS[0]) return rows;
  const made = (height: number) => Math.ceil(rows / height) * height;
  return TILE_ROWS.reduce((best, height) => (made(height) < made(best) ? height : best));
}

/** Tiles over the plane of results; the last of a row or column overlaps the one before. */
function emitTiles(
  w: FunctionWriter,
  math: Arithmetic,
  p: PlaneWindow,
  { from, to, weights }: Readonly<Record<'from' | 'to' | 'weights', Local>>,
): void {
  const [i, j, row, rowFrom, rowTo, column, b, c] = w.locals('i32', 8);
  const height = tileRows(p.out[0]);
  const rowBytes = p.frame.phases * p.frame.columns * math.bytes;
  const least = (x: Local, last: number) => w.get(x).i32.const(last).get(x).i32.const(last).i32.lt_u().select();
  const taps = p.kernel[0] * p.kernel[1];
  const load = (d: number) => loadWeights(w, math, weights, { first: d * taps, taps });
  const kept = p.depth === 1 ? load(0) : null;
  w.for(i, 0, p.out[0], height, () => {
    w.assign(row, () => least(i, p.out[0] - height));
    w.address(from, () =>
      w
        .get(row)
        .i32.const(p.strideRows * rowBytes)
        .i32.mul(),
    ).set(rowFrom);
    w.address(to, () =>
      w
        .get(row)
        .i32.const(p.out[1] * math.bytes)
        .i32.mul(),
    ).set(rowTo);
    w.for(j, 0, p.out[1], math.lanes, () => {
      w.assign(column, () => least(j, p.out[1] - math.lanes));
      w.address(rowFrom, column, math.shift).set(b).address(rowTo, column, math.shift).set(c);
      const acc = Array.from({ length: height }, () => w.local('v128'));
      for (const sum of acc) w.v128.zero().set(sum);
      for (let d = 0; d < p.depth; d++)
        w.scope(() => emitWindows(w, math, p, { acc, b, plane: d, weights: kept ?? load(d) }));
      for (const [r, sum] of acc.entries())
        w.get(c)
          .get(sum)
          .v128.store(r * p.out[1] * math.bytes);
    });
  });
}

function loadWeights(
  w: FunctionWriter,
  math: Arithmetic,
  from: Local,
  { first, taps }: { readonly first: number; readonly taps: number },
): Local[] {
  return Array.from({ length: taps }, (_, k) => {
    w.get(from);
    math.loadSplat(w, (first + k) * math.bytes);
    return w.pop('v128');
  });
}

/** The windows of a tile's rows over one plane: row by row of the frame, in the order of the taps. */
function emitWindows(
  w: FunctionWriter,
  math: Arithmetic,
  p: PlaneWindow,
  tile: {
    readonly acc: readonly Local[];
    readonly b: Local;
    readonly plane: number;
    readonly weights: readonly Local[];
  },
): void {
  const { phases, columns } = p.frame;
  const [kh, kw] = p.kernel;
  const plane = tile.plane * (p.isFramed ? frameElements(p.frame) : p.frame.height * p.frame.width);
  const along = (k: number, count: number, dilation: number) => (p.isFlipped ? count - 1 - k : k) * dilation;
  const x = w.local('v128');
  for (const { row, meets } of rowsOf(p, tile.acc.length))
    for (let kj = 0; kj < kw; kj++) {
      const column = along(kj, kw, p.dilation[1]);
      const at = plane + (row * phases + (column % phases)) * columns + Math.floor(column / phases);
      w.get(tile.b)
        .v128.load(at * math.bytes)
        .set(x);
      for (const { result, ki } of meets) {
        w.get(tile.weights[ki * kw + kj]!)
          .get(x)
          .get(tile.acc[result]!);
        math.madd(w);
        w.set(tile.acc[result]!);
      }
    }

  function rowsOf({ strideRows, dilation }: PlaneWindow, height: number) {
    const rows = new Map<number, { result: number; ki: number }[]>();
    for (let result = 0; result < height; result++)
      for (let ki = 0; ki < kh; ki++) {
        const row = result * strideRows + along(ki, kh, dilation[0]);
        rows.set(row, [...(rows.get(row) ?? []), { result, ki }]);
      }
    const sorted = [...rows].toSorted(([a], [b]) => (p.isFlipped ? b - a : a - b));
    return sorted.map(([row, meets]) => ({ row, meets }));
  }
}
