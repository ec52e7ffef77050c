/** Graphs of scalars: what a function of numbers does, recorded by the one tracer, with a name for each input. */
import { remembered } from '../cache.ts';
import type { ValueId } from '../dag.ts';
import { liveNodes } from '../dag.ts';
import { ShapeError, TracerError } from '../errors.ts';
import { type Graph, type GraphNode, traceGraph } from '../graph.ts';
import { constantOp } from '../ops/constant.ts';
import { inlineCalls } from '../passes/inline.ts';
import { Concrete, type Tensor } from '../tensor.ts';

/** A traced function of scalars; its nodes are those that the output depends on, in the order in which they were written. */
export interface ScalarGraph {
  readonly graph: Graph;
  /** Names of the inputs, in the order of the arguments. */
  readonly names: readonly string[];
  readonly output: ValueId;
}

/** Records a function of f64 scalars that returns one scalar; throws where a value in it is no scalar. */
export function traceScalars(f: (...xs: Tensor[]) => Tensor, names: readonly string[]): ScalarGraph {
  const traced = inlineCalls(
    traceGraph(
      (...xs) => [f(...xs)],
      names.map(() => ({ shape: [], dtype: 'f64' })),
      'scalar',
    ),
  );
  for (const { op, outputs } of traced.nodes) requireScalar(op.name, outputs, traced);
  const graph = { ...traced, nodes: liveNodes(traced) };
  return { graph, names, output: graph.outputs[0]! };
}

function requireScalar(name: string, outputs: readonly ValueId[], { avals }: Graph): void {
  const [shape, ...more] = outputs.map((id) => avals[id]!.shape);
  if (more.length === 0 && shape!.length === 0) return;
  throw new ShapeError(
    `${name} makes ${more.length > 0 ? `${outputs.length} values` : `a tensor of shape (${shape!.join(', ')})`} in a graph of scalars`,
    {
      op: name,
      shape,
      help: 'write the function on scalars, one number a value, or trace it as a graph of tensors',
    },
  );
}

/** Whether a node is a number that was written down. */
export const isConstant = ({ op }: GraphNode): boolean => op.name === constantOp.name;

/** The number of a constant node. */
export const constantOf = ({ params }: GraphNode): number => (params as { readonly value: number }).value;

/** Nodes that compute: all but the constants. */
export const operationNodes = ({ graph }: ScalarGraph): GraphNode[] => graph.nodes.filter((node) => !isConstant(node));

/** The values that are known before anything is computed: inputs at a point, and what was captured or written down. */
export function knownValues({ graph, names }: ScalarGraph, at: readonly number[]): Map<ValueId, number> {
  if (at.length !== names.length)
    throw new ShapeError(`${names.length} inputs, but ${at.length} numbers`, {
      help: `give a number for each of ${names.join(', ')}`,
    });
  const known = new Map(graph.inputs.map((id, i) => [id, at[i]!] as const));
  for (const { id, value } of graph.consts) known.set(id, numberOf(value));
  return known;
}

function numberOf(x: Tensor): number {
  if (x instanceof Concrete && x.size === 1) return x.item();
  throw new TracerError('a graph of scalars holds a value that is not known yet', {
    help: 'trace the function outside of grad, vmap and jit',
  });
}

const varied = new WeakMap<Graph, ReadonlySet<ValueId>>();

/** The ids of values that vary with the inputs. */
export const variedValues = ({ graph }: ScalarGraph): ReadonlySet<ValueId> =>
  remembered(varied, graph, () => findVaried(graph));

function findVaried(graph: Graph): Set<ValueId> {
  const found = new Set(graph.inputs);
  for (const node of graph.nodes)
    if (node.op.jvp !== undefined && node.inputs.some((id) => found.has(id))) found.add(node.outputs[0]!);
  return found;
}
