/**
 * Masks of one bit per element, 32 to a u32 word from the low bit up; the rest of a line's last word is 0.
 *
 * positiveBits   (words, x, length, begin, end): x (lines, length) → bit k of word ⌊i/32⌋ is x[i] > 0.
 * bitGate        (out, x, words, length, begin, end): out[i] = x[i] where bit i is set, else +0.
 * Plan           a word at a time: compare or select whole vectors while 32 elements are left, then single elements.
 * Shares         lines.
 */
import type { FloatDtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { shiftOf } from './scalar.ts';

const WORD = 32;

export function positiveBitsKernel(dtype: FloatDtype): KernelSpec {
  return {
    key: `positiveBits ${dtype}`,
    params: Array<'i32'>(5).fill('i32'),
    emit(w, _profile, words, x, length, begin, end) {
      const [at, to, word, k] = w.locals('i32', 4);
      const lanes = 16 >> shiftOf(dtype);
      eachWord(
        w,
        { dtype, length: length!, begin: begin!, end: end!, arrays: [[x!, at]], words: [words!, to] },
        {
          open: () => w.assign(word, 0),
          whole() {
            for (let v = 0; v < WORD / lanes; v++) {
              w.get(at)
                .v128.load(16 * v)
                .v128.zero();
              if (dtype === 'f32') w.f32x4.gt().i32x4.bitmask();
              else w.f64x2.gt().i64x2.bitmask();
              w.i32
                .const(lanes * v)
                .i32.shl()
                .get(word)
                .i32.or()
                .set(word);
            }
          },
          part: (left) =>
            w.for(k, 0, left, 1, () => {
              w.address(at, k, shiftOf(dtype))[dtype].load()[dtype].const(0)[dtype].gt();
              w.get(k).i32.shl().get(word).i32.or().set(word);
            }),
          close: () => w.get(to).get(word).i32.store(),
        },
      );
    },
  };
}

export function bitGateKernel(dtype: FloatDtype): KernelSpec {
  return {
    key: `bitGate ${dtype}`,
    params: Array<'i32'>(6).fill('i32'),
    emit(w, _profile, out, x, words, length, begin, end) {
      const [to, at, from, word, k] = w.locals('i32', 5);
      const spread = w.local('v128');
      const lanes = 16 >> shiftOf(dtype);
      const arrays = [
        [out!, to],
        [x!, at],
      ] as const;
      eachWord(
        w,
        { dtype, length: length!, begin: begin!, end: end!, arrays, words: [words!, from] },
        {
          open: () => w.get(from).i32.load().tee(word).i32x4.splat().set(spread),
          whole() {
            for (let v = 0; v < WORD / lanes; v++) {
              const bits = bitsOf(dtype, lanes * v);
              w.get(to)
                .get(at)
                .v128.load(16 * v)
                .get(spread)
                .i32x4.const(bits)
                .v128.and()
                .i32x4.const(bits);
              w.i32x4
                .eq()
                .v128.and()
                .v128.store(16 * v);
            }
          },
          part: (left) =>
            w.for(k, 0, left, 1, () => {
              w.address(to, k, shiftOf(dtype)).address(at, k, shiftOf(dtype))[dtype].load()[dtype].const(0);
              w.get(word).get(k).i32.shr_u().i32.const(1).i32.and().select()[dtype].store();
            }),
          close: () => undefined,
        },
      );
    },
  };
}

/** The bit of each 4-byte half of the lanes that begin at element `first`. */
const bitsOf = (dtype: FloatDtype, first: number): [number, number, number, number] =>
  [0, 1, 2, 3].map((i) => 1 << (first + (dtype === 'f32' ? i : i >> 1))) as [number, number, number, number];

interface WordLoop {
  readonly dtype: FloatDtype;
  readonly length: Local;
  readonly begin: Local;
  readonly end: Local;
  /** Arrays of elements, each with the local that holds the address of the current word's first element. */
  readonly arrays: readonly (readonly [base: Local, at: Local])[];
  readonly words: readonly [base: Local, at: Local];
}

interface WordBody {
  open(): unknown;
  /** 32 elements. */
  whole(): unknown;
  /** Fewer than 32. */
  part(left: Local): unknown;
  close(): unknown;
}

/** Visits the words of every line of a share. */
function eachWord(w: FunctionWriter, { dtype, length, begin, end, arrays, words }: WordLoop, body: WordBody): void {
  const [line, left, lineWords] = w.locals('i32', 3);
  const [wordBase, wordAt] = words;
  const enough = () => w.get(left).i32.const(WORD).i32.ge_u();
  w.get(length)
    .i32.const(WORD - 1)
    .i32.add()
    .i32.const(5)
    .i32.shr_u()
    .set(lineWords);
  w.for(line, begin, end, 1, () => {
    for (const [base, at] of arrays) w.address(base, () => w.get(line).get(length).i32.mul(), shiftOf(dtype)).set(at);
    w.address(wordBase, () => w.get(line).get(lineWords).i32.mul(), 2).set(wordAt);
    w.assign(left, length);
    w.while(
      () => w.get(left),
      () => {
        body.open();
        enough();
        w.if(
          () => body.whole(),
          () => body.part(left),
        );
        body.close();
        for (const [, at] of arrays) w.advance(at, WORD << shiftOf(dtype));
        w.advance(wordAt, 4);
        w.get(left).i32.const(WORD).i32.sub().i32.const(0).push(enough).select().set(left);
      },
    );
  });
}
