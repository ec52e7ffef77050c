/** A swarm of particles: positions, velocities, and the best that each has found. */
import {
  cast,
  clamp,
  eq,
  type FloatDtype,
  full,
  iota,
  lt,
  max,
  mul,
  random,
  reshape,
  type Tensor,
  where,
  zeros,
} from '../../engine/index.ts';
import type { SwarmConstants } from './options.ts';

export interface Swarm {
  /** Positions, (K, d). */
  readonly x: Tensor;
  readonly v: Tensor;
  /** Personal bests, and what they were worth when last judged, (K); infinity before they ever were. */
  readonly p: Tensor;
  readonly f: Tensor;
}

/** Particles at rest around a point: the first one on it. Coordinates that do not exist (mask 0) stay where the point is. */
export function scatter(
  point: Tensor,
  key: Tensor,
  { particles, spread, bounds }: SwarmConstants,
  mask?: Tensor,
): Swarm {
  const [d, dtype] = [point.size, point.dtype as FloatDtype];
  const drawn = random.uniform(key, [particles, d], { low: -spread, high: spread, dtype });
  const others = mask === undefined ? drawn : mul(drawn, cast(mask, dtype));
  const around = where(reshape(eq(iota(particles), 0), [particles, 1]), 0, others).add(point);
  return atRest(bounds === undefined ? around : clamp(around, ...bounds));
}

/** A swarm at rest that has judged nothing yet. */
export const atRest = (x: Tensor): Swarm => ({
  x,
  v: zeros(x.shape, x.dtype as FloatDtype),
  p: x,
  f: full([x.shape[0]!], Number.POSITIVE_INFINITY, x.dtype as FloatDtype),
});

/** Personal bests after the positions were found to be worth `fx` and the bests `pf`. */
export function remember({ x, v, p }: Swarm, fx: Tensor, pf: Tensor): Swarm {
  const isBetter = lt(fx, pf);
  return { x, v, p: where(reshape(isBetter, [fx.size, 1]), x, p), f: where(isBetter, fx, pf) };
}

/** One step of all particles, pulled by their own bests and by the point g; every particle and coordinate draws its own r₁ and r₂. */
export function move({ x, v, p, f }: Swarm, g: Tensor, key: Tensor, constants: SwarmConstants): Swarm {
  const { inertia, cognitive, social, vmax, bounds } = constants;
  const [own, joint] = random.split(key).map((k) => random.uniform(k, x.shape, { dtype: x.dtype as FloatDtype })) as [
    Tensor,
    Tensor,
  ];
  const pulls = own
    .mul(cognitive)
    .mul(p.sub(x))
    .add(joint.mul(social).mul(g.sub(x)));
  const velocity = clamp(v.mul(inertia).add(pulls), -vmax, vmax);
  const position = x.add(velocity);
  return { x: bounds === undefined ? position : clamp(position, ...bounds), v: velocity, p, f };
}

/** A swarm whose particles all lie within ε of g is scattered about it anew; others stay. */
export function restarted(
  swarm: Swarm,
  g: Tensor,
  key: Tensor,
  epsilon: number,
  constants: SwarmConstants,
  mask?: Tensor,
): Swarm {
  const isFrozen = lt(max(swarm.x.sub(g).abs()), epsilon);
  const fresh = scatter(g, key, constants, mask);
  const choose = (a: Tensor, b: Tensor): Tensor => where(isFrozen, a, b);
  return {
    x: choose(fresh.x, swarm.x),
    v: choose(fresh.v, swarm.v),
    p: choose(fresh.p, swarm.p),
    f: choose(fresh.f, swarm.f),
  };
}
