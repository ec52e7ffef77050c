/** The taps of pooling windows: which elements they meet, one window at a time or a vector of windows side by side. */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import { type Axis, setOffset, setRange } from './window.ts';

type Axes = { readonly h: Axis; readonly w: Axis };

/** What of a window does not change from plane to plane and is written into the code. */
export interface StaticWindow {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** One tap of a vector of windows: each member pushes or holds a value for every lane. */
export interface Tap {
  readonly value: Local;
  /** Pushes the places in the plane, as integers of the element's width. */
  readonly places: () => unknown;
  /** Pushes the number of the tap in its window, as integers of the element's width. */
  readonly code: () => unknown;
}

/** Windows of more taps are looped over. */
const MOST_UNROLLED = 25;

export const isUnrolled = ({ kernel: [kh, kw] }: StaticWindow): boolean => kh * kw <= MOST_UNROLLED;

/** Visits the taps of one window, or of a vector of windows side by side, in row-major order. */
export class TapEmitter {
  readonly #w: FunctionWriter;
  readonly #isF32: boolean;
  readonly #axes: Axes;
  readonly #at: { readonly plane: Local; readonly i: Local; readonly j: Local };
  /** Places of the lanes' elements relative to the first. */
  readonly #spread: Local;

  constructor(w: FunctionWriter, dtype: FloatDtype, axes: Axes, at: { plane: Local; i: Local; j: Local }) {
    this.#w = w;
    this.#isF32 = dtype === 'f32';
    this.#axes = axes;
    this.#at = at;
    this.#spread = w.local('v128');
    w.get(axes.w.stride).i32x4.splat();
    if (this.#isF32) w.i32x4.const([0, 1, 2, 3]);
    else w.i32x4.const([0, 0, 1, 0]);
    w.i32x4.mul().set(this.#spread);
  }

  /** [first, last) ← the outputs along an axis whose every tap lies in the plane. */
  setFullRange(first: Local, last: Local, axis: Axis): void {
    const w = this.#w;
    const [offset, other, lastTap] = w.locals('i32', 3);
    w.assign(lastTap, 0);
    setOffset(w, offset, lastTap, axis);
    setRange(w, first, other, offset, axis);
    w.assign(lastTap, () => w.get(axis.kernel).i32.const(1).i32.sub());
    setOffset(w, offset, lastTap, axis);
    setRange(w, other, last, offset, axis);
  }

  /** Visits the place in the plane, h·W + w, of each tap of the window (of the first window of a vector), and its row and column in the window. */
  each(isVector: boolean, visit: (place: Local, ki: Local, kj: Local) => void): void {
    const w = this.#w;
    const { i, j } = this.#at;
    const { h: down, w: across } = this.#axes;
    w.scope(() => {
      const [ki, kj, h, x, place] = w.locals('i32', 5);
      const locate = (place: Local, tap: Local, o: Local, axis: Axis) => {
        setOffset(w, place, tap, axis);
        w.advance(place, () => w.get(o).get(axis.stride).i32.mul());
      };
      const whenInside = (place: Local, axis: Axis, then: () => void) =>
        w.get(place).get(axis.size).i32.lt_u().if(then);
      w.for(ki, 0, down.kernel, 1, () => {
        locate(h, ki, i, down);
        whenInside(h, down, () =>
          w.for(kj, 0, across.kernel, 1, () => {
            locate(x, kj, j, across);
            const tap = () => {
              w.assign(place, () => w.get(h).get(across.size).i32.mul().get(x).i32.add());
              visit(place, ki, kj);
            };
            if (isVector) tap();
            else whenInside(x, across, tap);
          }),
        );
      });
    });
  }

  /** Visits the taps of the window at (i, j), or of a vector of windows side by side. */
  taps(isVector: boolean, visit: (tap: Tap) => void): void {
    const w = this.#w;
    this.each(isVector, (place, ki, kj) => {
      const value = w.local('v128');
      w.address(this.#at.plane, place, this.#isF32 ? 2 : 3);
      this.#load(isVector);
      w.set(value);
      const code = () => w.get(ki).get(this.#axes.w.kernel).i32.mul().get(kj).i32.add();
      visit({ value, places: () => this.#places(() => w.get(place)), code: () => this.#splat(code) });
    });
  }

  /** Visits the taps of a vector of windows that lie in the plane entirely, one after another in the code. */
  unrolled({ kernel: [kh, kw], stride, dilation }: StaticWindow, visit: (tap: Tap) => void): void {
    const w = this.#w;
    const { plane, i, j } = this.#at;
    const { h: down, w: across } = this.#axes;
    const shift = this.#isF32 ? 2 : 3;
    const start = (o: Local, axis: Axis) => () => w.get(o).get(axis.stride).i32.mul().get(axis.pad).i32.sub();
    w.scope(() => {
      const [corner, row, step] = w.locals('i32', 3);
      const value = w.local('v128');
      w.assign(corner, () => w.push(start(i, down)).get(across.size).i32.mul().push(start(j, across)).i32.add());
      w.address(plane, corner, shift).set(row);
      w.assign(step, () =>
        w
          .get(across.size)
          .i32.const(dilation[0] << shift)
          .i32.mul(),
      );
      for (let ki = 0; ki < kh; ki++) {
        if (ki > 0) w.advance(row, step);
        for (let kj = 0; kj < kw; kj++) {
          this.#loadApart(row, (kj * dilation[1]) << shift, stride[1]);
          w.set(value);
          const place = () =>
            w
              .get(corner)
              .get(across.size)
              .i32.const(ki * dilation[0])
              .i32.mul()
              .i32.const(kj * dilation[1])
              .i32.add()
              .i32.add();
          const code = () => w.i32.const(ki * kw + kj);
          visit({ value, places: () => this.#places(place), code: () => this.#splat(code) });
        }
      }
    });
  }

  #splat(push: () => unknown): void {
    const w = this.#w.push(push);
    if (this.#isF32) w.i32x4.splat();
    else w.i64.extend_i32_u().i64x2.splat();
  }

  #places(pushFirst: () => unknown): void {
    this.#splat(pushFirst);
    const w = this.#w.get(this.#spread);
    if (this.#isF32) w.i32x4.add();
    else w.i64x2.add();
  }

  /** Pushes the elements that lie `stride` apart from an address on, one for each lane; reads no element after the last. */
  #loadApart(at: Local, offset: number, stride: number): void {
    const w = this.#w;
    const [lanes, bytes] = this.#isF32 ? [4, 4] : [2, 8];
    const after = (elements: number) => offset + elements * bytes;
    w.get(at);
    if (stride === 1) w.v128.load(offset);
    else if (stride === 2) {
      w.v128
        .load(offset)
        .get(at)
        .v128.load(after(lanes - 1));
      if (this.#isF32) w.i32x4.shuffle([0, 2, 5, 7]);
      else w.i64x2.shuffle([0, 3]);
    } else {
      if (this.#isF32) w.v128.load32_zero(offset);
      else w.v128.load64_zero(offset);
      for (let lane = 1; lane < lanes; lane++) {
        const value = w.pop('v128');
        w.get(at).get(value);
        if (this.#isF32) w.v128.load32_lane(lane, after(lane * stride));
        else w.v128.load64_lane(lane, after(lane * stride));
      }
    }
  }

  /** (address) → the elements `stride` apart from there, one for each lane or for lane 0 alone. */
  #load(isVector: boolean): void {
    const w = this.#w;
    const lanes = this.#isF32 ? 4 : 2;
    const address = w.local('i32');
    w.set(address).get(address);
    if (this.#isF32) w.v128.load32_zero();
    else w.v128.load64_zero();
    if (!isVector) return;
    const [value, step] = [w.pop('v128'), w.local('i32')];
    w.assign(step, () =>
      w
        .get(this.#axes.w.stride)
        .i32.const(16 / lanes)
        .i32.mul(),
    );
    for (let lane = 1; lane < lanes; lane++) {
      w.advance(address, step).get(address).get(value);
      if (this.#isF32) w.v128.load32_lane(lane);
      else w.v128.load64_lane(lane);
      w.set(value);
    }
    w.get(value);
  }
}
