/** Projections: what parameters must be after every step — in a box, of a sign, without a diagonal, sparse, of bounded length. */

import type { Tensor, Tree } from '../engine/index.ts';
import {
  abs,
  add,
  argsort,
  ConfigError,
  clamp,
  div,
  eq,
  eye,
  gt,
  lt,
  maximum,
  minimum,
  mul,
  reshape,
  ShapeError,
  sameShape,
  showShape,
  sqrt,
  square,
  sub,
  sum,
  where,
} from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import type { LeafRecord } from './record.ts';
import { fromRecord, recordOf } from './record.ts';

/** The nearest point of a set, leaf by leaf. */
export interface Projection {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  apply(param: Tensor): Tensor;
}

export interface Constraint {
  readonly projection: Projection;
  /** Chooses leaves by path, `[2].w`; all of them unless said. */
  readonly match?: (path: string) => boolean;
}

/** Lets an optimiser step, then projects what comes out; constraints act in order. The parameters meet them up to the rounding of params + step. */
export function projected(optimizer: Optimizer, constraints: readonly Constraint[]): Optimizer {
  return {
    name: 'projected',
    config: {
      optimizer: { name: optimizer.name, ...optimizer.config },
      constraints: constraints.map(({ projection }) => ({ name: projection.name, ...projection.config })),
    },
    init: (params) => optimizer.init(params),
    update(credit, state, call) {
      const [step, next] = optimizer.update(credit, state, call);
      const [steps, params] = [recordOf(step), recordOf(call.params)];
      const moved: LeafRecord = Object.fromEntries(
        Object.entries(steps).map(([path, d]) => [
          path,
          stepTo(project(path, add(params[path]!, d), constraints), params[path]!, d),
        ]),
      );
      return [fromRecord(moved, credit), next];
    },
  };
}

/** Parameters projected leaf by leaf: for a start that is to meet the constraints, and for meeting them to the last bit. */
export const projectParams = <P extends Tree>(params: P, constraints: readonly Constraint[]): P =>
  fromRecord(
    Object.fromEntries(Object.entries(recordOf(params)).map(([path, x]) => [path, project(path, x, constraints)])),
    params,
  ) as P;

const project = (path: string, param: Tensor, constraints: readonly Constraint[]): Tensor =>
  constraints.reduce(
    (x, { projection, match }) => (match === undefined || match(path) ? projection.apply(x) : x),
    param,
  );

/** The step that leads to the target; unchanged where the target is what it leads to already, so that no rounding is added. */
const stepTo = (target: Tensor, param: Tensor, step: Tensor): Tensor =>
  where(eq(target, add(param, step)), step, sub(target, param));

/** Elements between two numbers. */
export function box(low: number, high: number): Projection {
  if (!(low <= high)) throw new ConfigError(`box: [${low}, ${high}] is empty`, { low, high, help: 'swap the ends' });
  return { name: 'box', config: { low, high }, apply: (x) => clamp(x, low, high) };
}

/** Elements ≥ 0 where the pattern is positive, ≤ 0 where it is negative, free where it is 0; a number stands for all. */
export function signs(pattern: number | Tensor): Projection {
  return {
    name: 'signs',
    config: { pattern: typeof pattern === 'number' ? pattern : pattern.shape },
    apply(x) {
      if (typeof pattern === 'number') return pattern === 0 ? x : pattern > 0 ? maximum(x, 0) : minimum(x, 0);
      if (!sameShape(pattern.shape, x.shape))
        throw new ShapeError(`signs: a pattern ${showShape(pattern.shape)} is not of the shape ${showShape(x.shape)}`, {
          pattern: pattern.shape,
          param: x.shape,
          help: 'choose its leaf with match',
        });
      return where(gt(pattern, 0), maximum(x, 0), where(lt(pattern, 0), minimum(x, 0), x));
    },
  };
}

/** Zeros on the main diagonals of (…, n, n). */
export const zeroDiagonal = (): Projection => ({
  name: 'zeroDiagonal',
  config: {},
  apply(x) {
    const [m, n] = x.shape.slice(-2);
    if (x.rank < 2 || m !== n)
      throw new ShapeError(`zeroDiagonal: ${showShape(x.shape)} has no square matrices`, {
        shape: x.shape,
        help: 'choose its leaf with match',
      });
    return where(eq(eye(n!, 'i32'), 1), 0, x);
  },
});

/** At most k elements of a leaf are not 0: the largest in size; among equals the first stay. */
export function largestElements(k: number): Projection {
  if (!Number.isInteger(k) || k < 0)
    throw new ConfigError(`largestElements: k is ${k}; it must be a whole number ≥ 0`, { k });
  return {
    name: 'largestElements',
    config: { k },
    apply(x) {
      const place = argsort(argsort(abs(reshape(x, [-1])), 0, { descending: true }), 0);
      return where(reshape(lt(place, k), x.shape), x, 0);
    },
  };
}

/** A leaf of length ‖x‖₂ ≤ radius. */
export function ball(radius: number): Projection {
  if (!(radius >= 0)) throw new ConfigError(`ball: the radius is ${radius}; it must be ≥ 0`, { radius });
  return {
    name: 'ball',
    config: { radius },
    apply: (x) => mul(x, minimum(1, div(radius, maximum(sqrt(sum(square(x))), 1e-30)))),
  };
}
