/**
 * Pooling over planes (N·C of them): maximum with its place, sum, and their transposes. Padding takes no part.
 *
 * maxPool, sumPool   (out, x, window…, begin, end): x (planes, H, W) → (planes, oh, ow).
 * maxPoolIndex       the same, out i32: h·W + w of the maximum; the first in row-major order wins, the first NaN wins over all; −1 for a window outside the plane.
 * maxPoolTap         the same, the number of the maximum's tap, row·kw + column, instead of its place.
 * maxPoolGrad        (out, ct, index, H·W, oh·ow, begin, end): out zeroed, then out[index[o]] += ct[o] in the order of o.
 * sumPoolTranspose   (out, ct, window…, begin, end): ct (planes, oh, ow) → (planes, H, W), each pixel one chain over the windows that hold it, in their order.
 * Shares             planes.
 */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { isUnrolled, type StaticWindow, type Tap, TapEmitter } from './pool-taps.ts';
import { shiftOf } from './scalar.ts';
import { axesOf, WINDOW_PARAMS } from './window.ts';

/** The largest element of each window; −∞ for a window outside the plane. */
export function maxPoolKernel(dtype: FloatDtype, window?: StaticWindow): KernelSpec {
  return poolKernel({ name: 'maxPool', dtype, out: dtype, window }, (w) => {
    const best = w.local('v128');
    const lanes = vectorOf(w, dtype);
    return {
      start: () => lanes.const(Number.NEGATIVE_INFINITY).set(best),
      take({ value }) {
        w.get(best).get(value);
        lanes.max().set(best);
      },
      result: () => w.get(best),
    };
  });
}

/** Where in its plane each window's largest element lies. */
export const maxPoolIndexKernel = (dtype: FloatDtype, window?: StaticWindow): KernelSpec =>
  firstMaximumKernel('maxPoolIndex', dtype, window, (tap) => tap.places());

/** Which tap of its window each window's largest element is. */
export const maxPoolTapKernel = (dtype: FloatDtype, window?: StaticWindow): KernelSpec =>
  firstMaximumKernel('maxPoolTap', dtype, window, (tap) => tap.code());

/** What the first largest element of each window is named by. */
function firstMaximumKernel(
  name: string,
  dtype: FloatDtype,
  window: StaticWindow | undefined,
  nameOf: (tap: Tap) => unknown,
): KernelSpec {
  return poolKernel({ name, dtype, out: 'i32', window }, (w) => {
    const [best, index, mask] = w.locals('v128', 3);
    const lanes = vectorOf(w, dtype);
    const integers = dtype === 'f32' ? w.i32x4 : w.i64x2;
    return {
      start() {
        lanes.const(Number.NEGATIVE_INFINITY).set(best);
        w.i32x4.const(-1).set(index);
      },
      take(tap) {
        w.get(tap.value).get(best);
        lanes.le().v128.not().get(best).get(best);
        lanes.eq().v128.and().get(index).v128.zero();
        integers.lt_s().v128.or().set(mask);
        w.get(tap.value).get(best).get(mask).v128.bitselect().set(best);
        w.push(() => nameOf(tap))
          .get(index)
          .get(mask)
          .v128.bitselect()
          .set(index);
      },
      result() {
        w.get(index);
        if (dtype === 'f64') w.v128.zero().i32x4.shuffle([0, 2, 4, 4]);
      },
    };
  });
}

/** The sum of each window, one chain in row-major order. */
export function sumPoolKernel(dtype: FloatDtype, window?: StaticWindow): KernelSpec {
  return poolKernel({ name: 'sumPool', dtype, out: dtype, window }, (w) => {
    const sum = w.local('v128');
    return {
      start: () => w.v128.zero().set(sum),
      take({ value }) {
        w.get(sum).get(value);
        vectorOf(w, dtype).add().set(sum);
      },
      result: () => w.get(sum),
    };
  });
}

const PARAMS = Array<'i32'>(2 + WINDOW_PARAMS.length + 2).fill('i32');

const vectorOf = (w: FunctionWriter, dtype: FloatDtype) => (dtype === 'f32' ? w.f32x4 : w.f64x2);

/** What a pool does with the taps of neighbouring windows, one window in each lane. */
interface Fold {
  start(): unknown;
  take(tap: Tap): void;
  /** Pushes the results, 4-byte ones in the first lanes. */
  result(): unknown;
}

interface PoolOptions {
  readonly name: string;
  readonly dtype: FloatDtype;
  readonly out: FloatDtype | 'i32';
  /** Writes the taps of windows within the plane one after another; the numbers must be those of the call. */
  readonly window: StaticWindow | undefined;
}

