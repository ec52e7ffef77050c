/** The public transformations, over trees of tensors. */
import { defaultDtype, isFloat } from '../dtype.ts';
import { DtypeError, ShapeError, TreeError } from '../errors.ts';
import { collecting, Scope } from '../memory.ts';
import type { MaybeTensor } from '../op.ts';
import { cast } from '../ops/cast.ts';
import { scalar } from '../ops/constant.ts';
import { oneHotRows } from '../ops/eye.ts';
import { moveAxis, reshape, zerosLike } from '../ops/movement.ts';
import { normalizeAxis, sameShape, showShape, sizeOf } from '../shape.ts';
import { showAval, Tensor } from '../tensor.ts';
import { isTransforming } from '../trace.ts';
import type { TreeDef } from '../tree.ts';
import { flatten, leavesOf, structureOf, unflatten } from '../tree.ts';
import { instantiate, jvpFlat } from './jvp.ts';
import { linearizeFlat, pullBack, pushForward } from './linearize.ts';
import { mappedSize, vmapFlat, withBatchAxis } from './vmap.ts';

type Fn = (...args: never[]) => unknown;

/** Leaves of a tree that is to be differentiated; integers and other things are refused with their path. */
function floatLeaves(name: string, tree: unknown): { leaves: Tensor[]; def: TreeDef } {
  const [leaves, def] = flatten(tree);
  const tensors = leaves.map((leaf, i) => {
    const path = def.paths[i] === '' ? 'the argument' : `the leaf ${def.paths[i]}`;
    if (typeof leaf === 'number') return scalar(leaf);
    if (!(leaf instanceof Tensor))
      throw new TreeError(`${name}: ${path} is ${leaf?.constructor?.name ?? typeof leaf}, not a tensor`, {
        path: def.paths[i],
        help: 'trees are plain objects, arrays, tuples and null with tensors as leaves',
      });
    if (leaf.weak) return cast(leaf, defaultDtype());
    if (!isFloat(leaf.dtype))
      throw new DtypeError(`${name}: ${path} has dtype ${leaf.dtype}; only f32 and f64 can be differentiated`, {
        path: def.paths[i],
        dtype: leaf.dtype,
        help: 'pass integers as a later argument, or cast them',
      });
    return leaf;
  });
  return { leaves: tensors, def };
}

/** A flat version of a tree function, which notes the structure of its result. */
function flatFunction(
  f: (...args: unknown[]) => unknown,
  rebuild: (leaves: readonly Tensor[]) => unknown[],
): { flat: (...xs: Tensor[]) => Tensor[]; outDef: () => TreeDef } {
  let def: TreeDef | null = null;
  const flat = (...xs: Tensor[]): Tensor[] => {
    const result = f(...rebuild(xs));
    def = structureOf(result);
    return leavesOf(result).map(resultLeaf);
  };
  return { flat, outDef: () => def! };
}

const resultLeaf = (leaf: unknown): Tensor => {
  if (leaf instanceof Tensor) return leaf;
  if (typeof leaf === 'number') return scalar(leaf);
  throw new TreeError(`a transformed function returned ${leaf?.constructor?.name ?? typeof leaf}`, {
    help: 'return tensors, or trees of them; other results go into the second place with { aux: true }',
  });
};

/** Pushes a tangent through f: returns [f(primal), df(primal)·tangent]; the tangent has the tree of the primal. */
export function jvp<P, R>(f: (p: P) => R, primal: P, tangent: P): [value: R, tangent: R] {
  const { leaves, def } = floatLeaves('jvp', primal);
  const moved = floatLeaves('jvp', tangent).leaves;
  checkTangents('jvp', leaves, moved, def);
  const { flat, outDef } = flatFunction(f as (x: unknown) => unknown, (xs) => [unflatten(def, xs)]);
  const result = jvpFlat(flat, leaves, moved);
  const tangents = result.tangents.map((t, i) => instantiate(t, result.outs[i]!));
  return [unflatten<R>(outDef(), result.outs), unflatten<R>(outDef(), tangents)];
}

function checkTangents(name: string, primals: readonly Tensor[], tangents: readonly Tensor[], def: TreeDef): void {
  if (tangents.length !== primals.length)
    throw new TreeError(`${name}: ${tangents.length} tangents for ${primals.length} primals`, {
      help: 'both trees must have the same structure',
    });
  primals.forEach((p, i) => {
    const t = tangents[i]!;
    if (!sameShape(p.shape, t.shape) || p.dtype !== t.dtype)
      throw new ShapeError(
        `${name}: ${showAval(t)} cannot be a tangent or cotangent of ${showAval(p)} at ${def.paths[i] || 'the root'}`,
        { path: def.paths[i], expected: p.shape, found: t.shape, help: 'shape and dtype must be those of the value' },
      );
  });
}

