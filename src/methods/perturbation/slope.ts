/** The slope of a function along a direction: exactly, by forward mode, or by a finite difference. */

import type { Tensor } from '../../engine/index.ts';
import { add, jvp, mapTree, mul, sub } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';

/** A function whose first result is sloped; the second comes along. */
export type Sloped = (point: Tree) => readonly [value: Tensor, rest: Tree];

export interface Slope {
  readonly value: Tensor;
  /** d value / ds at point + s·direction, s = 0; the shape of the value. */
  readonly slope: Tensor;
  readonly rest: Tree;
}

export type SlopeRule = (f: Sloped, point: Tree, direction: Tree) => Slope;

export interface DifferenceOptions {
  /** Step: the standard deviation of each component of the perturbation. */
  readonly sigma: number;
  /** `two`: (f(+) − f(−))/2σ, error O(σ²) in every draw; `one`: (f(+) − f(0))/σ, error O(σ) in a draw and O(σ²) in the mean of a symmetric law. */
  readonly sides: 'one' | 'two';
}

/** One forward pass with tangents. */
export const exactSlope: SlopeRule = (f, point, direction) => {
  const [[value, rest], [slope]] = jvp<Tree, readonly [Tensor, Tree]>(f, point, direction);
  return { value, slope, rest };
};

/** Two passes. With two sides the value is their mean, f + O(σ²), and `rest` belongs to the pass with +. */
export function differenceSlope({ sigma, sides }: DifferenceOptions): SlopeRule {
  return (f, point, direction) => {
    const [plus, rest] = f(move(point, direction, sigma));
    if (sides === 'one') {
      const [value, undisturbed] = f(point);
      return { value, slope: mul(sub(plus, value), 1 / sigma), rest: undisturbed };
    }
    const [minus] = f(move(point, direction, -sigma));
    return { value: mul(add(plus, minus), 0.5), slope: mul(sub(plus, minus), 0.5 / sigma), rest };
  };
}

const move = (point: Tree, direction: Tree, step: number): Tree =>
  mapTree((p: Tensor, v: Tensor) => add(p, mul(v, step)), point, direction);
