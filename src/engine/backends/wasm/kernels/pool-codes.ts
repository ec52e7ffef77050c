/**
 * Codes of pooling windows: which tap of its window a value belongs to, packed into u32 words, and the places they stand for.
 *
 * packCodes     (words, codes, windows, words a line, begin, end): codes (lines, windows) i32 → words (lines, words a line), `perWord` codes of `bits` bits from the low end up.
 * unpoolCodes   (out, ct, words, windows, words a line, window…, begin, end): out (lines, C, H, W) zeroed, then out[place of window o] += ct[o] in the order of o.
 * pickCodes     (out, x, words, the same): out[o] ← x[place of window o].
 * Code          row·kw + column of a tap; a code that points outside its plane stands for the nearest place in it. Windows run over (C, oh, ow) in row-major order.
 * Shares        lines: images.
 */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { shiftOf } from './scalar.ts';
import { type Axis, axesOf, WINDOW_PARAMS } from './window.ts';

/** Bits of a code, and codes of a word. */
export interface Packing {
  readonly bits: number;
  readonly perWord: number;
}

export function packCodesKernel({ bits, perWord }: Packing): KernelSpec {
  return {
    key: `packCodes ${bits} ${perWord}`,
    params: Array<'i32'>(6).fill('i32'),
    emit(w, _profile, words, codes, windows, lineWords, begin, end) {
      const [line, from, to, left, word, shift] = w.locals('i32', 6);
      const packOne = () => {
        w.get(from)
          .i32.load()
          .i32.const(2 ** bits - 1)
          .i32.and()
          .get(shift)
          .i32.shl()
          .get(word)
          .i32.or()
          .set(word);
        w.advance(from, 4).advance(shift, bits).advance(left, -1);
      };
      w.for(line, begin!, end!, 1, () => {
        w.address(codes!, () => w.get(line).get(windows!).i32.mul(), 2).set(from);
        w.address(words!, () => w.get(line).get(lineWords!).i32.mul(), 2).set(to);
        w.assign(left, windows!);
        w.while(
          () => w.get(left).i32.const(perWord).i32.ge_u(),
          () => {
            if (perWord % 4 === 0) {
              w.get(to);
              packWord(w, from, { bits, perWord });
              w.i32.store();
              w.advance(from, 4 * perWord).advance(left, -perWord);
            } else {
              w.assign(word, 0).assign(shift, 0);
              for (let k = 0; k < perWord; k++) packOne();
              w.get(to).get(word).i32.store();
            }
            w.advance(to, 4);
          },
        );
        w.get(left).if(() => {
          w.assign(word, 0).assign(shift, 0);
          w.while(() => w.get(left), packOne);
          w.get(to).get(word).i32.store();
        });
      });
    },
  };
}

/** Pushes a word of codes, four at a time: each lane gathers every fourth code, then the lanes are moved apart and joined. */
function packWord(w: FunctionWriter, from: Local, { bits, perWord }: Packing): void {
  const gathered = w.local('v128');
  const low = 2 ** bits - 1;
  for (let k = 0; k < perWord; k += 4) {
    w.get(from)
      .v128.load(4 * k)
      .i32x4.const(low)
      .v128.and()
      .i32.const(k * bits)
      .i32x4.shl();
    if (k > 0) w.get(gathered).v128.or();
    w.set(gathered);
  }
  w.get(gathered)
    .i32x4.const([0, 1, 2, 3].map((lane) => 2 ** (lane * bits)))
    .i32x4.mul()
    .set(gathered);
  for (const half of [
    [2, 3, 0, 1],
    [1, 0, 3, 2],
  ])
    w.get(gathered).get(gathered).get(gathered).i32x4.shuffle(half).v128.or().set(gathered);
  w.get(gathered).i32x4.extract_lane(0);
}

export function unpoolCodesKernel(dtype: FloatDtype, packing: Packing, kernelWidth: number): KernelSpec {
  const shift = shiftOf(dtype);
  return placesKernel(`unpoolCodes ${dtype}`, shift, packing, kernelWidth, {
    startOfLine: (w, { plane }, bytes) => w.get(plane).i32.const(0).push(bytes).memoryFill(),
    perWindow(w, pushPlace, value) {
      const at = w.local('i32');
      w.push(pushPlace).tee(at).get(at)[dtype].load().get(value)[dtype].load();
      w[dtype].add()[dtype].store();
    },
    isOutPlane: true,
  });
}

export function pickCodesKernel(dtype: FloatDtype, packing: Packing, kernelWidth: number): KernelSpec {
  const shift = shiftOf(dtype);
  return placesKernel(`pickCodes ${dtype}`, shift, packing, kernelWidth, {
    perWindow: (w, pushPlace, value) => w.get(value).push(pushPlace)[dtype].load()[dtype].store(),
    isOutPlane: false,
  });
}

