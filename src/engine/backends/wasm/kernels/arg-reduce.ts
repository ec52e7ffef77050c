/**
 * Where the largest or smallest element lies along the middle axis of (outer, len, inner), as i32.
 *
 * Arguments  (out, x, outer, len, inner, begin, end): outputs [begin, end) of outer·inner.
 * Ties       the first index wins; NaN counts as the extreme, so the first NaN wins over all. An empty axis gives 0.
 */
import type { Dtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { eachLine, SCALAR, shiftOf } from './scalar.ts';

export function argReduceKernel(op: 'argmax' | 'argmin', dtype: Dtype): KernelSpec {
  const [scalar, shift] = [SCALAR[dtype], shiftOf(dtype)];
  return {
    key: `${op} ${dtype}`,
    params: Array<'i32'>(7).fill('i32'),
    emit(w, _profile, out, x, _outer, len, inner, begin, end) {
      const [at, index, i, step, line] = w.locals('i32', 5);
      const [best, value] = w.locals(scalar, 2);
      w.assign(step, () => w.get(inner!).i32.const(shift).i32.shl());
      w.address(out!, begin!, 2).set(line);
      eachLine(w, { inner: inner!, begin: begin!, end: end! }, (row, column) => {
        w.address(x!, () => w.get(row).get(len!).i32.mul().get(inner!).i32.mul().get(column).i32.add(), shift).set(at);
        w.assign(index, 0);
        w.get(len!).if(() => w.get(at)[scalar].load().set(best));
        w.for(i, 1, len!, 1, () => {
          w.advance(at, step);
          w.get(at)[scalar].load().set(value);
          pushIsBetter(w, op === 'argmax', dtype, value, best);
          w.if(() => w.get(value).set(best).assign(index, i));
        });
        w.get(line).get(index).i32.store();
        w.advance(line, 4);
      });
    },
  };
}

/** Strictly better, NaN included: not (value ≤ best), unless best is NaN already. */
function pushIsBetter(w: FunctionWriter, isMax: boolean, dtype: Dtype, value: Local, best: Local): void {
  w.get(value).get(best);
  if (dtype === 'f32' || dtype === 'f64') {
    w[dtype][isMax ? 'le' : 'ge']().i32.eqz().get(best).get(best);
    w[dtype].eq().i32.and();
  } else if (dtype === 'i32') w.i32[isMax ? 'gt_s' : 'lt_s']();
  else w.i32[isMax ? 'gt_u' : 'lt_u']();
}
