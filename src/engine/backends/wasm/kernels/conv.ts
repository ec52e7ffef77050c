/**
 * Convolutions without patches, for f32 and f64: register tiles read an image's frame (conv-frame.ts) in place through a table of offsets.
 *
 * convPlaces  (out, image, a, offsets, vectors, frame, m, k, count, out plane, groups, image step, out step, frame…, begin, end): for every image and group
 *             out[o, place] = Σ a[o, p]·frame[place + offset p], p in order over (channel, row, column); a (groups, m, k), `count` vectors of places, steps in elements.
 * convTaps    (sums, image, y, offsets, frame, panel, m, row step, out rows, out columns, block, images, image step, y step, frame…, begin, end): for every image and place, in order,
 *             sums[tap, ·] += frame[place + offset tap]·y[·, place]. The columns of sums (taps, panels × columns of a tile) are output channels: panel q has those from min(q·columns, m − columns) on.
 * Order       the chains of note 0001; what a window meets in the border is multiplied as 0.
 * Shares      convPlaces: images × groups. convTaps: taps.
 */
import type { Dtype, FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import type { Profile } from '../profile.ts';
import { FRAME_PARAMS, frameHelper, pushFrame } from './conv-frame.ts';
import { placesTileHelper, tapsTileHelper } from './conv-tile.ts';
import { type Finish, finishHelper, finishParams } from './matmul-finish.ts';
import { packColumnsHelper } from './matmul-pack.ts';
import { Arithmetic, eachTile } from './matmul-tile.ts';
import { shiftOf } from './scalar.ts';

/** Taps that a block of the sum takes at once: its rows of a stay in the first-level cache. */
const BLOCK_TAPS = 320;

/**
 * With `finish`, the elementwise code that reads the result follows image by image; behind the frame come its arguments, then the elements from one image to the next of each other input.
 * Where the result `staysInTile`, out is the room for one image. Groups are not finished.
 */
export function convPlacesKernel(dtype: FloatDtype, isFramed: boolean, finish?: Finish): KernelSpec {
  const more =
    finish === undefined ? [] : [...finishParams(finish), ...finish.inputs.slice(1).map(() => 'i32' as const)];
  return {
    key: `convPlaces ${dtype}${isFramed ? ' framed' : ''}${finish === undefined ? '' : ` ${finish.staysInTile} ${finish.key}`}`,
    params: [...Array<'i32'>(13 + FRAME_PARAMS).fill('i32'), ...more, 'i32', 'i32'],
    emit(w, profile, out, image, a, offsets, vectors, frame, m, k, count, plane, groups, imageStep, outStep, ...rest) {
      const math = new Arithmetic(dtype, profile);
      const [begin, end] = rest.slice(-2) as [Local, Local];
      const [turn, from, to, weights, rsA, rsC] = w.locals('i32', 6);
      const inBytes = () => w.i32.const(math.shift).i32.shl();
      w.assign(rsA, () => {
        w.get(k!);
        inBytes();
      });
      w.assign(rsC, () => {
        w.get(plane!);
        inBytes();
      });
      w.for(turn, begin, end, 1, () => {
        w.address(image!, () => w.get(turn).get(imageStep!).i32.mul(), math.shift).set(from);
        if (finish?.staysInTile === true) w.assign(to, out!);
        else w.address(out!, () => w.get(turn).get(outStep!).i32.mul(), math.shift).set(to);
        w.address(a!, () => w.get(turn).get(groups!).i32.rem_u().get(m!).i32.mul().get(rsA).i32.mul()).set(weights);
        if (isFramed) {
          pushFrame(w, frame!, from, rest.slice(0, FRAME_PARAMS));
          w.call(frameHelper(w.module, math.bytes)).assign(from, frame!);
        }
        emitPlaces(w, math, {
          to,
          from,
          weights,
          rsA,
          rsC,
          offsets: offsets!,
          vectors: vectors!,
          m: m!,
          k: k!,
          count: count!,
        });
        if (finish !== undefined)
          emitFinish(
            w,
            profile,
            finish,
            { to, turn, m: m!, plane: plane!, outStep: outStep! },
            rest.slice(FRAME_PARAMS, -2),
          );
      });
    },
  };
}

/** The code that reads an image of the result, at its place in the outputs and in the other inputs. */
function emitFinish(
  w: FunctionWriter,
  profile: Profile,
  finish: Finish,
  { to, turn, m, plane, outStep }: Readonly<Record<'to' | 'turn' | 'm' | 'plane' | 'outStep', Local>>,
  args: readonly Local[],
): void {
  const others = finish.inputs.toSpliced(finish.product, 1);
  const arrays = finish.outs.length + others.length;
  const given = finishParams(finish).length;
  const at = (x: Local, step: Local, dtype: Dtype) =>
    w.address(x, () => w.get(turn).get(step).i32.mul(), shiftOf(dtype));
  w.get(to).get(plane).i32.const(0).get(m).i32.const(0).get(plane).get(plane);
  for (const [k, dtype] of finish.outs.entries()) at(args[k]!, outStep, dtype);
  for (const [k, { dtype }] of others.entries()) at(args[finish.outs.length + k]!, args[given + k]!, dtype);
  for (const arg of args.slice(arrays, given)) w.get(arg);
  w.call(finishHelper(w.module, profile, finish));
}

type PlaceLocals = Readonly<
  Record<'to' | 'from' | 'weights' | 'rsA' | 'rsC' | 'offsets' | 'vectors' | 'm' | 'k' | 'count', Local>
>;

/** Pairs of vectors, in them blocks of taps, in them tiles of output channels; an odd last vector is paired with itself. */
function emitPlaces(w: FunctionWriter, math: Arithmetic, l: PlaceLocals): void {
  const [v, entry, p, depth, row] = w.locals('i32', 5);
  const [b0, b1, c0, c1] = w.locals('i32', 4);
  w.for(v, 0, l.count, 2, () => {
    w.address(l.vectors, v, 3).set(entry);
    const take = (b: Local, c: Local) => {
      w.assign(b, () => w.get(l.from).get(entry).i32.load().i32.add());
      w.assign(c, () => w.get(l.to).get(entry).i32.load(4).i32.add());
    };
    take(b0, c0);
    w.advance(entry, () => w.i32.const(8).i32.const(0).get(v).i32.const(1).i32.add().get(l.count).i32.lt_u().select());
    take(b1, c1);
    w.for(p, 0, l.k, BLOCK_TAPS, () => {
      w.assign(depth, () => w.get(l.k).get(p).i32.sub());
      w.assign(depth, () => w.get(depth).i32.const(BLOCK_TAPS).get(depth).i32.const(BLOCK_TAPS).i32.lt_u().select());
      eachTile(w, math, { i: row, from: 0, to: l.m }, (height) => {
        for (const c of [c0, c1]) w.address(c, () => w.get(row).get(l.rsC).i32.mul());
        w.get(l.rsC);
        w.address(l.weights, () => w.get(row).get(l.rsA).i32.mul().get(p).i32.const(math.shift).i32.shl().i32.add());
        w.get(l.rsA).get(b0).get(b1);
        w.address(l.offsets, p, 2).get(depth).get(p);
        w.call(placesTileHelper(w.module, math, height));
      });
    });
  });
}

export function convTapsKernel(dtype: FloatDtype, isFramed: boolean): KernelSpec {
  return {
    key: `convTaps ${dtype}${isFramed ? ' framed' : ''}`,
    params: Array<'i32'>(14 + FRAME_PARAMS + 2).fill('i32'),
    grain: 6,
    emit(w, profile, ...params) {
      const [sums, image, y, offsets, frame, panel, m, rowStep, rows, columns, block, images, imageStep, yStep] =
        params;
      const rest = params.slice(14);
      const math = new Arithmetic(dtype, profile);
      const [begin, end] = rest.slice(FRAME_PARAMS) as [Local, Local];
      const [turn, from, row, count] = w.locals('i32', 4);
      const inBytes = () => w.i32.const(math.shift).i32.shl();
      w.assign(rowStep!, () => {
        w.get(rowStep!);
        inBytes();
      });
      w.for(turn, 0, images!, 1, () => {
        w.assign(from, image!);
        if (isFramed) {
          pushFrame(w, frame!, image!, rest.slice(0, FRAME_PARAMS));
          w.call(frameHelper(w.module, math.bytes)).assign(from, frame!);
        }
        w.for(row, 0, rows!, block!, () => {
          w.assign(count, () => w.get(rows!).get(row).i32.sub());
          w.assign(count, () => w.get(count).get(block!).get(count).get(block!).i32.lt_u().select());
          emitTaps(w, math, {
            sums: sums!,
            from,
            y: y!,
            offsets: offsets!,
            panel: panel!,
            m: m!,
            rowStep: rowStep!,
            rows: rows!,
            columns: columns!,
            row,
            count,
            begin,
            end,
          });
        });
        w.address(image!, imageStep!, math.shift).set(image!).address(y!, yStep!, math.shift).set(y!);
      });
    },
  };
}

type TapLocals = Readonly<
  Record<
    | 'sums'
    | 'from'
    | 'y'
    | 'offsets'
    | 'panel'
    | 'm'
    | 'rowStep'
    | 'rows'
    | 'columns'
    | 'row'
    | 'count'
    | 'begin'
    | 'end',
    Local
  >
>;

/** One block of rows of places: panels of output channels, in them tiles of taps. */
function emitTaps(w: FunctionWriter, math: Arithmetic, l: TapLocals): void {
  const [q, first, places, planeBytes, rsC, tap, start] = w.locals('i32', 7);
  w.assign(places, () => w.get(l.count).get(l.columns).i32.mul());
  w.assign(planeBytes, () => w.get(l.rows).get(l.columns).i32.mul().i32.const(math.shift).i32.shl());
  w.assign(rsC, () => {
    w.get(l.m)
      .i32.const(math.columns - 1)
      .i32.add();
    w.i32.const(-math.columns).i32.and().i32.const(math.shift).i32.shl();
  });
  w.assign(start, () => w.get(l.from).get(l.row).get(l.rowStep).i32.mul().i32.add());
  w.for(q, 0, l.m, math.columns, () => {
    emitFirstChannel(w, math, { q, first, m: l.m });
    w.get(l.panel).get(l.y).get(first).get(planeBytes).i32.mul().i32.add();
    w.get(l.row).get(l.columns).i32.mul().i32.const(math.shift).i32.shl().i32.add();
    w.get(places).get(l.m).i32.const(math.columns).get(l.m).i32.const(math.columns).i32.lt_u().select();
    w.i32.const(math.bytes).get(planeBytes).call(packColumnsHelper(w.module, math));
    eachTile(w, math, { i: tap, from: l.begin, to: l.end }, (height) => {
      w.get(l.sums).get(tap).get(rsC).i32.mul().i32.add().get(q).i32.const(math.shift).i32.shl().i32.add();
      w.get(rsC).address(l.offsets, tap, 2).get(start).get(l.panel).get(l.count).get(l.columns).get(l.rowStep);
      w.call(tapsTileHelper(w.module, math, height));
    });
  });
}

/** first ← min(q, m − columns), or 0 where there are fewer channels than columns of a tile. */
function emitFirstChannel(
  w: FunctionWriter,
  { columns }: Arithmetic,
  { q, first, m }: Readonly<Record<'q' | 'first' | 'm', Local>>,
): void {
  w.assign(first, 0);
  w.get(m).i32.const(columns).i32.ge_u();
  w.if(() => {
    w.assign(first, () => w.get(m).i32.const(columns).i32.sub());
    w.assign(first, () => w.get(q).get(first).get(q).get(first).i32.lt_u().select());
  });
}