/** Splits f at a point into its value and its derivative there, a linear function of tangents that may be called many times. */
export function linearize<P, R>(f: (p: P) => R, primal: P): [value: R, push: (tangent: P) => R] {
  const { leaves, def } = floatLeaves('linearize', primal);
  const { flat, outDef } = flatFunction(f as (x: unknown) => unknown, (xs) => [unflatten(def, xs)]);
  const parts = linearizeFlat(flat, leaves);
  const push = (tangent: P): R => {
    const moved = floatLeaves('linearize', tangent).leaves;
    checkTangents('linearize', leaves, moved, def);
    const some = pushForward(parts.linear, moved);
    let at = 0;
    return unflatten<R>(
      outDef(),
      parts.outs.map((y, i) => (parts.hasTangent[i] ? some[at++]! : zerosLike(y))),
    );
  };
  return [unflatten<R>(outDef(), parts.outs), push];
}

/** Returns f(primal) and the pullback there: cotangents of the value to cotangents of the primal. With `aux`, f returns [value, anything] and the second part comes back third. */
export function vjp<P, R>(
  f: (p: P) => R,
  primal: P,
  options?: { readonly aux?: false },
): [value: R, pull: (cotangent: R) => P];
export function vjp<P, R, X>(
  f: (p: P) => readonly [R, X],
  primal: P,
  options: { readonly aux: true },
): [value: R, pull: (cotangent: R) => P, aux: X];
export function vjp(f: Fn, primal: unknown, { aux = false }: { readonly aux?: boolean } = {}): unknown[] {
  const { leaves, def } = floatLeaves('vjp', primal);
  let count = 0;
  const { flat, outDef } = flatFunction(
    (x: unknown) => {
      const result = (f as (x: unknown) => unknown)(x);
      count = leavesOf(aux ? (result as unknown[])[0] : result).length;
      return aux ? result : [result];
    },
    (xs) => [unflatten(def, xs)],
  );
  const parts = linearizeFlat(flat, leaves);
  const [value, extra] = unflatten<unknown[]>(outDef(), parts.outs);
  const valueDef = structureOf(value);
  const pull = (cotangent: unknown): unknown => {
    const cts = leavesOf(cotangent).map(resultLeaf);
    checkTangents('vjp', parts.outs.slice(0, count), cts, valueDef);
    const full = parts.outs.map((_, i): MaybeTensor => cts[i] ?? null);
    const back = pullBack(parts.linear, varying(full, parts.hasTangent));
    return unflatten(
      def,
      leaves.map((x, i) => instantiate(back[i]!, x)),
    );
  };
  return aux ? [value, pull, extra] : [value, pull];
}

const varying = (cts: readonly MaybeTensor[], hasTangent: readonly boolean[]): MaybeTensor[] =>
  cts.filter((_, i) => hasTangent[i]);

export interface GradOptions {
  /** The function returns [loss, anything]; the second part comes back beside the gradient. */
  readonly aux?: boolean;
  /** Which argument to differentiate; the first unless said. */
  readonly argument?: number;
}

/** The value and the gradient of a scalar function with respect to its first argument; the gradient has exactly that argument's tree. */
export function valueAndGrad<P, A extends unknown[]>(
  f: (p: P, ...rest: A) => Tensor,
  options?: GradOptions & { readonly aux?: false },
): (p: P, ...rest: A) => [value: Tensor, grad: P];
export function valueAndGrad<P, A extends unknown[], X>(
  f: (p: P, ...rest: A) => [Tensor, X],
  options: GradOptions & { readonly aux: true },
): (p: P, ...rest: A) => [value: [Tensor, X], grad: P];
export function valueAndGrad(f: Fn, { aux = false, argument = 0 }: GradOptions = {}): Fn {
  return ((...args: unknown[]) => {
    const { leaves, def } = floatLeaves('grad', args[argument]);
    const owned = isTransforming() ? null : new Scope(null); // inside another transformation, that one may keep residuals
    const place = (xs: readonly Tensor[]) => args.map((a, i) => (i === argument ? unflatten(def, xs) : a));
    const { flat, outDef } = flatFunction(f as (...a: unknown[]) => unknown, place);
    const parts = linearizeFlat(flat, leaves, undefined, owned);
    checkScalar(parts.outs, aux);
    const grads = owned === null ? gradientOf(parts, leaves) : collecting(owned, () => gradientOf(parts, leaves));
    const value = unflatten(outDef(), parts.outs);
    const result = [value, unflatten(def, grads)];
    release(owned, result);
    return result;
  }) as Fn;
}

