/**
 * Loops that end by themselves: a scan whose carry says whether to go on.
 *
 * The body is a choice between the step and standing still, so derivatives and batches see the steps that were run and no others; where nobody goes on any more the loop really ends.
 */
import { DtypeError, ShapeError } from '../errors.ts';
import { add } from '../ops/arithmetic.ts';
import { scalar } from '../ops/constant.ts';
import { zerosLike } from '../ops/movement.ts';
import { asTensor } from '../ops/promote.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { aval, showAval } from '../tensor.ts';
import { flatten, unflatten } from '../tree.ts';
import { cond } from './cond.ts';
import { type RunOptions, runScan, settled } from './scan.ts';

/** The carry of a loop that ends by itself: whether to go on, how many steps were run, the user's carry. */
export type Guarded<C> = readonly [going: Tensor, steps: Tensor, carry: C];

/** Runs a scan until `goOn(before, after)` is false after a step, or `isGoing` at the start. */
export function runGuarded<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: RunOptions,
  goOn: (before: C, after: C) => Tensor,
  isGoing: (carry: C) => Tensor = () => scalar(1, 'bool'),
): [carry: C, ys: Y, steps: Tensor] {
  const first = settled(f, init, xs);
  const start: Guarded<C> = [isGoing(first), scalar(0, 'i32'), first];
  const [[, steps, carry], ys] = runScan(guardedStep(f, goOn), start, xs, { ...options, flag: 0 });
  return [carry, ys, steps];
}

function guardedStep<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  goOn: (before: C, after: C) => Tensor,
): (state: Guarded<C>, x: X) => readonly [Guarded<C>, Y] {
  return ([going, steps, carry], x) => {
    let zeros: (() => Y) | null = null;
    const run = (): [Guarded<C>, Y] => {
      const [next, y] = f(carry, x);
      const [leaves, def] = flatten(y);
      const types = leaves.map((leaf): Aval => aval(asTensor(leaf as Tensor | number)));
      zeros = () => unflatten<Y>(def, types.map(zerosLike));
      return [[goOn(carry, next), add(steps, 1), next], y];
    };
    return cond(going, run, (): [Guarded<C>, Y] => [[going, steps, carry], zeros!()]);
  };
}

/** A choice for one instance. */
export function boolOf(name: string, x: Tensor): Tensor {
  if (x.dtype !== 'bool')
    throw new DtypeError(`${name} gave ${showAval(x)}, not a bool`, {
      dtype: x.dtype,
      help: 'compare: lt(x, limit), gt …',
    });
  if (x.rank !== 0)
    throw new ShapeError(`${name} gave ${showAval(x)}, not one value`, {
      shape: x.shape,
      help: 'reduce it with all or any; use vmap for one loop per instance',
    });
  return x;
}
