/** Algebra over trees of tensors: the vector space in which parameters, credit and optimiser state live. */
import { DtypeError, ShapeError } from './errors.ts';
import { add as addTensors, mul, sub as subTensors } from './ops/arithmetic.ts';
import { cast } from './ops/cast.ts';
import type { TensorLike } from './ops/constant.ts';
import { zeros } from './ops/create.ts';
import { concat, reshape, sliceAxis, zerosLike as zerosOf } from './ops/movement.ts';
import { sqrt } from './ops/power.ts';
import { normal, split } from './ops/random.ts';
import { sum } from './ops/reduce.ts';
import { showShape, sizeOf } from './shape.ts';
import type { Aval, Tensor } from './tensor.ts';
import { flatten, leavesOf, mapTree, unflatten } from './tree.ts';

/** Parameters, credit, state or any other tree with tensors as leaves. */
export type Tree = Tensor | null | readonly Tree[] | { readonly [name: string]: Tree };

/** Applies a function of tensors leaf by leaf to one or more trees of one structure. */
export const mapTensors = <T>(f: (...leaves: Tensor[]) => Tensor, tree: T, ...rest: readonly unknown[]): T =>
  mapTree(f as (...leaves: never[]) => unknown, tree, ...rest);

/** The tensors of a tree, in order. */
export const tensorsOf = (tree: unknown): Tensor[] => leavesOf(tree) as Tensor[];

/** A scalar in the dtype of the leaf beside it, so that one f64 rate serves leaves of any float dtype. */
export const scalarFor = (a: TensorLike, leaf: Aval): TensorLike => (typeof a === 'number' ? a : cast(a, leaf.dtype));

/** x + y. */
export const add = <T>(x: T, y: T): T => mapTensors((a, b) => addTensors(a, b), x, y);

/** x − y. */
export const sub = <T>(x: T, y: T): T => mapTensors((a, b) => subTensors(a, b), x, y);

/** a·x for a number or a scalar tensor a. */
export const scale = <T>(x: T, a: TensorLike): T => mapTensors((v) => mul(v, scalarFor(a, v)), x);

/** y + a·x for a number or a scalar tensor a. */
export const addScaled = <T>(y: T, a: TensorLike, x: T): T =>
  mapTensors((u, v) => addTensors(u, mul(v, scalarFor(a, v))), y, x);

/** The inner product of two trees, a scalar; leaves must share one dtype. */
export function dot(x: unknown, y: unknown): Tensor {
  const products = tensorsOf(mapTensors((a, b) => sum(mul(a, b)), x, y));
  return products.length === 0 ? zeros([]) : products.reduce((total, part) => addTensors(total, part));
}

/** The Euclidean norm of a tree, a scalar. */
export const norm = (x: unknown): Tensor => sqrt(dot(x, x));

/** A tree of zeros with the shapes and dtypes of another. */
export const zerosLike = <T>(tree: T): T => mapTensors(zerosOf, tree);

/** Draws one element of a law for every element of a shape. */
export type Draw = (key: Tensor, shape: readonly number[], options: { readonly dtype: 'f32' | 'f64' }) => Tensor;

/** A random tree with the shapes and dtypes of another: one key per leaf, standard normal unless another law is given. */
export function randomLike<T>(key: Tensor, tree: T, draw: Draw = normal): T {
  const keys = split(key, Math.max(1, leavesOf(tree).length));
  let at = 0;
  return mapTensors((x) => draw(keys[at++]!, x.shape, { dtype: x.dtype as 'f32' | 'f64' }), tree);
}

/** The number of elements of a tree. */
export const countParams = (tree: unknown): number => tensorsOf(tree).reduce((n, x) => n + sizeOf(x.shape), 0);

/** All elements of a tree as one vector, and the way back from any vector of that length. */
export function ravel<T>(tree: T): [vector: Tensor, unravel: (vector: Tensor) => T] {
  const [leaves, def] = flatten(tree) as [Tensor[], ReturnType<typeof flatten>[1]];
  const dtypes = new Set(leaves.map((x) => x.dtype));
  if (dtypes.size > 1) {
    throw new DtypeError(`ravel: the leaves have dtypes ${[...dtypes].join(' and ')}`, {
      help: 'cast them to one dtype first',
    });
  }
  const vector = leaves.length === 0 ? zeros([0]) : concat(leaves.map((x) => reshape(x, [-1])));
  const total = sizeOf(vector.shape);
  const unravel = (v: Tensor): T => {
    if (v.rank !== 1 || v.shape[0] !== total) {
      throw new ShapeError(
        `unravel: a tensor of shape ${showShape(v.shape)} does not hold ${total} elements in a row`,
        {
          expected: [total],
          found: v.shape,
        },
      );
    }
    let end = 0;
    const parts = leaves.map((x) => {
      end += x.size;
      return reshape(sliceAxis(v, 0, end - x.size, end), x.shape);
    });
    return unflatten<T>(def, parts);
  };
  return [vector, unravel];
}
