/** The public transformations, over trees of tensors. */
import { defaultDtype, isFloat } from '../dtype.ts';
import { ConfigError, DtypeError, ShapeError, TreeError } from '../errors.ts';
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

interface FloatTree {
  readonly leaves: Tensor[];
  readonly def: TreeDef;
}

/** Leaves of a tree that is to be differentiated; integers and other things are refused with their path. */
function floatLeaves(name: string, tree: unknown): FloatTree {
  const [leaves, def] = flatten(tree);
  if (leaves.length === 0)
    throw new TreeError(`${name}: there is nothing to differentiate: the argument holds no tensor`, {
      help: 'pass the parameters as the first argument, or name another one with { argument }',
    });
  return { leaves: leaves.map((leaf, i) => floatLeaf(name, leaf, def, i)), def };
}

function floatLeaf(name: string, leaf: unknown, def: TreeDef, i: number): Tensor {
  if (typeof leaf === 'number') return scalar(leaf);
  const path = def.paths[i]!;
  const what = path === '' ? 'the argument' : `the leaf ${path}`;
  if (!(leaf instanceof Tensor))
    throw new TreeError(`${name}: ${what} is ${leaf?.constructor?.name ?? typeof leaf}, not a tensor`, {
      path,
      help: 'trees are plain objects, arrays, tuples and null with tensors as leaves',
    });
  if (leaf.weak) return cast(leaf, defaultDtype());
  if (!isFloat(leaf.dtype))
    throw new DtypeError(`${name}: ${what} has dtype ${leaf.dtype}; only f32 and f64 can be differentiated`, {
      path,
      dtype: leaf.dtype,
      help: 'pass integers as a later argument, or cast them',
    });
  return leaf;
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

/** A flat version of a function that returns [value, anything]: of the second part only the tensors are seen by the transformation. */
function flatWithAux(
  f: (...args: unknown[]) => unknown,
  rebuild: (leaves: readonly Tensor[]) => unknown[],
): {
  flat: (...xs: Tensor[]) => Tensor[];
  count: () => number;
  rebuilt: (outs: readonly Tensor[]) => [value: unknown, aux: unknown];
} {
  let value: TreeDef | null = null;
  let extra: readonly [leaves: unknown[], def: TreeDef] | null = null;
  const flat = (...xs: Tensor[]): Tensor[] => {
    const result = f(...rebuild(xs));
    if (!Array.isArray(result) || result.length !== 2)
      throw new TreeError('with { aux: true } the function must return [value, anything]', {
        help: 'return the value alone, or drop the option',
      });
    value = structureOf(result[0]);
    extra = flatten(result[1]);
    return [...leavesOf(result[0]).map(resultLeaf), ...extra[0].filter((x) => x instanceof Tensor)];
  };
  const rebuilt = (outs: readonly Tensor[]): [unknown, unknown] => {
    let at = value!.count;
    const [leaves, def] = extra!;
    const aux = leaves.map((x) => (x instanceof Tensor ? outs[at++] : x));
    return [value!.build(outs, 0), unflatten(def, aux)];
  };
  return { flat, count: () => value!.count, rebuilt };
}

function resultLeaf(leaf: unknown): Tensor {
  if (leaf instanceof Tensor) return leaf;
  if (typeof leaf === 'number') return scalar(leaf);
  throw new TreeError(`a transformed function returned ${leaf?.constructor?.name ?? typeof leaf}`, {
    help: 'return tensors, or trees of them; other results go into the second place with { aux: true }',
  });
}

/** Pushes a tangent through f: returns [f(primal), df(primal)·tangent]; the tangent has the tree of the primal. */
export function jvp<P, R>(f: (p: P) => R, primal: P, tangent: P): [value: R, tangent: R] {
  const { leaves, def } = floatLeaves('jvp', primal);
  const moved = tangentsFor('jvp', leaves, def, tangent);
  const { flat, outDef } = flatFunction(f as (x: unknown) => unknown, (xs) => [unflatten(def, xs)]);
  const result = jvpFlat(flat, leaves, moved);
  const tangents = result.tangents.map((t, i) => instantiate(t, result.outs[i]!));
  return [unflatten<R>(outDef(), result.outs), unflatten<R>(outDef(), tangents)];
}

/** The leaves of a tree of tangents or cotangents, which must look like the values; numbers take the dtype beside them. */
function tangentsFor(name: string, values: readonly Tensor[], def: TreeDef, tree: unknown): Tensor[] {
  const [leaves, found] = flatten(tree);
  if (found.key !== def.key)
    throw new TreeError(`${name}: a tree with ${showPaths(found)} cannot stand beside one with ${showPaths(def)}`, {
      expected: def.paths,
      found: found.paths,
      help: 'tangents and cotangents have the tree of the value they belong to',
    });
  return values.map((x, i) => tangentFor(name, x, leaves[i], def.paths[i]!));
}

function showPaths({ paths }: TreeDef): string {
  const shown = paths.slice(0, 6).map((p) => p || 'a single leaf');
  return paths.length === 0 ? 'no leaves' : `${shown.join(', ')}${paths.length > 6 ? ', …' : ''}`;
}

function tangentFor(name: string, x: Tensor, leaf: unknown, path: string): Tensor {
  const t = typeof leaf === 'number' ? scalar(leaf, x.dtype) : resultLeaf(leaf);
  const where = path || 'the root';
  if (!sameShape(x.shape, t.shape))
    throw new ShapeError(`${name}: ${showAval(t)} cannot be a tangent or cotangent of ${showAval(x)} at ${where}`, {
      path,
      expected: x.shape,
      found: t.shape,
      help: 'the shape must be that of the value',
    });
  if (t.weak) return cast(t, x.dtype);
  if (x.dtype !== t.dtype)
    throw new DtypeError(`${name}: ${showAval(t)} cannot be a tangent or cotangent of ${showAval(x)} at ${where}`, {
      path,
      expected: x.dtype,
      found: t.dtype,
      help: `cast it to '${x.dtype}'`,
    });
  return t;
}

/** Splits f at a point into its value and its derivative there, a linear function of tangents that may be called many times. */
export function linearize<P, R>(f: (p: P) => R, primal: P): [value: R, push: (tangent: P) => R] {
  const { leaves, def } = floatLeaves('linearize', primal);
  const { flat, outDef } = flatFunction(f as (x: unknown) => unknown, (xs) => [unflatten(def, xs)]);
  const parts = linearizeFlat(flat, leaves);
  const push = (tangent: P): R => {
    const moved = tangentsFor('linearize', leaves, def, tangent);
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
  const { flat, count, rebuilt } = flatWithAux(asPair(f, aux), (xs) => [unflatten(def, xs)]);
  const parts = linearizeFlat(flat, leaves);
  const [value, extra] = rebuilt(parts.outs);
  const valueDef = structureOf(value);
  const pull = (cotangent: unknown): unknown => {
    const cts = tangentsFor('vjp', parts.outs.slice(0, count()), valueDef, cotangent);
    const full = parts.outs.map((_, i): MaybeTensor => cts[i] ?? null);
    const back = pullBack(parts.linear, varying(full, parts.hasTangent));
    return unflatten(
      def,
      leaves.map((x, i) => instantiate(back[i]!, x)),
    );
  };
  return aux ? [value, pull, extra] : [value, pull];
}

/** A function that returns [value, anything] already, or one that is made to. */
const asPair = (f: Fn, aux: boolean): ((...args: unknown[]) => unknown) =>
  aux ? (f as (...args: unknown[]) => unknown) : (...args) => [f(...(args as never[])), null];

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
export function valueAndGrad(f: Fn, options: GradOptions = {}): Fn {
  return differentiated(f, options, (value, gradient) => [value, gradient]);
}

/** A function that gives what `pick` makes of value and gradient; everything else that it computes is freed. */
function differentiated(
  f: Fn,
  { aux = false, argument = 0 }: GradOptions,
  pick: (value: unknown, gradient: unknown) => unknown,
): Fn {
  const pair = asPair(f, aux);
  return ((...args: unknown[]) => {
    checkArgument(argument, args.length);
    const { leaves, def } = floatLeaves('grad', args[argument]);
    const place = (xs: readonly Tensor[]) => args.map((a, i) => (i === argument ? unflatten(def, xs) : a));
    const { flat, count, rebuilt } = flatWithAux(pair, place);
    const owned = isTransforming() ? null : new Scope(null); // inside another transformation, that one may keep residuals
    try {
      const parts = linearizeFlat(flat, leaves, undefined, owned);
      checkLoss(parts.outs.slice(0, count()));
      const grads = owned === null ? gradientOf(parts, leaves) : collecting(owned, () => gradientOf(parts, leaves));
      const [value, extra] = rebuilt(parts.outs);
      const result = pick(aux ? [value, extra] : value, unflatten(def, grads));
      owned?.handOver(result);
      return result;
    } finally {
      owned?.end();
    }
  }) as Fn;
}

function checkArgument(argument: number, count: number): void {
  if (Number.isInteger(argument) && argument >= 0 && argument < count) return;
  throw new ConfigError(`grad: argument ${argument} was to be differentiated, but the call has ${count} arguments`, {
    argument,
    count,
    help: 'arguments are counted from 0',
  });
}

function gradientOf(parts: ReturnType<typeof linearizeFlat>, leaves: readonly Tensor[]): Tensor[] {
  if (!parts.hasTangent[0]) return leaves.map(zerosLike);
  const [loss] = parts.outs;
  const seed = scalar(1, loss!.dtype);
  const cts = parts.hasTangent.map((_, i) => (i === 0 ? reshape(seed, loss!.shape) : null));
  return pullBack(parts.linear, varying(cts, parts.hasTangent)).map((g, i) => instantiate(g, leaves[i]!));
}

function checkLoss(outs: readonly Tensor[]): void {
  const [loss] = outs;
  if (loss === undefined || outs.length > 1)
    throw new ShapeError(`grad: the function returned ${outs.length} tensors, not one loss`, {
      count: outs.length,
      help: 'return one loss, or [loss, anything] with { aux: true }',
    });
  if (sizeOf(loss.shape) !== 1)
    throw new ShapeError(`grad: the function returned a tensor of shape ${showShape(loss.shape)}, not one number`, {
      shape: loss.shape,
      help: 'reduce it with sum or mean, or use vjp with a cotangent of that shape',
    });
  if (!isFloat(loss.dtype))
    throw new DtypeError(`grad: the loss has dtype ${loss.dtype}`, { dtype: loss.dtype, help: "cast it to 'f32'" });
}

/** The gradient of a scalar function with respect to its first argument: credit of exactly the type of the parameters. */
export function grad<P, A extends unknown[]>(
  f: (p: P, ...rest: A) => Tensor,
  options: Pick<GradOptions, 'argument'> = {},
): (p: P, ...rest: A) => P {
  return differentiated(f, options, (_, gradient) => gradient) as (p: P, ...rest: A) => P;
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
