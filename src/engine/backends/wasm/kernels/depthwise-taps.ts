/**
 * The kernels' gradient of convolutions whose groups have one channel, for f32 and f64: the taps of a row lie along the lanes, a few channels are summed at once.
 *
 * depthTaps   (kernels, x, y, frame, images, begin, end): kernels[o, a, b] = Σ x[image, ⌊o / fan⌋, place + (a, b)]·y[image, o, place].
 * Order       the chains of note 0001: (image, row, column) of the places, one multiply-add after another; the border is multiplied as 0.
 * Shares      output channels. Sizes are constants of the code.
 */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local, ModuleBuilder } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { type FrameShape, frameArgs } from './conv-frame.ts';
import { emitPlane, frameElements } from './depthwise-frame.ts';
import { Arithmetic } from './matmul-tile.ts';

type Pair = readonly [number, number];

/** What the windows of all places meet; the columns of the frame are in their order (one phase), taps of a row are neighbours. */
export interface PlaneTaps {
  readonly frame: FrameShape;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilationRows: number;
  readonly out: Pair;
  /** Output channels that read the same plane, and all of them. */
  readonly fan: number;
  readonly channels: number;
}

/** Sums that are kept in registers. */
const SUMS = 12;
const MOST_CHANNELS = 4;

const vectorsOfRow = ({ kernel }: PlaneTaps, lanes: number): number => Math.ceil(kernel[1] / lanes);

/** Channels that are summed at once. */
const channelsAtOnce = (p: PlaneTaps, lanes: number): number =>
  Math.max(1, Math.min(MOST_CHANNELS, Math.floor(SUMS / (p.kernel[0] * vectorsOfRow(p, lanes)))));

/** Elements of a channel's room: a vector that begins at the last tap may reach behind the frame. */
const roomOf = (p: PlaneTaps, lanes: number): number => frameElements(p.frame) + lanes * vectorsOfRow(p, lanes);

/** Elements of the frames. */
export const depthTapsRoom = (p: PlaneTaps, lanes: 2 | 4): number => channelsAtOnce(p, lanes) * roomOf(p, lanes);

export function depthTapsKernel(dtype: FloatDtype, p: PlaneTaps): KernelSpec {
  const atOnce = channelsAtOnce(p, dtype === 'f32' ? 4 : 2);
  return {
    key: `depthTaps ${dtype} ${keyOf(p)}`,
    params: Array<'i32'>(7).fill('i32'),
    grain: atOnce,
    emit(w, profile, kernels, x, y, frame, images, begin, end) {
      const math = new Arithmetic(dtype, profile);
      const o = w.local('i32');
      w.get(frame!).i32.const(0);
      w.i32.const(depthTapsRoom(p, math.lanes) * math.bytes).memoryFill();
      w.assign(o, begin!);
      for (const count of new Set([atOnce, 1]))
        w.while(
          () => w.get(end!).get(o).i32.sub().i32.const(count).i32.ge_u(),
          () => {
            for (const local of [kernels!, x!, y!, frame!, images!, o]) w.get(local);
            w.call(channelsHelper(w.module, math, p, count)).advance(o, count);
          },
        );
    },
  };
}

const keyOf = (p: PlaneTaps): string =>
  [...frameArgs(p.frame), ...p.kernel, ...p.stride, p.dilationRows, ...p.out, p.fan, p.channels].join(' ');

