/** Turns lowerings into a flat list of kernel calls on numbered blocks. */
import type { Aval } from '../../tensor.ts';
import { bytesOf } from '../../tensor.ts';
import type { KernelSpec } from './library.ts';
import type { LowerContext, Operand, TempOptions } from './lower.ts';
import type { Profile } from './profile.ts';

export interface KernelCall {
  readonly spec: KernelSpec;
  readonly args: readonly (Operand | number)[];
  readonly share: number;
}

export interface RecordedTemp {
  readonly block: number;
  readonly bytes: number;
  /** Bytes that every further thread needs beside them. */
  readonly helperBytes: number;
}

/** Collects the calls of one node; temporaries are numbered from `firstTemp`. */
export class Recorder implements LowerContext {
  readonly profile: Profile;
  readonly calls: KernelCall[] = [];
  readonly temps: RecordedTemp[] = [];
  readonly #nextBlock: () => number;

  constructor(profile: Profile, nextBlock: () => number) {
    this.profile = profile;
    this.#nextBlock = nextBlock;
  }

  call(spec: KernelSpec, args: readonly (Operand | number)[], share: number): void {
    if (share > 0) this.calls.push({ spec, args, share });
  }

  temp(x: Aval, { per = 'op' }: TempOptions = {}): Operand {
    const block = this.#nextBlock();
    const bytes = bytesOf(x);
    this.temps.push({ block, bytes: per === 'helper' ? 0 : bytes, helperBytes: per === 'op' ? 0 : bytes });
    return { block, offset: 0, shape: x.shape, dtype: x.dtype };
  }
}
