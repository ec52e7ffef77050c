/** Repeats: one kernel call that runs other kernels at evenly spaced places, so that a batch costs one call however long it is. */
import { coalesce } from './kernels/copy-plan.ts';
import type { KernelSpec } from './library.ts';
import type { LowerContext, Operand } from './lower.ts';
import { shifted } from './lower.ts';

/** One kernel of a repeated sequence; its first parameters are the pointers that move. */
export interface Stage {
  readonly spec: KernelSpec;
  readonly pointers: readonly Operand[];
  /** Bytes that each pointer moves per turn. */
  readonly steps: readonly number[];
  readonly args: readonly (Operand | number)[];
  readonly share: number;
}

/**
 * Per stage (pointers…, other arguments…, inner share, steps…), then (turns, begin, end): for r in [begin·turns, end·turns) runs the stages one after another, on pointers moved by r steps.
 */
function repeatKernel(stages: readonly Stage[]): KernelSpec {
  const parts = stages.map(({ spec, pointers }) => ({ spec, arity: spec.params.length - 2, moving: pointers.length }));
  return {
    key: `repeat ${parts.map((p) => `${p.moving} ${p.spec.key}`).join(', ')}`,
    params: [
      ...parts.flatMap((p) => [...p.spec.params.slice(0, -1), ...Array<'i32'>(p.moving).fill('i32')]),
      'i32',
      'i32',
      'i32',
    ],
    emit(w, profile, ...params) {
      const [turns, begin, end] = params.slice(-3) as [(typeof params)[0], (typeof params)[0], (typeof params)[0]];
      const [r, first, last] = w.locals('i32', 3);
      let at = 0;
      const calls = parts.map(({ spec, arity, moving }) => {
        const args = params.slice(at, at + arity);
        const steps = params.slice(at + arity + 1, at + arity + 1 + moving);
        const share = params[at + arity]!;
        at += arity + 1 + moving;
        return {
          args,
          steps,
          share,
          index: w.module.helper(spec.key, spec.params, [], (v, ...p) => spec.emit(v, profile, ...p)),
        };
      });
      w.assign(first, () => w.get(begin).get(turns).i32.mul()).assign(last, () => w.get(end).get(turns).i32.mul());
      for (const { args, steps } of calls)
        for (const [k, step] of steps.entries()) w.advance(args[k]!, () => w.get(step).get(first).i32.mul());
      w.for(r, first, last, 1, () => {
        for (const { args, steps, share, index } of calls) {
          for (const arg of args) w.get(arg);
          w.i32.const(0).get(share).call(index);
          for (const [k, step] of steps.entries()) w.advance(args[k]!, step);
        }
      });
    },
  };
}

/** Runs a sequence of kernels `turns` times. Turns that do not depend on one another are `independent` and may be shared out. */
export function repeatStages(
  context: LowerContext,
  stages: readonly Stage[],
  turns: number,
  isIndependent: boolean,
): void {
  if (turns === 0) return;
  const args = stages.flatMap((s) => [...s.pointers, ...s.args, s.share, ...s.steps]);
  context.call(repeatKernel(stages), [...args, isIndependent ? 1 : turns], isIndependent ? turns : 1);
}

export interface Repeat extends Omit<Stage, 'steps'> {
  readonly dims: readonly number[];
  /** Bytes that each pointer moves along each of `dims`. */
  readonly steps: readonly (readonly number[])[];
}

/** Runs a kernel for every index of `dims`; the results do not depend on one another. */
export function repeatCalls(context: LowerContext, { dims, steps, ...stage }: Repeat): void {
  const { spec, pointers, args, share } = stage;
  if (share === 0 || dims.includes(0)) return;
  const joined = coalesce(dims, ...steps);
  if (joined.dims.length === 0) {
    context.call(spec, [...pointers, ...args], share);
    return;
  }
  const innerSteps = joined.strides.map((s) => s.at(-1)!);
  const visit = (axis: number, at: readonly number[]): void => {
    const count = joined.dims[axis]!;
    if (axis === joined.dims.length - 1) {
      repeatStages(
        context,
        [{ ...stage, pointers: pointers.map((p, k) => shifted(p, at[k]!)), steps: innerSteps }],
        count,
        true,
      );
      return;
    }
    for (let i = 0; i < count; i++)
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
