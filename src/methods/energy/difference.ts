/**
 * Differences without cancellation: how far a vertex's prediction moves when its input moves by ξ, μ(x + ξ) − μ(x), in the digits of ξ.
 *
 * Maps that are affine in their input pass ξ on as it is; tanh, logistic, relu and softplus have closed forms. Everything else (pooling by maximum, normalisation, other activations, cells) passes ξ on to first
 * order, an error of the size of the method's own bias.
 */
import type { Tensor } from '../../engine/index.ts';
import {
  abs,
  add,
  and,
  customJvp,
  expm1,
  gt,
  jvp,
  log1p,
  logistic,
  lt,
  mul,
  softplus,
  square,
  sub,
  tanh,
  vjp,
  where,
  zerosLike,
} from '../../engine/index.ts';
import type { Network, Step, Surroundings, Values } from './network.ts';
import { INPUT, paramsOf, runStep } from './network.ts';

type Change = (a: Tensor, b: Tensor) => Tensor;

interface Move {
  readonly a: Tensor;
  readonly b: Tensor;
}

interface ClosedForm {
  readonly value: (x: Tensor) => Tensor;
  /** f(a + b) − f(a) from b, f(a) and f(a + b). */
  readonly change: (b: Tensor, before: Tensor, after: Tensor) => Tensor;
  /** f′ from f. */
  readonly slope: (y: Tensor) => Tensor;
}

/** A change with the slopes of its two values, which the product rule would find the long way round. */
const closed =
  ({ value, change, slope }: ClosedForm): Change =>
  (from, by) =>
    customJvp(
      ({ a, b }: Move) => change(b, value(a), value(add(a, b))),
      ({ a, b }: Move, { a: da, b: db }: Move): [Tensor, Tensor] => {
        const [before, after] = [value(a), value(add(a, b))];
        return [change(b, before, after), sub(mul(slope(after), add(da, db)), mul(slope(before), da))];
      },
    )({ a: from, b: by });

/** tanh(a + b) − tanh(a) = tanh(b)·(1 − tanh(a)·tanh(a + b)). */
const ofTanh = closed({
  value: (x) => tanh(x),
  change: (b, before, after) => mul(tanh(b), sub(1, mul(before, after))),
  slope: (y) => sub(1, square(y)),
});

/** σ(a + b) − σ(a) = tanh(b/2)·(p·(1 − q) + q·(1 − p)), p and q the two values. */
const ofLogistic = closed({
  value: (x) => logistic(x),
  change: (b, p, q) => mul(tanh(mul(0.5, b)), add(mul(p, sub(1, q)), mul(q, sub(1, p)))),
  slope: (y) => mul(y, sub(1, y)),
});

/** f(a + b) − f(a) by the name of f. */
export const changes: Readonly<Record<string, Change>> = {
  identity: (_, b) => b,
  tanh: ofTanh,
  logistic: ofLogistic,
  softplus(a, b) {
    const isSmall = lt(abs(b), 1);
    const near = log1p(mul(logistic(a), expm1(where(isSmall, b, 0)))); // ln((1 + e^(a+b))/(1 + e^a))
    return where(isSmall, near, sub(softplus(add(a, b)), softplus(a)));
  },
  relu(a, b) {
    const [before, after] = [gt(a, 0), gt(add(a, b), 0)];
    const crossing = where(before, sub(0, a), where(after, add(a, b), zerosLike(a))); // one side is 0
    return where(and(before, after), b, crossing);
  },
};

/** The change of vertex i's prediction when its parents, at given values, move by ξ, and the pull from its cotangent to the parents' moves; null where no parent moves. */
export function changeAndPull(
  net: Network,
  i: number,
  { params, modelState, call, x }: Surroundings,
  values: Values,
  xi: readonly Tensor[],
): [change: Tensor, pull: (ct: Tensor) => Tensor] | null {
  const { parents, steps } = net.vertices[i]!;
  const moving = parents.filter((p) => p !== INPUT);
  if (moving.length === 0) return null;
  const own = paramsOf(net.vertices[i]!, params);
  const start = sumOf(parents.map((p) => (p === INPUT ? x : values[p]!)));
  const change = (moved: Tensor): Tensor =>
    steps.reduce<readonly [Tensor, Tensor]>(
      ([at, by], step, k) => changeOfStep(step, (v) => runStep(step, own[k]!, modelState, call, v)[0], at, by),
      [start, moved],
    )[1];
  return vjp(change, sumOf(moving.map((p) => xi[p]!)));
}

const sumOf = (xs: readonly Tensor[]): Tensor => xs.reduce((a, b) => add(a, b));

function changeOfStep(
  { layer, part }: Step,
  run: (v: Tensor) => Tensor,
  at: Tensor,
  by: Tensor,
): readonly [Tensor, Tensor] {
  const exact = part === 'post' ? changes[activationOf(layer)] : undefined;
  return exact === undefined ? jvp(run, at, by) : [run(at), exact(at, by)];
}

/** The name of a layer's activation. */
export const activationOf = ({ kind, config }: Step['layer']): string =>
  String(kind === 'activation' ? config.name : config.activation);
