/**
 * Random directions over a whole tree: one law, one key a leaf, unit variance per component.
 *
 * Every law has E[v vᵀ] = I, so d·v with d = g·v is an unbiased estimate of g. With E[‖v‖² v vᵀ] = c·I its squared length is E‖d·v‖² = c·‖g‖² and its relative squared error E‖d·v − g‖²/‖g‖² = c − 1.
 * For independent components with E[vᵢ⁴] = κ: E[‖v‖² vᵢ²] = κ + (n − 1), the cross terms vanish, so c = n + κ − 1: gaussian κ = 3, rademacher κ = 1, uniform on ±√3 κ = 9/5, signs kept with
 * probability p and scaled by 1/√p κ = 1/p.
 * Laws of constant length ‖v‖² = n (sphere, coordinate, rademacher) have c = n, which no law that does not know g can beat.
 */

import type { Aval, FloatDtype, Shape, Tensor } from '../../engine/index.ts';
import {
  add,
  aval,
  cast,
  div,
  eq,
  iota,
  leavesOf,
  mul,
  random,
  reshape,
  sizeOf,
  sqrt,
  structureOf,
  sum,
  unflatten,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';

/** How the components of a perturbation are distributed; `sparse-0.1` keeps a tenth of the components of a rademacher draw. */
export type Law = 'gaussian' | 'rademacher' | 'sphere' | 'uniform' | 'coordinate' | `sparse-${number}`;

/** The laws by name, with one of the sparse ones. */
export const laws: readonly Law[] = ['coordinate', 'gaussian', 'rademacher', 'sparse-0.1', 'sphere', 'uniform'];

const SPARSE = /^sparse-(0?\.\d+|1)$/;

/** The share of components that a sparse law keeps, in (0, 1]; null for other laws and for what is none. */
export function sparsityOf(law: string): number | null {
  const share = Number(SPARSE.exec(law)?.[1] ?? 0);
  return share > 0 ? share : null;
}

/** Draws all leaves of one direction; the first `lead` axes of every leaf count samples, each of which gets a direction of its own. */
type Draw = (key: Key, leaves: readonly Aval[], lead: number) => Tensor[];

const independent =
  (draw: (key: Key, shape: Shape, dtype: FloatDtype) => Tensor): Draw =>
  (key, leaves) =>
    leaves.map((x, i) => draw(random.foldIn(key, i), x.shape, x.dtype as FloatDtype));

const gaussian = independent((key, shape, dtype) => random.normal(key, shape, { dtype }));
const rademacher = independent((key, shape, dtype) => random.rademacher(key, shape, { dtype }));
const uniform = independent((key, shape, dtype) =>
  random.uniform(key, shape, { low: -Math.sqrt(3), high: Math.sqrt(3), dtype }),
);

/** Signs, each kept with probability p and scaled by 1/√p. */
const sparse = (p: number): Draw =>
  independent((key, shape, dtype) => {
    const kept = random.bernoulli(random.foldIn(key, KEPT), shape, p);
    return mul(random.rademacher(key, shape, { dtype }), mul(cast(kept, dtype), 1 / Math.sqrt(p)));
  });

const KEPT = 0x6b657074;

/** √n·z/‖z‖ with z gaussian; the length is that of the whole tree. */
const sphere: Draw = (key, leaves, lead) => {
  const z = gaussian(key, leaves, lead);
  const squared = z.map((x) => sum(mul(x, x), axesFrom(lead, x))).reduce((a, b) => add(a, b)); // (samples) or ()
  const scale = div(Math.sqrt(countUnits(leaves, lead)), sqrt(squared));
  return z.map((x) => mul(x, overUnits(scale, x)));
};

/** √n·eᵢ with i uniform over all components of the tree. */
const coordinate: Draw = (key, leaves, lead) => {
  const n = countUnits(leaves, lead);
  const chosen = random.randint(key, leaves[0]!.shape.slice(0, lead), 0, n);
  let before = 0;
  return leaves.map((x) => {
    const units = x.shape.slice(lead);
    const index = add(reshape(iota(sizeOf(units)), [...ones(lead), ...units]), before);
    before += sizeOf(units);
    return mul(cast(eq(index, overUnits(chosen, x)), x.dtype), Math.sqrt(n));
  });
};

const draws = { coordinate, gaussian, rademacher, sphere, uniform } satisfies Record<string, Draw>;

const drawOf = (law: Law): Draw => draws[law as keyof typeof draws] ?? sparse(sparsityOf(law)!);

export interface DirectionOptions {
  /** Axis 0 of every leaf counts samples: each gets a direction of its own, and n counts the components of one sample. */
  readonly isPerSample?: boolean;
}

/** Draws one direction with the tree, shapes and dtypes of `like`. */
export function direction(law: Law, key: Key, like: Tree, { isPerSample = false }: DirectionOptions = {}): Tree {
  const leaves = leavesOf(like) as Tensor[];
  return unflatten<Tree>(structureOf(like), drawOf(law)(key, leaves.map(aval), isPerSample ? 1 : 0));
}

/** c in E[‖v‖² v vᵀ] = c·I for n components: the mean of k estimates has the relative squared error (c − 1)/k. */
export function lengthFactor(law: Law, n: number): number {
  if (law === 'gaussian') return n + 2;
  if (law === 'uniform') return n + 0.8;
  const share = sparsityOf(law);
  return share === null ? n : n - 1 + 1 / share;
}

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
const axesFrom = (lead: number, x: Aval): number[] => x.shape.slice(lead).map((_, i) => lead + i);
const countUnits = (leaves: readonly Aval[], lead: number): number =>
  leaves.reduce((n, x) => n + sizeOf(x.shape.slice(lead)), 0);

/** A value per sample beside a leaf: (B) → (B, 1, …); a scalar stays. */
const overUnits = (x: Tensor, leaf: Aval): Tensor => reshape(x, [...x.shape, ...ones(leaf.shape.length - x.rank)]);
