/** Functions that a node holds: traced to closed graphs whose leading inputs are the values captured from outside. */
import { DtypeError, ShapeError, TreeError, UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { evalGraph, GraphTracer, isLasting, traceGraph } from '../graph.ts';
import type { MaybeTensor } from '../op.ts';
import { asTensor } from '../ops/promote.ts';
import { sameShape } from '../shape.ts';
import type { Aval } from '../tensor.ts';
import { aval, showAval, Tensor } from '../tensor.ts';
import { isStaging } from '../trace.ts';
import type { TreeDef } from '../tree.ts';
import { flatten, leavesOf, structureOf, unflatten } from '../tree.ts';
import { vmapFlat, withBatchAxis } from './vmap.ts';

/** A traced function and the structure of what it returned. */
export interface Body {
  readonly graph: Graph;
  readonly def: TreeDef;
}

/** The tensors of a tree and the way back; leaves that are no tensors, such as numbers, stay as they are. */
export function tensorsIn<T>(tree: T): [tensors: Tensor[], build: (xs: readonly Tensor[]) => T, def: TreeDef] {
  const [leaves, def] = flatten(tree);
  const build = (xs: readonly Tensor[]): T => {
    let at = 0;
    return unflatten<T>(
      def,
      leaves.map((leaf) => (leaf instanceof Tensor ? xs[at++] : leaf)),
    );
  };
  return [leaves.filter((leaf) => leaf instanceof Tensor), build, def];
}

/** What a body knows of an operand: numbers stay weak. */
export const typeOf = (x: Aval): Aval => (x.weak === true ? { ...aval(x), weak: true } : aval(x));

export const outAvals = (graph: Graph): Aval[] => graph.outputs.map((id) => graph.avals[id]!);

/** Traces a function of flat tensors that returns a tree. */
export function traceBody(name: string, f: (...xs: Tensor[]) => unknown, ins: readonly Aval[]): Body {
  let def: TreeDef | null = null;
  const flat = (...xs: Tensor[]): Tensor[] => {
    const result = f(...xs);
    def = structureOf(result);
    return leavesOf(result).map((leaf) => resultOf(name, leaf));
  };
  const graph = traceGraph(flat, ins.map(typeOf), name, isStaging() && isLasting()); // outside jit it is traced on every call
  return { graph, def: def! };
}

function resultOf(name: string, leaf: unknown): Tensor {
  if (leaf instanceof Tensor || typeof leaf === 'number') return asTensor(leaf);
  throw new TreeError(`${name}: the function returned ${(leaf as object)?.constructor?.name ?? typeof leaf}`, {
    help: 'return tensors and numbers, or trees of them',
  });
}

/** Closes graphs over one common list of captured values, which become the leading inputs of each. */
export function closeTogether(graphs: readonly Graph[]): { captured: Tensor[]; graphs: Graph[] } {
  const captured = [...new Set(graphs.flatMap((g) => g.consts.map((c) => c.value)))];
  return { captured, graphs: graphs.map((g) => closeOver(g, captured)) };
}

function closeOver(graph: Graph, captured: readonly Tensor[]): Graph {
  const ids = new Map(graph.consts.map((c) => [c.value, c.id]));
  const avals = [...graph.avals];
  const leading = captured.map((x) => ids.get(x) ?? avals.push(typeOf(x)) - 1);
  return { ...graph, avals, inputs: [...leading, ...graph.inputs], consts: [] };
}

/** The graph of `size` instances at once; every result carries the batch axis. */
export function batchWhole(graph: Graph, isMapped: readonly boolean[], size: number): Graph {
  const ins = graph.inputs.map((id, i) => (isMapped[i] ? withLead(graph.avals[id]!, [size]) : graph.avals[id]!));
  return traceGraph((...xs) => {
    const result = vmapFlat((...ys) => evalGraph(graph, ys), xs, isMapped, size);
    return result.outs.map((y, i) => withBatchAxis(y, result.batched[i]!, size));
  }, ins);
}

/** A graph with its results replaced by what `f` makes of them. */
export const rewired = (graph: Graph, f: (ys: readonly Tensor[]) => readonly Tensor[]): Graph =>
  traceGraph(
    (...xs) => f(evalGraph(graph, xs)),
    graph.inputs.map((id) => graph.avals[id]!),
  );

/** The type of a value with more axes in front. */
export const withLead = (x: Aval, lead: readonly number[]): Aval => ({
  shape: [...lead, ...x.shape],
  dtype: x.dtype,
});

/** Refuses results whose structure, shapes or dtypes are not those that are needed. */
export function checkLike(
  what: string,
  found: Body,
  avals: readonly Aval[],
  def: Pick<TreeDef, 'key' | 'paths'>,
): void {
  if (found.def.key !== def.key)
    throw new TreeError(`${what}: a tree with ${showPaths(found.def)} was returned where ${showPaths(def)} is needed`, {
      expected: def.paths,
      found: found.def.paths,
      help: 'both must have the same keys and lengths',
    });
  avals.forEach((x, i) => {
    const y = found.graph.avals[found.graph.outputs[i]!]!;
    checkLeaf(what, x, y, def.paths[i] || 'the root');
  });
}

function checkLeaf(what: string, expected: Aval, found: Aval, path: string): void {
  const details = { path, expected: showAval(expected), found: showAval(found) };
  const message = `${what}: ${showAval(found)} was returned at ${path} where ${showAval(expected)} is needed`;
  if (!sameShape(expected.shape, found.shape))
    throw new ShapeError(message, { ...details, help: 'reshape it, or reduce with sum over the broadcast axes' });
  if (expected.dtype !== found.dtype)
    throw new DtypeError(message, { ...details, help: `cast it to '${expected.dtype}'` });
}

/** The first paths of a structure. */
export function showPaths({ paths }: Pick<TreeDef, 'paths'>): string {
  const shown = paths.slice(0, 6).map((p) => p || 'a single leaf');
  return paths.length === 0 ? 'no leaves' : `${shown.join(', ')}${paths.length > 6 ? ', …' : ''}`;
}

/** Refuses derivatives with respect to values that a custom rule knows nothing of. */
export function refuseCaptured(name: string, tangents: readonly MaybeTensor[], captured: number): void {
  if (tangents.slice(0, captured).every((t) => t === null)) return;
  throw new UnsupportedError(`${name}: the function reads a value from outside that is being differentiated`, {
    help: 'pass it as part of the argument, so that the rule says what its derivative is; or stopGradient it',
  });
}

/** Whether tangents are being recorded for reverse mode, rather than computed. */
export const isRecorded = (tangents: readonly MaybeTensor[]): boolean =>
  tangents.some((t) => t instanceof GraphTracer && t.trace.name === 'linearize');
