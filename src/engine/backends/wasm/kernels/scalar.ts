/** Scalar access by dtype: what kernels that go element by element share. */
import { BYTES, type Dtype } from '../../../dtype.ts';
import type { FunctionWriter, Local, ValType } from '../assembler.ts';

/** The WebAssembly type of one element. */
export const SCALAR = { f32: 'f32', f64: 'f64', i32: 'i32', u32: 'i32', bool: 'i32' } as const satisfies Record<
  Dtype,
  ValType
>;

/** log₂ of an element's bytes. */
export const shiftOf = (dtype: Dtype): number => Math.log2(BYTES[dtype]);

/** Turns element strides or counts into bytes, in place. */
export function toBytes(w: FunctionWriter, dtype: Dtype, ...counts: readonly Local[]): void {
  for (const count of counts) w.assign(count, () => w.get(count).i32.const(shiftOf(dtype)).i32.shl());
}

/** Visits every line (outer, inner) of a share: `visit` finds the line's row and column. */
export function eachLine(
  w: FunctionWriter,
  { inner, begin, end }: { readonly inner: Local; readonly begin: Local; readonly end: Local },
  visit: (row: Local, column: Local) => void,
): void {
  const [line, row, column] = w.locals('i32', 3);
  w.for(line, begin, end, 1, () => {
    w.assign(row, () => w.get(line).get(inner).i32.div_u());
    w.assign(column, () => w.get(line).get(row).get(inner).i32.mul().i32.sub());
    visit(row, column);
  });
}
