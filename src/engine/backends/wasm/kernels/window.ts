/** The geometry that convolutions and pools share: where each tap of a sliding window falls. */
import type { FunctionWriter, Local } from '../assembler.ts';

/** A window sliding over a plane; `pad` is the zero border before the plane, the one after it follows from `out`. */
export interface Window {
  /** Height and width of the input plane. */
  readonly input: readonly [number, number];
  readonly kernel: readonly [number, number];
  /** Height and width of the output plane. */
  readonly out: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly pad: readonly [number, number];
}

/** The arguments by which kernels take a window: H, W, kh, kw, oh, ow, sh, sw, dh, dw, ph, pw. */
export function windowArgs({ input, kernel, out, stride, dilation, pad }: Window): number[] {
  return [...input, ...kernel, ...out, ...stride, ...dilation, ...pad];
}

export const WINDOW_PARAMS = Array<'i32'>(12).fill('i32');

/** One axis of a window, as locals. */
export interface Axis {
  readonly size: Local;
  readonly kernel: Local;
  readonly out: Local;
  readonly stride: Local;
  readonly dilation: Local;
  readonly pad: Local;
}

/** Height and width axes from the twelve parameters. */
export function axesOf(params: readonly Local[]): { readonly h: Axis; readonly w: Axis } {
  const axis = (k: 0 | 1): Axis => {
    const [size, kernel, out, stride, dilation, pad] = [0, 2, 4, 6, 8, 10].map((at) => params[at + k]!);
    return { size: size!, kernel: kernel!, out: out!, stride: stride!, dilation: dilation!, pad: pad! };
  };
  return { h: axis(0), w: axis(1) };
}

/** offset ← tap·dilation − pad: output o meets input o·stride + offset. */
export function setOffset(w: FunctionWriter, offset: Local, tap: Local, axis: Axis): void {
  w.assign(offset, () => w.get(tap).get(axis.dilation).i32.mul().get(axis.pad).i32.sub());
}

/** [first, last) ← the outputs whose input o·stride + offset lies in the plane. */
export function setRange(w: FunctionWriter, first: Local, last: Local, offset: Local, axis: Axis): void {
  const { stride, out } = axis;
  w.assign(first, 0).assign(last, 0);
  w.get(offset).i32.const(0).i32.lt_s();
  w.if(() => {
    w.assign(first, () => w.get(stride).i32.const(1).i32.sub().get(offset).i32.sub().get(stride).i32.div_s());
    minimum(w, first, out);
  });
  w.get(offset).get(axis.size).i32.lt_s();
  w.if(() => {
    const room = () => w.get(axis.size).i32.const(1).i32.sub().get(offset).i32.sub();
    w.assign(last, () => w.push(room).get(stride).i32.div_s().i32.const(1).i32.add());
    minimum(w, last, out);
  });
  w.assign(last, () => w.get(last).get(first).get(last).get(first).i32.gt_s().select());
}

function minimum(w: FunctionWriter, local: Local, limit: Local): void {
  w.assign(local, () => w.get(local).get(limit).get(local).get(limit).i32.lt_s().select());
}
