/** Turns lowerings into a flat list of kernel calls on numbered blocks. */
import type { Aval } from '../../tensor.ts';
import { bytesOf } from '../../tensor.ts';
import type { KernelSpec } from './library.ts';
import type { LowerContext, Operand } from './lower.ts';
import type { Profile } from './profile.ts';

export interface KernelCall {
  readonly spec: KernelSpec;
  readonly args: readonly (Operand | number)[];
  readonly share: number;
}

/** Collects the calls of one node; temporaries are numbered from `firstTemp`. */
export class Recorder implements LowerContext {
  readonly profile: Profile;
  readonly calls: KernelCall[] = [];
  readonly temps: { readonly block: number; readonly bytes: number }[] = [];
  readonly #nextBlock: () => number;

  constructor(profile: Profile, nextBlock: () => number) {
    this.profile = profile;
    this.#nextBlock = nextBlock;
  }

  call(spec: KernelSpec, args: readonly (Operand | number)[], share: number): void {
    if (share > 0) this.calls.push({ spec, args, share });
  }

  temp(x: Aval): Operand {
    const block = this.#nextBlock();
    this.temps.push({ block, bytes: bytesOf(x) });
    return { block, offset: 0, shape: x.shape, dtype: x.dtype };
  }
}
