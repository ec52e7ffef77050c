/** The taps of pooling windows: which elements they meet, one window at a time or a vector of windows side by side. */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import { type Axis, setOffset, setRange } from './window.ts';

type Axes = { readonly h: Axis; readonly w: Axis };

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

  /** [first, last) ← the outputs of a row whose every tap lies in the plane, across. */
  setFullRange(first: Local, last: Local): void {
    const w = this.#w;
    const axis = this.#axes.w;
    const [offset, other, lastTap] = w.locals('i32', 3);
    w.assign(lastTap, 0);
    setOffset(w, offset, lastTap, axis);
    setRange(w, first, other, offset, axis);
    w.assign(lastTap, () => w.get(axis.kernel).i32.const(1).i32.sub());
    setOffset(w, offset, lastTap, axis);
    setRange(w, other, last, offset, axis);
  }

  /** Visits the place in the plane, h·W + w, of each tap of the window (of the first window of a vector). */
  each(isVector: boolean, visit: (place: Local) => void): void {
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
              visit(place);
            };
            if (isVector) tap();
            else whenInside(x, across, tap);
          }),
        );
      });
    });
  }

  /** The elements of a tap and their places, as integers of the same width. */
  load(place: Local, isVector: boolean): { readonly value: Local; readonly places: Local } {
    const w = this.#w;
    const [value, places] = w.locals('v128', 2);
    w.get(place);
    if (this.#isF32) w.i32x4.splat().get(this.#spread).i32x4.add().set(places);
    else w.i64.extend_i32_u().i64x2.splat().get(this.#spread).i64x2.add().set(places);
    w.address(this.#at.plane, place, this.#isF32 ? 2 : 3);
    this.#load(isVector);
    w.set(value);
    return { value, places };
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