function gradientOf(parts: ReturnType<typeof linearizeFlat>, leaves: readonly Tensor[]): Tensor[] {
  if (!parts.hasTangent[0]) return leaves.map(zerosLike);
  const [loss] = parts.outs;
  const seed = scalar(1, loss!.dtype);
  const cts = parts.hasTangent.map((_, i) => (i === 0 ? reshape(seed, loss!.shape) : null));
  return pullBack(parts.linear, varying(cts, parts.hasTangent)).map((g, i) => instantiate(g, leaves[i]!));
}

/** Frees what the transformation made on the way; the result passes to the surrounding scope. */
function release(owned: Scope | null, result: unknown): void {
  if (owned === null) return;
  owned.handOver(result);
  owned.end();
}

function checkScalar(outs: readonly Tensor[], aux: boolean): void {
  const [loss] = outs;
  if (loss === undefined || sizeOf(loss.shape) !== 1) {
    throw new ShapeError(
      `grad: the function returned ${loss === undefined ? 'nothing' : `a tensor of shape ${showShape(loss.shape)}`}, not one number`,
      {
        shape: loss?.shape,
        help: aux
          ? 'with { aux: true } return [loss, anything]'
          : 'reduce it with sum or mean, or use vjp with a cotangent of that shape',
      },
    );
  }
  if (!isFloat(loss.dtype))
    throw new DtypeError(`grad: the loss has dtype ${loss.dtype}`, { dtype: loss.dtype, help: "cast it to 'f32'" });
  if (!aux && outs.length > 1)
    throw new ShapeError(`grad: the function returned ${outs.length} tensors`, {
      help: 'return one loss, or [loss, anything] with { aux: true }',
    });
}

/** The gradient of a scalar function with respect to its first argument: credit of exactly the type of the parameters. */
export function grad<P, A extends unknown[]>(
  f: (p: P, ...rest: A) => Tensor,
  options: { readonly argument?: number } = {},
): (p: P, ...rest: A) => P {
  const both = valueAndGrad(f, { ...options, aux: false });
  return (p, ...rest) => both(p, ...rest)[1];
}

/** The Hessian-vector product of a scalar function: forward mode over reverse mode. */
export const hvp = <P>(f: (p: P) => Tensor, primal: P, tangent: P): P => jvp(grad(f), primal, tangent)[1];

export interface VmapOptions {
  /** For each argument the axis that is mapped, or null; axis 0 everywhere unless said. */
  readonly inAxes?: readonly (number | null)[];
  readonly outAxis?: number;
}

/** Maps a function over an axis of its arguments in one pass; arguments with axis null are shared by all. */
export function vmap<A extends unknown[], R>(
  f: (...args: A) => R,
  { inAxes, outAxis = 0 }: VmapOptions = {},
): (...args: A) => R {
  return (...args) => {
    const parts = args.map((a) => flatten(a));
    const axes = parts.flatMap(([leaves], i) =>
      leaves.map((leaf) => (leaf instanceof Tensor ? (inAxes === undefined ? 0 : (inAxes[i] ?? null)) : null)),
    );
    const flatLeaves = parts.flatMap(([leaves]) => leaves);
    const mapped = flatLeaves.map((leaf, i) =>
      axes[i] === null ? leaf : moveAxis(leaf as Tensor, normalizeAxis('vmap', axes[i]!, (leaf as Tensor).rank), 0),
    );
    const size = mappedSize(mapped.flatMap((x, i) => (axes[i] === null ? [] : [(x as Tensor).shape[0]!])));
    const tensors = mapped.filter((x): x is Tensor => x instanceof Tensor);
    const isMapped = mapped.flatMap((x, i) => (x instanceof Tensor ? [axes[i] !== null] : []));
    const { flat, outDef } = flatFunction(f as (...a: unknown[]) => unknown, (xs) => {
      let at = 0;
      let leafAt = 0;
      return parts.map(([leaves, def]) =>
        unflatten(
          def,
          leaves.map(() => (mapped[leafAt++] instanceof Tensor ? xs[at++]! : mapped[leafAt - 1])),
        ),
      );
    });
    const result = vmapFlat(flat, tensors, isMapped, size);
    return unflatten<R>(
      outDef(),
      result.outs.map((y, i) => moveBack(withBatchAxis(y, result.batched[i]!, size), outAxis)),
    );
  };
}

const moveBack = (x: Tensor, axis: number): Tensor => (axis === 0 ? x : moveAxis(x, 0, axis));

/** The Jacobian of a function from one tensor to one tensor, shape [...out, ...in]: one forward pass per input element, vectorised. */
export function jacobian(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => {
    const [y, push] = linearize(f, x);
    const rows = vmap((v: Tensor) => push(reshape(v, x.shape)))(oneHotRows(x.size, x.dtype));
    return moveAxisOut(rows, y.shape, x.shape);
  };
}

const moveAxisOut = (rows: Tensor, out: readonly number[], input: readonly number[]): Tensor =>
  reshape(moveAxis(rows, 0, rows.rank - 1), [...out, ...input]);
