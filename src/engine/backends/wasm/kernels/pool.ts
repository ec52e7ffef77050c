/**
 * Pooling over planes (N·C of them): maximum with its place, sum, and their transposes. Padding takes no part.
 *
 * maxPool, sumPool   (out, x, window…, begin, end): x (planes, H, W) → (planes, oh, ow).
 * maxPoolIndex       the same, out i32: h·W + w of the maximum; the first in row-major order wins, the first NaN wins over all; −1 for a window outside the plane.
 * maxPoolGrad        (out, ct, index, H·W, oh·ow, begin, end): out zeroed, then out[index[o]] += ct[o] in the order of o.
 * sumPoolTranspose   (out, ct, window…, begin, end): ct (planes, oh, ow) → (planes, H, W), each pixel one chain over the windows that hold it, in their order.
 * Shares             planes.
 */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { shiftOf } from './scalar.ts';
import { type Axis, axesOf, setOffset, WINDOW_PARAMS } from './window.ts';

type Axes = { readonly h: Axis; readonly w: Axis };

/** The largest element of each window; −∞ for a window outside the plane. */
export function maxPoolKernel(dtype: FloatDtype): KernelSpec {
  return poolKernel(`maxPool ${dtype}`, dtype, dtype, (w, at) => {
    const best = w.local(dtype);
    w[dtype].const(Number.NEGATIVE_INFINITY).set(best);
    eachTap(w, at, (address) => {
      w.get(best).get(address)[dtype].load();
      w[dtype].max().set(best);
    });
    return best;
  });
}

/** Where in its plane each window's largest element lies. */
export function maxPoolIndexKernel(dtype: FloatDtype): KernelSpec {
  return poolKernel(`maxPoolIndex ${dtype}`, dtype, 'i32', (w, at) => {
    const [best, value] = w.locals(dtype, 2);
    const index = w.local('i32');
    w.assign(index, -1);
    w[dtype].const(Number.NEGATIVE_INFINITY).set(best);
    eachTap(w, at, (address) => {
      w.get(address)[dtype].load().tee(value).get(best);
      w[dtype].le().i32.eqz().get(best).get(best);
      w[dtype].eq().i32.and().get(index).i32.const(0).i32.lt_s().i32.or();
      w.if(() => {
        w.get(value).set(best);
        w.assign(index, () => w.get(address).get(at.plane).i32.sub().i32.const(shiftOf(dtype)).i32.shr_u());
      });
    });
    return index;
  });
}

/** The sum of each window, one chain in row-major order. */
export function sumPoolKernel(dtype: FloatDtype): KernelSpec {
  return poolKernel(`sumPool ${dtype}`, dtype, dtype, (w, at) => {
    const sum = w.local(dtype);
    w[dtype].const(0).set(sum);
    eachTap(w, at, (address) => {
      w.get(sum).get(address)[dtype].load();
      w[dtype].add().set(sum);
    });
    return sum;
  });
}

const PARAMS = Array<'i32'>(2 + WINDOW_PARAMS.length + 2).fill('i32');

interface Place {
  readonly axes: Axes;
  /** Address of the input plane. */
  readonly plane: Local;
  /** Output row and column. */
  readonly i: Local;
  readonly j: Local;
  readonly shift: number;
}

/** Loops over the planes of a share and their outputs; `emitOutput` returns the local that holds the result. */
function poolKernel(
  key: string,
  dtype: FloatDtype,
  out: FloatDtype | 'i32',
  emitOutput: (w: FunctionWriter, at: Place) => Local,
): KernelSpec {
  const shift = shiftOf(dtype);
  return {
    key,
    params: PARAMS,
    emit(w, _profile, to, x, ...rest) {
      const axes = axesOf(rest);
      const [begin, end] = rest.slice(12) as [Local, Local];
      const [p, plane, i, j, next] = w.locals('i32', 5);
      const area = (height: Local, width: Local) => () => w.get(p).get(height).i32.mul().get(width).i32.mul();
      w.for(p, begin, end, 1, () => {
        w.address(x!, area(axes.h.size, axes.w.size), shift).set(plane);
        w.address(to!, area(axes.h.out, axes.w.out), shiftOf(out)).set(next);
        w.for(i, 0, axes.h.out, 1, () =>
          w.for(j, 0, axes.w.out, 1, () =>
            w.scope(() => {
              const result = emitOutput(w, { axes, plane, i, j, shift });
              w.get(next).get(result)[out].store();
              w.advance(next, 1 << shiftOf(out));
            }),
          ),
        );
      });
    },
  };
}

