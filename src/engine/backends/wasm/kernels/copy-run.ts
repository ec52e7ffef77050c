/** Copying elements of 4 or 8 bytes: one, or a contiguous run. */
import type { FunctionWriter, Local } from '../assembler.ts';

/** Copies one element. */
export function copyOne(w: FunctionWriter, width: 4 | 8, to: Local, from: Local): void {
  w.get(to).get(from);
  if (width === 4) w.i32.load().i32.store();
  else w.i64.load().i64.store();
}

/** Copies a contiguous run and moves both pointers behind it. */
export function copyRun(w: FunctionWriter, width: 4 | 8, to: Local, from: Local, pushCount: () => unknown): void {
  const lanes = 16 / width;
  const left = w.local('i32');
  const step = (elements: number) =>
    w
      .advance(to, elements * width)
      .advance(from, elements * width)
      .advance(left, -elements);
  w.assign(left, pushCount);
  w.while(
    () => w.get(left).i32.const(lanes).i32.ge_u(),
    () => {
      w.get(to).get(from).v128.load().v128.store();
      step(lanes);
    },
  );
  w.while(
    () => w.get(left),
    () => {
      copyOne(w, width, to, from);
      step(1);
    },
  );
}
