/** Kernel calls with holes for addresses: made once, then filled in and called without allocating. */
import type { KernelFunction, KernelLibrary } from './library.ts';
import type { Operand } from './lower.ts';
import type { KernelCall } from './recorder.ts';

/** Where an operand is, relative to a base address that is known when the call is made. */
export interface Relocation {
  readonly base: number;
  readonly offset: number;
}

export interface RelocatableCall {
  readonly kernel: KernelFunction;
  /** All arguments; those that are addresses are filled in before each call. */
  readonly args: number[];
  /** Position, base and offset of every address, one after another. */
  readonly holes: readonly number[];
}

/** Prepares calls; `relocate` says to which base an operand belongs. */
export function prepareCalls(
  calls: readonly KernelCall[],
  library: KernelLibrary,
  relocate: (x: Operand) => Relocation,
): RelocatableCall[] {
  return calls.map(({ spec, args, share }) => {
    const holes = args.flatMap((a, position) => {
      if (typeof a === 'number') return [];
      const { base, offset } = relocate(a);
      return [position, base, offset];
    });
    const filled = [...args.map((a) => (typeof a === 'number' ? a : 0)), 0, share];
    return { kernel: library.get(spec), args: filled, holes };
  });
}

/** Makes the calls on these base addresses. */
export function runCalls(calls: readonly RelocatableCall[], bases: readonly number[]): void {
  for (const { kernel, args, holes } of calls) {
    for (let h = 0; h < holes.length; h += 3) args[holes[h]!] = bases[holes[h + 1]!]! + holes[h + 2]!;
    kernel(...args);
  }
}

/** Makes the calls and returns the milliseconds of each. */
export const timeCalls = (calls: readonly RelocatableCall[], bases: readonly number[]): number[] =>
  calls.map((call) => {
    const start = performance.now();
    runCalls([call], bases);
    return performance.now() - start;
  });