/** Visits the addresses of a window's taps that lie in the plane, in row-major order. */
function eachTap(w: FunctionWriter, at: Place, visit: (address: Local) => void): void {
  const { axes, plane, i, j, shift } = at;
  const [ki, kj, h, x, address] = w.locals('i32', 5);
  const locate = (place: Local, tap: Local, o: Local, axis: Axis) => {
    setOffset(w, place, tap, axis);
    w.advance(place, () => w.get(o).get(axis.stride).i32.mul());
  };
  const isInside = (place: Local, axis: Axis) => w.get(place).get(axis.size).i32.lt_u();
  w.for(ki, 0, axes.h.kernel, 1, () => {
    locate(h, ki, i, axes.h);
    isInside(h, axes.h).if(() =>
      w.for(kj, 0, axes.w.kernel, 1, () => {
        locate(x, kj, j, axes.w);
        isInside(x, axes.w).if(() => {
          w.address(plane, () => w.get(h).get(axes.w.size).i32.mul().get(x).i32.add(), shift).set(address);
          visit(address);
        });
      }),
    );
  });
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

/** The transpose of sumPool. */
export function sumPoolTransposeKernel(dtype: FloatDtype): KernelSpec {
  const shift = shiftOf(dtype);
  return {
    key: `sumPoolTranspose ${dtype}`,
    params: PARAMS,
    emit(w, _profile, out, ct, ...rest) {
      const { h, w: width } = axesOf(rest);
      const [begin, end] = rest.slice(12) as [Local, Local];
      const [p, plane, y, x, next, i, j] = w.locals('i32', 7);
      const sum = w.local(dtype);
      w.for(p, begin, end, 1, () => {
        w.address(ct!, () => w.get(p).get(h.out).i32.mul().get(width.out).i32.mul(), shift).set(plane);
        w.address(out!, () => w.get(p).get(h.size).i32.mul().get(width.size).i32.mul(), shift).set(next);
        w.for(y, 0, h.size, 1, () =>
          w.for(x, 0, width.size, 1, () => {
            w[dtype].const(0).set(sum);
            eachWindowHolding(w, y, i, h, () =>
              eachWindowHolding(w, x, j, width, () => {
                w.get(sum);
                w.address(plane, () => w.get(i).get(width.out).i32.mul().get(j).i32.add(), shift)[dtype].load();
                w[dtype].add().set(sum);
              }),
            );
            w.get(next).get(sum)[dtype].store();
            w.advance(next, 1 << shift);
          }),
        );
      });
    },
  };
}

/** Visits, ascending, the outputs o along one axis of which some tap falls on `place`; taps are tried from the last to the first. */
function eachWindowHolding(w: FunctionWriter, place: Local, o: Local, axis: Axis, visit: () => void): void {
  const [tap, distance] = w.locals('i32', 2);
  w.assign(tap, axis.kernel);
  w.while(
    () => w.get(tap),
    () => {
      w.advance(tap, -1);
      setOffset(w, distance, tap, axis);
      w.assign(distance, () => w.get(place).get(distance).i32.sub());
      w.assign(o, () => w.get(distance).get(axis.stride).i32.div_s());
      w.get(distance).i32.const(0).i32.ge_s().get(o).get(axis.stride).i32.mul().get(distance).i32.eq().i32.and();
      w.get(o).get(axis.out).i32.lt_u().i32.and();
      w.if(visit);
    },
  );
}