/** (kernels, x, y, frame, images, o): `count` channels from o on, over all images. */
function channelsHelper(m: ModuleBuilder, math: Arithmetic, p: PlaneTaps, count: number): number {
  const key = `depth taps ${math.key} ${count} ${keyOf(p)}`;
  return m.helper(key, Array<'i32'>(6).fill('i32'), [], (w, kernels, x, y, frame, images, o) => {
    const vectors = p.kernel[0] * vectorsOfRow(p, math.lanes);
    const sums = Array.from({ length: count }, () => w.locals('v128', vectors));
    const [turn, ct] = w.locals('i32', 2);
    const places = p.out[0] * p.out[1] * math.bytes;
    w.address(y, () => w.get(o).i32.const(places).i32.mul()).set(ct);
    w.for(turn, 0, images, 1, () => {
      for (let k = 0; k < count; k++) emitFrame(w, math, p, { x, frame, o, k });
      emitPlaces(w, math, p, { sums, frame, ct });
      w.advance(x, (p.channels / p.fan) * p.frame.height * p.frame.width * math.bytes);
      w.advance(ct, p.channels * places);
    });
    const taps = p.kernel[0] * p.kernel[1];
    w.address(kernels, () =>
      w
        .get(o)
        .i32.const(taps * math.bytes)
        .i32.mul(),
    ).set(kernels);
    for (const [k, own] of sums.entries()) storeTaps(w, math, p, { kernels, own, first: k * taps });
  });
}

/** The frame of the plane that channel o + k reads. */
function emitFrame(
  w: FunctionWriter,
  math: Arithmetic,
  p: PlaneTaps,
  { x, frame, o, k }: { readonly x: Local; readonly frame: Local; readonly o: Local; readonly k: number },
): void {
  w.scope(() => {
    const [from, to] = w.locals('i32', 2);
    const plane = p.frame.height * p.frame.width * math.bytes;
    w.address(x, () => w.get(o).i32.const(k).i32.add().i32.const(p.fan).i32.div_u().i32.const(plane).i32.mul());
    w.set(from).assign(to, () => w.address(frame, k * roomOf(p, math.lanes) * math.bytes));
    emitPlane(w, math.bytes, p.frame, to, from);
  });
}

/** One image: sums[channel][a, vector] += frame[place + (a, vector)]·y[place], places in order. */
function emitPlaces(
  w: FunctionWriter,
  math: Arithmetic,
  p: PlaneTaps,
  { sums, frame, ct }: { readonly sums: readonly (readonly Local[])[]; readonly frame: Local; readonly ct: Local },
): void {
  const { bytes, lanes } = math;
  const rowBytes = p.frame.columns * bytes;
  const perRow = vectorsOfRow(p, lanes);
  w.scope(() => {
    const [i, j, from, at, factor] = w.locals('i32', 5);
    const spread = w.local('v128');
    w.assign(factor, ct).assign(from, frame);
    w.for(i, 0, p.out[0], 1, () => {
      w.assign(at, from);
      w.for(j, 0, p.out[1], 1, () => {
        for (const [k, own] of sums.entries()) {
          w.get(factor);
          math.loadSplat(w, k * p.out[0] * p.out[1] * bytes);
          w.set(spread);
          for (const [v, sum] of own.entries()) {
            const row = Math.floor(v / perRow) * p.dilationRows * rowBytes;
            w.get(spread).get(at);
            w.v128.load(k * roomOf(p, lanes) * bytes + row + (v % perRow) * 16).get(sum);
            math.madd(w);
            w.set(sum);
          }
        }
        w.advance(at, p.stride[1] * bytes).advance(factor, bytes);
      });
      w.advance(from, p.stride[0] * rowBytes);
    });
  });
}

/** Stores the lanes that are taps. */
function storeTaps(
  w: FunctionWriter,
  { bytes, lanes }: Arithmetic,
  p: PlaneTaps,
  { kernels, own, first }: { readonly kernels: Local; readonly own: readonly Local[]; readonly first: number },
): void {
  const perRow = vectorsOfRow(p, lanes);
  for (let ki = 0; ki < p.kernel[0]; ki++)
    for (let kj = 0; kj < p.kernel[1]; kj++) {
      w.get(kernels).get(own[ki * perRow + Math.floor(kj / lanes)]!);
      const at = (first + ki * p.kernel[1] + kj) * bytes;
      if (bytes === 4) w.v128.store32_lane(kj % lanes, at);
      else w.v128.store64_lane(kj % lanes, at);
    }
}
