/** The arguments of a kernel call as code. */
import type { FunctionWriter } from './assembler.ts';
import type { Operand } from './lower.ts';
import type { KernelCall } from './recorder.ts';

/** Pushes the arguments before the share; `push` knows where operands are. */
export function pushArgs(w: FunctionWriter, { spec, args }: KernelCall, push: (x: Operand) => void): void {
  args.forEach((arg, i) => {
    if (typeof arg !== 'number') push(arg);
    else if (spec.params[i] === 'i32') w.i32.const(arg | 0);
    else w[spec.params[i] as 'f32' | 'f64'].const(arg);
  });
}
