/**
 * Frames of single planes, of a geometry that is known when the code is written: rows are copied by vectors, the border is cleared once and kept.
 *
 * The layout is that of conv-frame.ts: (rows, phases, columns of a phase). Phases are one or two; what is spread has one phase.
 */
import type { FunctionWriter, Local } from '../assembler.ts';
import type { FrameShape } from './conv-frame.ts';
import { copyOne } from './copy-run.ts';

type Width = 4 | 8;

/** Vectors that are copied without a loop. */
const UNROLLED = 16;

export const frameElements = ({ rows, phases, columns }: FrameShape): number => rows * phases * columns;

/** Elements of the image that fall into [0, length), `spread` apart from `start` on: from the first to behind the last. */
function visible(size: number, start: number, spread: number, length: number): readonly [number, number] {
  const first = Math.max(0, Math.ceil(-start / spread));
  return [first, Math.max(first, Math.min(size, Math.ceil((length - start) / spread)))];
}

/** Copies a plane into its place in a frame whose border holds zeros. */
export function emitPlane(w: FunctionWriter, width: Width, f: FrameShape, to: Local, from: Local): void {
  const [h0, h1] = visible(f.height, f.top, f.spreadRows, f.rows);
  const [w0, w1] = visible(f.width, f.left, f.spreadColumns, f.phases * f.columns);
  if (h0 === h1 || w0 === w1) return;
  const rowBytes = f.phases * f.columns * width;
  w.scope(() => {
    const [h, target, source] = w.locals('i32', 3);
    w.assign(target, () => w.address(to, (f.top + h0 * f.spreadRows) * rowBytes));
    w.assign(source, () => w.address(from, h0 * f.width * width));
    w.for(h, h0, h1, 1, () => {
      if (f.spreadColumns > 1) emitSpreadRow(w, width, f, [w0, w1], target, source);
      else for (let phase = 0; phase < f.phases; phase++) emitPhase(w, width, f, [w0, w1], phase, target, source);
      w.advance(target, f.spreadRows * rowBytes).advance(source, f.width * width);
    });
  });
}

/** One phase of a row: every `phases`-th element, side by side. */
function emitPhase(
  w: FunctionWriter,
  width: Width,
  f: FrameShape,
  [w0, w1]: readonly [number, number],
  phase: number,
  to: Local,
  from: Local,
): void {
  const { phases } = f;
  const first = w0 + ((((phase - f.left - w0) % phases) + phases) % phases);
  const count = Math.ceil((w1 - first) / phases);
  const target = phase * f.columns + (f.left + first - phase) / phases;
  const lanes = 16 / width;
  const vector = (a: Local, b: Local, k: number) => {
    w.get(a);
    loadEvery(w, width, phases, b, (first + k * phases) * width);
    w.v128.store((target + k) * width);
  };
  const whole = Math.floor(count / lanes);
  const looped = whole > UNROLLED ? whole : 0;
  if (looped > 0)
    w.scope(() => {
      const [i, a, b] = w.locals('i32', 3);
      w.assign(a, to).assign(b, from);
      w.for(i, 0, looped, 1, () => {
        vector(a, b, 0);
        w.advance(a, 16).advance(b, 16 * phases);
      });
    });
  for (let v = looped; v < whole; v++) vector(to, from, v * lanes);
  if (count > lanes && count % lanes > 0) vector(to, from, count - lanes);
  if (count < lanes)
    for (let k = 0; k < count; k++) {
      const [at, source] = [(target + k) * width, (first + k * phases) * width];
      if (width === 4) w.get(to).get(from).i32.load(source).i32.store(at);
      else w.get(to).get(from).i64.load(source).i64.store(at);
    }
}

/** A vector of neighbours, or of every second element; nothing behind the last of them is read. */
function loadEvery(w: FunctionWriter, width: Width, phases: number, from: Local, at: number): void {
  w.get(from).v128.load(at);
  if (phases === 1) return;
  w.get(from).v128.load(at + (16 / width - 1) * width);
  if (width === 4) w.i32x4.shuffle([0, 2, 5, 7]);
  else w.i8x16.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31]);
}

/** One row with gaps between its elements. */
function emitSpreadRow(
  w: FunctionWriter,
  width: Width,
  f: FrameShape,
  [w0, w1]: readonly [number, number],
  to: Local,
  from: Local,
): void {
  w.scope(() => {
    const [k, a, b] = w.locals('i32', 3);
    w.assign(a, () => w.address(to, (f.left + w0 * f.spreadColumns) * width));
    w.assign(b, () => w.address(from, w0 * width));
    w.for(k, w0, w1, 1, () => {
      copyOne(w, width, a, b);
      w.advance(a, f.spreadColumns * width).advance(b, width);
    });
  });
}
