/** `whileLoop`: a step repeated while a condition holds. */
import { ConfigError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { UNBOUNDED } from './scan-op.ts';
import { boolOf, runGuarded } from './scan-stop.ts';

export interface WhileOptions {
  /** Ends the loop after so many steps at the latest; with it reverse mode works, and keeps what so many steps need. */
  readonly maxTrips?: number;
}

/**
 * Repeats `body` while `condition(carry)` holds, and returns the last carry; structure, shapes and dtypes of the carry do not change.
 *
 * Forward mode and vmap work always: each instance stops for itself, the loop when all have stopped. Reverse mode needs `maxTrips`.
 */
export function whileLoop<C>(
  condition: (carry: C) => Tensor,
  body: (carry: C) => C,
  init: C,
  options: WhileOptions = {},
): C {
  return whileSteps(condition, body, init, options)[0];
}

/** `whileLoop` that also says how many steps were run, an i32 without axes. */
export function whileSteps<C>(
  condition: (carry: C) => Tensor,
  body: (carry: C) => C,
  init: C,
  { maxTrips = UNBOUNDED }: WhileOptions = {},
): [carry: C, steps: Tensor] {
  if (!Number.isInteger(maxTrips) || maxTrips < 0 || maxTrips > UNBOUNDED)
    throw new ConfigError(`whileLoop: maxTrips is ${maxTrips}, not a number of steps`, { help: 'give a whole number' });
  const ask = (carry: C): Tensor => boolOf('whileLoop: the condition', condition(carry));
  const step = (carry: C): readonly [C, null] => [body(carry), null];
  const [carry, , steps] = runGuarded(step, init, null, { length: maxTrips, flag: 0 }, (_, next) => ask(next), ask);
  return [carry, steps];
}
