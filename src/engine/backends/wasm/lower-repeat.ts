/** Repeats: one kernel call that runs another kernel at evenly spaced places, so that a batch costs one call however long it is. */
import { coalesce } from './kernels/copy-plan.ts';
import type { KernelSpec } from './library.ts';
import type { LowerContext, Operand } from './lower.ts';
import { shifted } from './lower.ts';

/**
 * (pointers…, other arguments…, inner share, steps in bytes…, begin, end): for r in [begin, end) runs the kernel on pointers moved by r steps, over [0, inner share).
 * The first `moving` parameters of the kernel are the pointers that move.
 */
export function repeatKernel(spec: KernelSpec, moving: number): KernelSpec {
  const own = spec.params.slice(0, -2);
  return {
    key: `repeat ${moving} ${spec.key}`,
    params: [...own, 'i32', ...Array<'i32'>(moving + 2).fill('i32')],
    emit(w, profile, ...params) {
      const inner = w.module.helper(spec.key, spec.params, [], (v, ...p) => spec.emit(v, profile, ...p));
      const args = params.slice(0, own.length);
      const share = params[own.length]!;
      const steps = params.slice(own.length + 1, -2);
      const [begin, end] = params.slice(-2);
      const r = w.local('i32');
      for (const [k, step] of steps.entries()) w.advance(args[k]!, () => w.get(step).get(begin!).i32.mul());
      w.for(r, begin!, end!, 1, () => {
        for (const arg of args) w.get(arg);
        w.i32.const(0).get(share).call(inner);
        for (const [k, step] of steps.entries()) w.advance(args[k]!, step);
      });
    },
  };
}

export interface Repeat {
  readonly spec: KernelSpec;
  /** The pointers that move, in the kernel's order; they come before `args`. */
  readonly pointers: readonly Operand[];
  /** Bytes that each pointer moves along each of `dims`. */
  readonly steps: readonly (readonly number[])[];
  readonly dims: readonly number[];
  readonly args: readonly (Operand | number)[];
  readonly share: number;
}

/** Runs a kernel for every index of `dims`. */
export function repeatCalls(context: LowerContext, { spec, pointers, steps, dims, args, share }: Repeat): void {
  if (share === 0 || dims.includes(0)) return;
  const joined = coalesce(dims, ...steps);
  if (joined.dims.length === 0) {
    context.call(spec, [...pointers, ...args], share);
    return;
  }
  const [count] = joined.dims.slice(-1) as [number];
  const innerSteps = joined.strides.map((s) => s.at(-1)!);
  const repeated = repeatKernel(spec, pointers.length);
  const visit = (axis: number, at: readonly number[]): void => {
    if (axis === joined.dims.length - 1) {
      context.call(repeated, [...pointers.map((p, k) => shifted(p, at[k]!)), ...args, share, ...innerSteps], count);
      return;
    }
    for (let i = 0; i < joined.dims[axis]!; i++)
      visit(
        axis + 1,
        at.map((a, k) => a + i * joined.strides[k]![axis]!),
      );
  };
  visit(
    0,
    pointers.map(() => 0),
  );
}