interface PlaceUse {
  /** Before the first window of an image, whose planes begin at `plane`. */
  readonly startOfLine?: (w: FunctionWriter, at: { readonly plane: Local }, pushBytes: () => unknown) => unknown;
  /** With the address of a window's place and that of its value. */
  readonly perWindow: (w: FunctionWriter, pushPlace: () => unknown, value: Local) => unknown;
  /** Whether the first argument is the planes (or the values of the windows). */
  readonly isOutPlane: boolean;
}

/** Loops over images, channels and windows, with the place that each window's code stands for. */
function placesKernel(
  name: string,
  shift: number,
  { bits, perWord }: Packing,
  kernelWidth: number,
  { startOfLine, perWindow, isOutPlane }: PlaceUse,
): KernelSpec {
  return {
    key: `${name} ${bits} ${perWord} ${kernelWidth}`,
    params: Array<'i32'>(5 + WINDOW_PARAMS.length + 2).fill('i32'),
    emit(w, _profile, out, second, words, windows, lineWords, ...rest) {
      const { h, w: across } = axesOf(rest);
      const [begin, end] = rest.slice(12) as [Local, Local];
      const [planes, values] = isOutPlane ? [out!, second!] : [second!, out!];
      const [line, o, channels, plane, planeBytes, value, wordAt, word, left] = w.locals('i32', 9);
      const [i, j, top, columnOffset, code, row, column] = w.locals('i32', 7);
      const lastRow = w.local('i32');
      const lastColumn = w.local('i32');
      const nextCode = () => {
        w.get(left).i32.eqz();
        w.if(() => {
          w.assign(word, () => w.get(wordAt).i32.load()).assign(left, perWord);
          w.advance(wordAt, 4);
        });
        w.get(word)
          .i32.const(2 ** bits - 1)
          .i32.and()
          .set(code);
        w.assign(word, () => w.get(word).i32.const(bits).i32.shr_u()).advance(left, -1);
      };
      const pushPlace = () => {
        w.assign(row, () => clamped(w, () => pushQuotient(w, code, kernelWidth).get(top).i32.add(), lastRow));
        w.assign(column, () =>
          clamped(w, () => pushRemainder(w, code, kernelWidth).get(columnOffset).i32.add(), lastColumn),
        );
        w.address(plane, () => w.get(row).get(across.size).i32.mul().get(column).i32.add(), shift);
      };
      const atLeastOne = (axis: Axis) => w.get(axis.size).i32.const(1).i32.sub();

      w.assign(lastRow, () => atLeastOne(h)).assign(lastColumn, () => atLeastOne(across));
      w.assign(planeBytes, () => w.get(h.size).get(across.size).i32.mul().i32.const(shift).i32.shl());
      w.assign(channels, () => w.get(windows!).get(h.out).get(across.out).i32.mul().i32.div_u());
      w.for(line, begin, end, 1, () => {
        const lineBytes = () => w.get(channels).get(planeBytes).i32.mul();
        w.address(planes, () => w.get(line).push(lineBytes).i32.mul()).set(plane);
        w.address(values, () => w.get(line).get(windows!).i32.mul(), shift).set(value);
        w.address(words!, () => w.get(line).get(lineWords!).i32.mul(), 2).set(wordAt);
        w.assign(left, 0);
        startOfLine?.(w, { plane }, lineBytes);
        w.for(o, 0, channels, 1, () => {
          w.for(i, 0, h.out, 1, () => {
            w.assign(top, () => w.get(i).get(h.stride).i32.mul().get(h.pad).i32.sub());
            w.assign(columnOffset, () => w.i32.const(0).get(across.pad).i32.sub());
            w.for(j, 0, across.out, 1, () => {
              nextCode();
              perWindow(w, pushPlace, value);
              w.advance(value, 1 << shift).advance(columnOffset, across.stride);
            });
          });
          w.advance(plane, planeBytes);
        });
      });
    },
  };
}

/** index, moved to the nearest number in [0, last]. */
function clamped(w: FunctionWriter, pushIndex: () => unknown, last: Local): void {
  w.scope(() => {
    const index = w.local('i32');
    w.assign(index, pushIndex);
    w.assign(index, () => w.get(index).i32.const(0).get(index).i32.const(0).i32.gt_s().select());
    w.get(index).get(last).get(index).get(last).i32.lt_s().select();
  });
}

const isPower = (n: number): boolean => (n & (n - 1)) === 0;

/** Pushes ⌊code / divisor⌋. */
function pushQuotient(w: FunctionWriter, code: Local, divisor: number): FunctionWriter {
  return isPower(divisor)
    ? w.get(code).i32.const(Math.log2(divisor)).i32.shr_u()
    : w.get(code).i32.const(divisor).i32.div_u();
}

function pushRemainder(w: FunctionWriter, code: Local, divisor: number): FunctionWriter {
  return isPower(divisor)
    ? w
        .get(code)
        .i32.const(divisor - 1)
        .i32.and()
    : w.get(code).i32.const(divisor).i32.rem_u();
}