/** Loops over the planes of a share and their outputs: vectors of windows within the plane (the last one may overlap the one before), single windows at its edges. */
function poolKernel({ name, dtype, out, window }: PoolOptions, foldOf: (w: FunctionWriter) => Fold): KernelSpec {
  const shift = shiftOf(dtype);
  const lanes = 16 >> shift;
  const code = window !== undefined && isUnrolled(window) ? window : null;
  return {
    key: `${name} ${dtype}${code === null ? '' : ` ${code.kernel} ${code.stride} ${code.dilation}`}`,
    params: PARAMS,
    emit(w, _profile, to, x, ...rest) {
      const axes = axesOf(rest);
      const [begin, end] = rest.slice(12) as [Local, Local];
      const [p, plane, i, j, row, firstFull, lastFull, firstRow, lastRow] = w.locals('i32', 9);
      const fold = foldOf(w);
      const taps = new TapEmitter(w, dtype, axes, { plane, i, j });
      const area = (height: Local, width: Local) => () => w.get(p).get(height).i32.mul().get(width).i32.mul();
      const windows = (count: number, visit: (take: (tap: Tap) => void) => void) => {
        fold.start();
        visit((tap) => fold.take(tap));
        w.address(row, j, shiftOf(out));
        fold.result();
        storeLanes(w, out, count);
        w.advance(j, count);
      };
      const isWithin = (at: Local, first: Local, last: Local) =>
        w.get(at).get(first).i32.ge_u().get(at).get(last).i32.lt_u().i32.and();

      taps.setFullRange(firstFull, lastFull, axes.w);
      if (code !== null) taps.setFullRange(firstRow, lastRow, axes.h);
      w.for(p, begin, end, 1, () => {
        w.address(x!, area(axes.h.size, axes.w.size), shift).set(plane);
        w.address(to!, area(axes.h.out, axes.w.out), shiftOf(out)).set(row);
        w.for(i, 0, axes.h.out, 1, () => {
          w.assign(j, 0);
          w.while(
            () => w.get(j).get(axes.w.out).i32.lt_u(),
            () => {
              isWithin(j, firstFull, lastFull);
              w.get(lastFull).get(firstFull).i32.sub().i32.const(lanes).i32.ge_u().i32.and();
              w.if(
                () => {
                  smaller(w, j, () => w.get(lastFull).i32.const(lanes).i32.sub());
                  const looped = () => windows(lanes, (take) => taps.taps(true, take));
                  if (code === null) looped();
                  else {
                    isWithin(i, firstRow, lastRow);
                    w.if(() => windows(lanes, (take) => taps.unrolled(code, take)), looped);
                  }
                },
                () => windows(1, (take) => taps.taps(false, take)),
              );
            },
          );
          w.address(row, axes.w.out, shiftOf(out)).set(row);
        });
      });
    },
  };
}

/** index ← the smaller of it and a limit. */
function smaller(w: FunctionWriter, index: Local, pushLimit: () => unknown): void {
  const limit = w.local('i32');
  w.assign(limit, pushLimit);
  w.assign(index, () => w.get(index).get(limit).get(index).get(limit).i32.lt_u().select());
}

/** (address, vector): stores the first `count` lanes. */
function storeLanes(w: FunctionWriter, out: FloatDtype | 'i32', count: number): void {
  const bytes = count << shiftOf(out);
  if (bytes === 16) w.v128.store();
  else if (bytes === 8) w.v128.store64_lane(0);
  else w.v128.store32_lane(0);
}

/** The transpose of maxPool at given places. */
export function maxPoolGradKernel(dtype: FloatDtype): KernelSpec {
  const shift = shiftOf(dtype);
  return {
    key: `maxPoolGrad ${dtype}`,
    params: Array<'i32'>(7).fill('i32'),
    emit(w, _profile, out, ct, index, inputs, outputs, begin, end) {
      const [p, o, plane, from, which, place, at] = w.locals('i32', 7);
      w.for(p, begin!, end!, 1, () => {
        w.address(out!, () => w.get(p).get(inputs!).i32.mul(), shift).set(plane);
        w.address(ct!, () => w.get(p).get(outputs!).i32.mul(), shift).set(from);
        w.address(index!, () => w.get(p).get(outputs!).i32.mul(), 2).set(which);
        w.get(plane).i32.const(0).get(inputs!).i32.const(shift).i32.shl().memoryFill();
        w.for(o, 0, outputs!, 1, () => {
          w.get(which).i32.load().tee(place).get(inputs!).i32.lt_u();
          w.if(() => {
            w.address(plane, place, shift).tee(at).get(at)[dtype].load().get(from)[dtype].load();
            w[dtype].add()[dtype].store();
          });
          w.advance(which, 4).advance(from, 1 << shift);
        });
      });
    },
  };
}

/** The transpose of sumPool: windows in order, each adding its cotangent to all its taps. */
export function sumPoolTransposeKernel(dtype: FloatDtype): KernelSpec {
  const shift = shiftOf(dtype);
  return {
    key: `sumPoolTranspose ${dtype}`,
    params: PARAMS,
    emit(w, _profile, out, ct, ...rest) {
      const axes = axesOf(rest);
      const [begin, end] = rest.slice(12) as [Local, Local];
      const [p, plane, i, j, next, to, bytes] = w.locals('i32', 7);
      const value = w.local(dtype);
      const taps = new TapEmitter(w, dtype, axes, { plane, i, j });
      w.assign(bytes, () => w.get(axes.h.size).get(axes.w.size).i32.mul().i32.const(shift).i32.shl());
      w.address(ct!, () => w.get(begin).get(axes.h.out).i32.mul().get(axes.w.out).i32.mul(), shift).set(next);
      w.address(out!, () => w.get(begin).get(bytes).i32.mul()).set(plane);
      w.for(p, begin, end, 1, () => {
        w.get(plane).i32.const(0).get(bytes).memoryFill();
        w.for(i, 0, axes.h.out, 1, () =>
          w.for(j, 0, axes.w.out, 1, () => {
            w.get(next)[dtype].load().set(value);
            taps.each(false, (place) => {
              w.address(plane, place, shift).tee(to).get(to)[dtype].load().get(value);
              w[dtype].add()[dtype].store();
            });
            w.advance(next, 1 << shift);
          }),
        );
        w.advance(plane, bytes);
      });
    },
  };
}
