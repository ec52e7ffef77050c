/** Writes the steps of a fused group for one vector; a comparison stays a mask as long as only selections read it. */
import type { Dtype } from '../../dtype.ts';
import type { FunctionWriter, Local } from './assembler.ts';
import { boolOfMask, bounds, masks, selections } from './emitters.ts';
import type { FusedStep } from './lower-fused.ts';
import type { Profile } from './profile.ts';

/** A value in a local, or a mask that becomes a bool when one is asked for. */
interface Held {
  value: Local | null;
  readonly mask: Local | null;
  /** The dtype of what was compared: masks have lanes of that width. */
  readonly compared: Dtype | null;
}

export class FusedBody {
  readonly #w: FunctionWriter;
  readonly #profile: Profile;
  readonly #held: Held[];

  constructor(w: FunctionWriter, profile: Profile, operands: readonly Local[]) {
    this.#w = w;
    this.#profile = profile;
    this.#held = operands.map((value) => ({ value, mask: null, compared: null }));
  }

  /** Leaves the results on the stack; `bounded` holds, per step, the place of a bound that is a number. */
  write(steps: readonly FusedStep[], bounded: readonly (number | null)[], outs: readonly number[]): void {
    steps.forEach((step, k) => {
      this.#held.push(this.#step(step, bounded[k]!));
    });
    for (const place of outs) this.#push(place);
  }

  #step({ code, args }: FusedStep, bound: number | null): Held {
    const w = this.#w;
    const { dtype, plain } = code;
    const emit = (how = code.emit): Local => {
      how(w, dtype, this.#profile);
      return w.pop('v128');
    };
    const mask = plain === undefined ? undefined : masks[plain];
    const selection = plain === undefined ? undefined : selections[plain];
    const chosen = this.#held[args[0]!]!;
    if (selection !== undefined && chosen.mask !== null && isWide(chosen.compared!) === isWide(dtype)) {
      w.get(chosen.mask);
      for (const place of args.slice(1)) this.#push(place);
      return { value: emit(selection), mask: null, compared: null };
    }
    if (bound !== null) {
      this.#push(args.find((place) => place !== bound) ?? bound);
      this.#push(bound);
      return { value: emit(bounds[plain!]), mask: null, compared: null };
    }
    for (const place of args) this.#push(place);
    if (mask !== undefined) return { value: null, mask: emit(mask), compared: dtype };
    return { value: emit(), mask: null, compared: null };
  }

  #push(place: number): void {
    const held = this.#held[place]!;
    if (held.value === null) {
      this.#w.get(held.mask!);
      boolOfMask(this.#w, held.compared!, this.#profile);
      held.value = this.#w.pop('v128');
    }
    this.#w.get(held.value);
  }
}

const isWide = (dtype: Dtype): boolean => dtype === 'f64';
