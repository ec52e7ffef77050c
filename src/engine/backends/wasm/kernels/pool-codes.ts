/**
 * Codes of pooling windows: which tap of its window a place in the plane is, packed into u32 words, and back.
 *
 * encodePlaces   (words, places, bits, perWord, windows, words a line, window…, begin, end): places (lines, windows) i32 → words (lines, words a line).
 * decodePlaces   (places, words, the same): and back; a code that points outside its plane gives the nearest place in it.
 * Code           (h − (i·sh − ph))·kw + w − (j·sw − pw) for the place h·W + w of window (i, j); windows run over (channels, oh, ow) in row-major order.
 * Shares         lines: images.
 */
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { type Axis, axesOf, WINDOW_PARAMS } from './window.ts';

const PARAMS = Array<'i32'>(6 + WINDOW_PARAMS.length + 2).fill('i32');

/** What the body of the loop over windows works on. */
interface Step {
  readonly word: Local;
  readonly shift: Local;
  readonly bits: Local;
  /** Address of the window's place. */
  readonly place: Local;
  /** Row and column of the window's first tap. */
  readonly top: Local;
  readonly left: Local;
  readonly h: Axis;
  readonly w: Axis;
}

export function encodePlacesKernel(): KernelSpec {
  return codesKernel('encodePlaces', true, (w, { word, shift, place, top, left, h: _, w: across }) => {
    const at = w.local('i32');
    w.get(place).i32.load().set(at);
    w.get(at).get(across.size).i32.div_u().get(top).i32.sub().get(across.kernel).i32.mul();
    w.get(at).get(across.size).i32.rem_u().i32.add().get(left).i32.sub();
    w.get(shift).i32.shl().get(word).i32.or().set(word);
  });
}

export function decodePlacesKernel(): KernelSpec {
  return codesKernel('decodePlaces', false, (w, { word, shift, bits, place, top, left, h: down, w: across }) => {
    const [code, row, column] = w.locals('i32', 3);
    w.get(word).get(shift).i32.shr_u().i32.const(1).get(bits).i32.shl().i32.const(1).i32.sub().i32.and().set(code);
    w.get(code).get(across.kernel).i32.div_u().get(top).i32.add().set(row);
    w.get(code).get(across.kernel).i32.rem_u().get(left).i32.add().set(column);
    clampTo(w, row, down.size);
    clampTo(w, column, across.size);
    w.get(place).get(row).get(across.size).i32.mul().get(column).i32.add().i32.store();
  });
}

/** index ← the nearest number in [0, size). */
function clampTo(w: FunctionWriter, index: Local, size: Local): void {
  w.get(index).i32.const(0).get(index).i32.const(0).i32.gt_s().select().set(index);
  w.get(index).get(size).i32.const(1).i32.sub().get(index).get(size).i32.lt_s().select().set(index);
}

/** Loops over lines, words and the windows of a word; encoding, `words` comes first, decoding, `places`. */
function codesKernel(key: string, isEncoding: boolean, step: (w: FunctionWriter, parts: Step) => void): KernelSpec {
  return {
    key,
    params: PARAMS,
    emit(w, _profile, first, second, bits, perWord, windows, lineWords, ...rest) {
      const axes = axesOf(rest);
      const [begin, end] = rest.slice(12) as [Local, Local];
      const [words, places] = isEncoding ? [first!, second!] : [second!, first!];
      const [line, q, o, last, wordAt, place, word, shift, top, left] = w.locals('i32', 10);
      const lineOf = (base: Local, length: Local) => w.address(base, () => w.get(line).get(length).i32.mul(), 2);
      w.for(line, begin, end, 1, () => {
        lineOf(words, lineWords!).set(wordAt);
        lineOf(places, windows!).set(place);
        w.assign(o, 0);
        w.for(q, 0, lineWords!, 1, () => {
          w.assign(word, isEncoding ? 0 : () => w.get(wordAt).i32.load()).assign(shift, 0);
          w.get(o).get(perWord!).i32.add().set(last);
          w.get(last).get(windows!).get(last).get(windows!).i32.lt_u().select().set(last);
          w.while(
            () => w.get(o).get(last).i32.lt_u(),
            () => {
              const along = (axis: Axis, index: () => unknown) =>
                w.push(index).get(axis.out).i32.rem_u().get(axis.stride).i32.mul().get(axis.pad).i32.sub();
              along(axes.h, () => w.get(o).get(axes.w.out).i32.div_u()).set(top);
              along(axes.w, () => w.get(o)).set(left);
              step(w, { word, shift, bits: bits!, place, top, left, ...axes });
              w.advance(place, 4).advance(shift, bits!).advance(o, 1);
            },
          );
          if (isEncoding) w.get(wordAt).get(word).i32.store();
          w.advance(wordAt, 4);
        });
      });
    },
  };
}
