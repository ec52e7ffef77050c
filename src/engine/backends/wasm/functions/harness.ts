/** Runs one function emitter over arrays; tests and the sweep script use it. */
import { type Dtype, type FloatDtype, storageFor, type TypedArray, viewOf } from '../../../dtype.ts';
import { applying, type Emit, elementwiseKernel } from '../elementwise.ts';
import { KernelLibrary } from '../library.ts';
import type { Profile } from '../profile.ts';

const BASE = 1024;

/** An emitter as a function of arrays of equal length. */
export function runner(
  emit: Emit,
  dtype: FloatDtype,
  profile: Profile,
  inputs: readonly Dtype[],
): (...operands: TypedArray[]) => TypedArray {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const kernel = new KernelLibrary(memory, profile).get(
    elementwiseKernel({
      key: 'function',
      inputs: inputs.map((input) => ({ dtype: input, mode: 'v' })),
      out: dtype,
      body: applying(emit, dtype),
    }),
  );
  return (...operands) => {
    const length = operands[0]!.length;
    const at = (slot: number) => BASE + slot * 8 * Math.ceil((length + 8) / 8) * 8;
    const missing = at(operands.length + 1) - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    operands.forEach((operand, i) => {
      viewOf(inputs[i]!, memory.buffer, at(i + 1), length).set(operand);
    });
    const pointers = operands.map((_, i) => at(i + 1));
    kernel(at(0), ...pointers, length, ...operands.map(() => length), 0, 1);
    const out = storageFor(dtype, length);
    out.set(viewOf(dtype, memory.buffer, at(0), length));
    return out;
  };
}
