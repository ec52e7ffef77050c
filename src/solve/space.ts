/** The vector space a solver works in: plain numbers, arrays of numbers, or trees of tensors, told apart by an example. */
import { abs, add, div, max, maximum, mean, mul, type Tensor, trees } from '../engine/index.ts';

/** What solvers need of vectors; results of `dot` and the norms are plain numbers, so they cannot be asked for under `jit`. */
export interface Space<V> {
  dot(x: V, y: V): number;
  /** a·x. */
  scale(x: V, a: number): V;
  /** y + a·x. */
  addScaled(y: V, a: number, x: V): V;
  /** The largest |element|. */
  maxAbs(x: V): number;
  /** The root mean square of e / (absolute + relative·max(|x|, |y|)). */
  scaledError(e: V, x: V, y: V, absolute: number, relative: number): number;
}

type Vector = readonly number[];

const onNumbers: Space<number> = {
  dot: (x, y) => x * y,
  scale: (x, a) => a * x,
  addScaled: (y, a, x) => y + a * x,
  maxAbs: Math.abs,
  scaledError: (e, x, y, absolute, relative) =>
    Math.abs(e) / (absolute + relative * Math.max(Math.abs(x), Math.abs(y))),
};

const onVectors: Space<Vector> = {
  dot: (x, y) => x.reduce((total, v, i) => total + v * y[i]!, 0),
  scale: (x, a) => x.map((v) => a * v),
  addScaled: (y, a, x) => y.map((v, i) => v + a * x[i]!),
  maxAbs: (x) => x.reduce((most, v) => (Math.abs(v) > most || Number.isNaN(v) ? Math.abs(v) : most), 0),
  scaledError: (e, x, y, absolute, relative) => {
    const squares = e.reduce((s, v, i) => s + onNumbers.scaledError(v, x[i]!, y[i]!, absolute, relative) ** 2, 0);
    return Math.sqrt(squares / e.length);
  },
};

const onTrees: Space<unknown> = {
  dot: (x, y) => trees.dot(x, y).item(),
  scale: (x, a) => trees.scale(x, a),
  addScaled: (y, a, x) => trees.addScaled(y, a, x),
  maxAbs: (x) => trees.tensorsOf(x).reduce((most, leaf) => Math.max(most, max(abs(leaf)).item()), 0),
  scaledError: (e, x, y, absolute, relative) => {
    const ratios = trees.mapTensors(
      (error: Tensor, a: Tensor, b: Tensor) => div(error, add(absolute, mul(relative, maximum(abs(a), abs(b))))),
      e,
      x,
      y,
    );
    const squares = trees.tensorsOf(ratios).reduce((total, r) => total + r.size * mean(mul(r, r)).item(), 0);
    return Math.sqrt(squares / trees.countParams(e));
  },
};

/** The space in which a value lives: a number, an array of numbers, or a tree of tensors. */
export function spaceOf<V>(example: V): Space<V> {
  if (typeof example === 'number') return onNumbers as Space<unknown> as Space<V>;
  const isVector = Array.isArray(example) && typeof example[0] === 'number';
  return (isVector ? (onVectors as Space<unknown>) : onTrees) as Space<V>;
}
