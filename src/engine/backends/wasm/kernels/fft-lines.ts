/**
 * What stands around the stages of a Fourier transform: rows of numbers to and from f64, and products with complex factors.
 *
 * Order      every element by itself; f32 results are rounded once.
 * Arguments  move: (to, from, width, stepTo, stepFrom, begin, end): rows [begin, end) of `width` elements, steps in bytes;
 *            turn: (yRe, yIm, xRe, xIm, fRe, fIm, s, begin, end): y[p, q] = x[p, q]·f[p] for rows p in [begin, end) of s elements; y may be x.
 */
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { times } from './fft-stage.ts';

export type Move = 'f32 to f64' | 'f64 to f32' | 'f64';

/** Two elements of one row. */
function movePair(w: FunctionWriter, move: Move, to: Local, from: Local): void {
  w.get(to).get(from);
  if (move === 'f32 to f64') w.v128.load64_zero().f64x2.promote_low_f32x4().v128.store();
  else if (move === 'f64 to f32') w.v128.load().f32x4.demote_f64x2_zero().v128.store64_lane(0);
  else w.v128.load().v128.store();
}

function moveOne(w: FunctionWriter, move: Move, to: Local, from: Local): void {
  w.get(to).get(from);
  if (move === 'f32 to f64') w.f32.load().f64.promote_f32().f64.store();
  else if (move === 'f64 to f32') w.f64.load().f32.demote_f64().f32.store();
  else w.f64.load().f64.store();
}

export function fftMoveKernel(move: Move): KernelSpec {
  const [bytesFrom, bytesTo] = [move === 'f32 to f64' ? 4 : 8, move === 'f64 to f32' ? 4 : 8];
  return {
    key: `fft move ${move}`,
    params: Array<'i32'>(7).fill('i32'),
    emit(w, _profile, to, from, width, stepTo, stepFrom, begin, end) {
      const [row, left, source, target] = w.locals('i32', 4);
      w.for(row, begin!, end!, 1, () => {
        w.assign(source, () => w.address(from!, () => w.get(row).get(stepFrom!).i32.mul()));
        w.assign(target, () => w.address(to!, () => w.get(row).get(stepTo!).i32.mul()));
        w.assign(left, width!);
        w.while(
          () => w.get(left).i32.const(2).i32.ge_u(),
          () => {
            movePair(w, move, target, source);
            w.advance(source, 2 * bytesFrom)
              .advance(target, 2 * bytesTo)
              .advance(left, -2);
          },
        );
        w.get(left).if(() => moveOne(w, move, target, source));
      });
    },
  };
}

export const fftTurnKernel: KernelSpec = {
  key: 'fft turn',
  params: Array<'i32'>(9).fill('i32'),
  emit(w, profile, yRe, yIm, xRe, xIm, fRe, fIm, s, begin, end) {
    const [row, place, last] = w.locals('i32', 3);
    const read = (base: Local, index: Local, load: 'load' | 'load64_zero' | 'load64_splat') =>
      w.address(base, index, 3).v128[load]().pop('v128');
    const turn = (f: { re: Local; im: Local }, load: 'load' | 'load64_zero') =>
      w.scope(() => {
        const product = times(w, profile, { re: read(xRe!, place, load), im: read(xIm!, place, load) }, f);
        for (const [base, value] of [
          [yRe!, product.re],
          [yIm!, product.im],
        ] as const) {
          w.address(base, place, 3).get(value);
          if (load === 'load') w.v128.store();
          else w.v128.store64_lane(0);
        }
      });
    const factor = (index: Local, load: 'load' | 'load64_zero' | 'load64_splat') => ({
      re: read(fRe!, index, load),
      im: read(fIm!, index, load),
    });
    const pairs = (one: () => unknown, two: () => unknown) => {
      w.while(
        () => w.get(last).get(place).i32.sub().i32.const(2).i32.ge_u(),
        () => {
          two();
          w.advance(place, 2);
        },
      );
      w.get(last).get(place).i32.ne();
      w.if(() => one());
    };
    w.get(s!).i32.const(1).i32.eq();
    w.if(
      () => {
        w.assign(place, begin!).assign(last, end!);
        pairs(
          () => turn(factor(place, 'load64_zero'), 'load64_zero'),
          () => turn(factor(place, 'load'), 'load'),
        );
      },
      () =>
        w.for(row, begin!, end!, 1, () => {
          const f = factor(row, 'load64_splat');
          w.assign(place, () => w.get(row).get(s!).i32.mul());
          w.assign(last, () => w.get(place).get(s!).i32.add());
          pairs(
            () => turn(f, 'load64_zero'),
            () => turn(f, 'load'),
          );
        }),
    );
  },
};
