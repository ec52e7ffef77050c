/** Credit as numbers: layers, distances and angles, as the checks of energy-based rules measure them. */
import type { Tensor } from '../../engine/index.ts';
import { leavesOf } from '../../engine/index.ts';
import type { Tree } from '../../nn/index.ts';

/** The weight matrices of a tree of params or credit, one list of numbers a layer; biases are left out. */
export function weightsOf(tree: Tree): Float64Array[] {
  return (tree as readonly ({ readonly w?: Tensor } | null)[]).flatMap((layer) =>
    layer?.w === undefined ? [] : [Float64Array.from(layer.w.readSync())],
  );
}

/** All numbers of a tree. */
export const numbersOf = (tree: unknown): number[] =>
  leavesOf(tree).flatMap((leaf) => [...(leaf as Tensor).readSync()]);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

export const norm = (a: ArrayLike<number>): number => Math.sqrt(dot(a, a));

/** ‖a − b‖ / ‖b‖ of one layer. */
export const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  norm(Array.from(a, (x, i) => x - b[i]!)) / norm(b);

/** Relative Frobenius distance of all weight matrices together. */
export const distance = (a: Tree, b: Tree): number =>
  apart(
    weightsOf(a).flatMap((w) => [...w]),
    weightsOf(b).flatMap((w) => [...w]),
  );

/** The cosine to the reference in every layer. */
export const cosines = (a: Tree, b: Tree): number[] => {
  const reference = weightsOf(b);
  return weightsOf(a).map((w, l) => dot(w, reference[l]!) / (norm(w) * norm(reference[l]!)));
};

/** The relative distance in every layer. */
export const layerDistances = (a: Tree, b: Tree): number[] => {
  const reference = weightsOf(b);
  return weightsOf(a).map((w, l) => apart(w, reference[l]!));
};

export const worst = (xs: readonly number[]): number => Math.max(...xs);
export const least = (xs: readonly number[]): number => Math.min(...xs);
