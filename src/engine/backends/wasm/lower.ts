/**
 * The language in which ops are lowered to WASM: calls of library kernels on operands.
 *
 * An op's lowering names kernels and arguments; it never sees an address. The same list of calls is executed at once (eager), interpreted (tier 0) or compiled into a plan module.
 */
import type { Aval } from '../../tensor.ts';
import type { KernelSpec } from './library.ts';

/** A value in memory: one input, output or temporary of the op being lowered. */
export interface Operand extends Aval {
  /** Which block of memory; numbered by the context. */
  readonly block: number;
  /** Where in the block, in bytes. */
  readonly offset: number;
}

export interface LowerContext {
  readonly profile: 'fma' | 'strict';
  /**
   * Appends a kernel call; the kernel receives `args`, then its share [0, share). A program on several threads cuts the share into ranges that run at the same time: the bits must not depend on
   * where it is cut, and no range may read or write what another one writes. A kernel that cannot be cut has the share 1.
   */
  call(spec: KernelSpec, args: readonly (Operand | number)[], share: number): void;
  /** Memory that lives for this op only; what is kept `per: 'thread'` is scratch: every thread has its own, and nothing in it outlives a call. */
  temp(x: Aval, options?: TempOptions): Operand;
}

export interface TempOptions {
  /** `helper`: as `thread`, but the first thread has none. */
  readonly per?: 'op' | 'thread' | 'helper';
}

export type WasmLowering<P> = (
  context: LowerContext,
  ins: readonly Operand[],
  outs: readonly Operand[],
  params: P,
) => void;

/** The same memory `bytes` further on, or under another shape. */
export const shifted = (x: Operand, bytes: number): Operand => ({ ...x, offset: x.offset + bytes });
export const reshaped = (x: Operand, shape: readonly number[]): Operand => ({ ...x, shape });
