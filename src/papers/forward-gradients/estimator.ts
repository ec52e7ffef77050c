/** Forward gradients of plain functions: one draw, and the statistics of very many. */
import {
  abs,
  div,
  grad,
  jit,
  jvp,
  maximum,
  mean,
  mul,
  random,
  sqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  vmap,
  zeros,
} from '../../engine/index.ts';
import { direction, type Law } from '../../methods/perturbation/law.ts';
import { logGamma } from '../../stats/index.ts';

export type Scalar = (x: Tensor) => Tensor;

/** (∇f·v)·v by one forward pass with tangents. */
export function forwardGradientAt(f: Scalar, x: Tensor, v: Tensor): Tensor {
  const [, slope] = jvp(f, x, v);
  return mul(slope, v);
}

/** One tangent of a law beside x. */
export const tangentLike = (law: Law, key: Tensor, x: Tensor): Tensor => (direction(law, key, [x]) as Tensor[])[0]!;

export interface ErrorStatistics {
  /** ‖mean − g‖/‖g‖. */
  readonly bias: number;
  /** The mean of ‖g_v − g‖²/‖g‖², with its standard error. */
  readonly error: number;
  readonly standardError: number;
  /** The mean of |cos(g_v, g)|. */
  readonly cosine: number;
}

const AT_ONCE = 2500;

/** Statistics of `draws` forward gradients of f at x; a multiple of 2,500. */
export function errorStatistics(f: Scalar, x: Tensor, law: Law, key: Tensor, draws: number): ErrorStatistics {
  const g = grad(f)(x);
  const power = sum(square(g));
  const some = jit((keys: Tensor) => {
    const all = vmap((own: Tensor) => forwardGradientAt(f, x, tangentLike(law, own, x)))(keys); // (draws, n)
    const errors = div(sum(square(sub(all, g)), 1), power);
    const lengths = maximum(sum(square(all), 1), 1e-300); // a sparse tangent may be 0
    const cosines = div(abs(sum(mul(all, g), 1)), sqrt(mul(lengths, power)));
    return { first: sum(all, 0), moments: stack([sum(errors), sum(square(errors)), sum(cosines)]) };
  });
  let [first, moments] = [zeros(x.shape, 'f64'), zeros([3], 'f64')];
  for (const own of random.split(key, draws / AT_ONCE)) {
    const part = some(random.keys(own, AT_ONCE));
    [first, moments] = [first.add(part.first), moments.add(part.moments)];
  }
  const bias = sqrt(div(sum(square(sub(div(first, draws), g))), power)).item();
  const [error, second, cosine] = [...div(moments, draws).readSync()] as [number, number, number];
  return { bias, error, standardError: Math.sqrt((second - error ** 2) / draws), cosine };
}

/** E|cos(v, g)| = Γ(n/2)/(√π·Γ((n + 1)/2)) for directions that are uniform on the sphere. */
export const meanCosine = (n: number): number => Math.exp(logGamma(n / 2) - logGamma((n + 1) / 2)) / Math.sqrt(Math.PI);

export interface StepStatistics {
  /** The largest difference from ‖x⁺‖² = ‖x‖² − 4η(1 − η‖v‖²)(x·v)², over ‖x‖². */
  readonly gap: number;
  /** The share of steps that shrink x. */
  readonly shrinking: number;
}

/** Steps of forward gradients on ‖x‖² from random points. */
export function sphereSteps(n: number, law: Law, rate: number, key: Tensor, steps: number): StepStatistics {
  const [forX, forV] = random.split(key) as [Tensor, Tensor];
  const run = jit((xs: Tensor, keys: Tensor) =>
    vmap((x: Tensor, own: Tensor) => {
      const v = tangentLike(law, own, x);
      const before = sum(square(x));
      const after = sum(
        square(
          sub(
            x,
            mul(
              rate,
              forwardGradientAt((y) => sum(square(y)), x, v),
            ),
          ),
        ),
      );
      const along = square(sum(mul(x, v)));
      const expected = sub(before, mul(mul(4 * rate, sub(1, mul(rate, sum(square(v))))), along));
      return stack([div(abs(sub(after, expected)), before), sub(after, before)]);
    })(xs, keys),
  );
  const rows = run(random.normal(forX, [steps, n], { dtype: 'f64' }), random.keys(forV, steps)).toArray() as number[][];
  return {
    gap: Math.max(...rows.map(([gap]) => gap!)),
    shrinking: rows.filter(([, change]) => change! < 0).length / steps,
  };
}

/** The mean of a list of tensors, for the identity that full forward mode is the gradient. */
export const meanOf = (xs: readonly Tensor[]): Tensor => mean(stack([...xs]), 0);
