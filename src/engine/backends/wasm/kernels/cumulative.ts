/**
 * Running sums and products along the middle axis of (outer, len, inner), one after another from the first element (or the last).
 *
 * Arguments  (out, x, outer, len, inner, begin, end): lines [begin, end) of outer·inner. out may be x.
 */
import type { Dtype } from '../../../dtype.ts';
import type { KernelSpec } from '../library.ts';
import { eachLine, SCALAR, shiftOf } from './scalar.ts';

export interface CumulativeOptions {
  readonly op: 'cumsum' | 'cumprod';
  /** i32 also serves u32. */
  readonly dtype: Exclude<Dtype, 'bool'>;
  /** From the last element to the first. */
  readonly reverse?: boolean;
}

export function cumulativeKernel({ op, dtype, reverse = false }: CumulativeOptions): KernelSpec {
  const [scalar, shift] = [SCALAR[dtype], shiftOf(dtype)];
  return {
    key: `${op} ${scalar}${reverse ? ' reverse' : ''}`,
    params: Array<'i32'>(7).fill('i32'),
    emit(w, _profile, out, x, _outer, len, inner, begin, end) {
      const [to, from, left, step] = w.locals('i32', 4);
      const total = w.local(scalar);
      const identity = op === 'cumsum' ? 0 : 1;
      w.assign(step, () =>
        w
          .get(inner!)
          .i32.const(reverse ? -(1 << shift) : 1 << shift)
          .i32.mul(),
      );
      eachLine(w, { inner: inner!, begin: begin!, end: end! }, (row, column) => {
        const first = () => {
          w.get(row).get(len!).i32.mul();
          if (reverse) w.get(len!).i32.add().i32.const(1).i32.sub();
          w.get(inner!).i32.mul().get(column).i32.add();
        };
        w.address(out!, first, shift).set(to).address(x!, first, shift).set(from);
        w[scalar].const(identity).set(total);
        w.assign(left, len!);
        w.while(
          () => w.get(left),
          () => {
            w.get(total).get(from)[scalar].load();
            w[scalar][op === 'cumsum' ? 'add' : 'mul']().set(total);
            w.get(to).get(total)[scalar].store();
            w.advance(to, step).advance(from, step).advance(left, -1);
          },
        );
      });
    },
  };
}
