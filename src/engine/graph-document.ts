/**
 * Graphs as documents: versioned JSON with op name@version, and the captured values beside it.
 *
 * A document holds structure only; constants come back as named tensors, to be written in any format for tensors. Ops are data of the program that reads: it says which ops it knows.
 */
import { DataError, UnsupportedError } from './errors.ts';
import type { Graph, GraphNode } from './graph.ts';
import type { Op, Params } from './op.ts';
import { sameShape } from './shape.ts';
import { type Aval, showAval, type Tensor } from './tensor.ts';

const FORMAT = 'cotangent-graph';
const VERSION = 1;

interface NodeDocument {
  /** `name@version`. */
  readonly op: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly params: unknown;
  readonly scope: string;
  readonly isBackward?: true;
}

interface Body {
  readonly avals: readonly Aval[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly nodes: readonly NodeDocument[];
  readonly consts: readonly { readonly id: number; readonly name: string }[];
}

/** A graph as plain JSON data. */
export interface GraphDocument extends Body {
  readonly format: typeof FORMAT;
  readonly version: number;
}

export type Constants = Readonly<Record<string, Tensor>>;

/** Writes a graph, and the graphs inside its nodes, as a document and its constants by name; ops whose parameters are functions are refused. */
export function graphToDocument(graph: Graph): { readonly document: GraphDocument; readonly constants: Constants } {
  const names = new Map<Tensor, string>();
  const body = bodyOf(graph, names);
  const constants = Object.fromEntries([...names].map(([value, name]) => [name, value]));
  return { document: { format: FORMAT, version: VERSION, ...body }, constants };
}

function bodyOf(graph: Graph, names: Map<Tensor, string>): Body {
  const nameOf = (value: Tensor): string => {
    const name = names.get(value) ?? `c${names.size}`;
    names.set(value, name);
    return name;
  };
  return {
    avals: graph.avals.map(({ shape, dtype, weak }) => (weak === true ? { shape, dtype, weak } : { shape, dtype })),
    inputs: graph.inputs,
    outputs: graph.outputs,
    consts: graph.consts.map(({ id, value }) => ({ id, name: nameOf(value) })),
    nodes: graph.nodes.map(({ op, inputs, outputs, params, scope, isBackward }) => {
      const node = { op: `${op.name}@${op.version}`, inputs, outputs, params: encode(op, params, names), scope };
      return isBackward === true ? { ...node, isBackward } : node;
    }),
  };
}

const isGraph = (v: object): v is Graph => 'nodes' in v && 'avals' in v;

/** Parameters as JSON: numbers that JSON cannot hold become { number }, graphs { graph }. */
function encode(op: Op, value: unknown, names: Map<Tensor, string>): unknown {
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { number: Object.is(value, -0) ? '-0' : `${value}` };
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((v) => encode(op, v, names));
  if (typeof value === 'object' && isGraph(value)) return { graph: bodyOf(value, names) };
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(
      Object.entries(value).flatMap(([k, v]) => (v === undefined ? [] : [[k, encode(op, v, names)]])),
    );
  throw new UnsupportedError(`the op ${op.name} has a parameter that is ${typeof value}, which no document can hold`, {
    op: op.name,
    help: 'write the function apart from this op, or inline it',
  });
}

const isOp = (v: object): v is Op => 'infer' in v && 'js' in v && 'version' in v;

/** The ops among the exports of a module and of the modules that it exports by name: `opsIn(await import('cotangent/engine'))`. */
export const opsIn = (module: object): Op[] =>
  Object.values(module).flatMap((v: unknown) => {
    if (typeof v !== 'object' || v === null) return [];
    if (isOp(v)) return [v];
    return (v as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'Module' ? opsIn(v) : [];
  });

/** Reads a document with the ops that this program knows; refuses other formats, unknown ops and versions, and constants that are missing or of another type. */
export function graphFromDocument(document: GraphDocument, constants: Constants, ops: Iterable<Op>): Graph {
  if (document.format !== FORMAT || document.version !== VERSION)
    throw new DataError(
      `this is ${document.format ?? 'no graph'} of version ${document.version}, not ${FORMAT} of version ${VERSION}`,
      {
        format: document.format,
        version: document.version,
      },
    );
  const known = new Map([...ops].map((op) => [`${op.name}@${op.version}`, op]));
  return graphOf(document, constants, known);
}

function graphOf(body: Body, constants: Constants, known: ReadonlyMap<string, Op>): Graph {
  return {
    avals: body.avals,
    inputs: body.inputs,
    outputs: body.outputs,
    consts: body.consts.map(({ id, name }) => ({ id, value: constantOf(constants, name, body.avals[id]!) })),
    nodes: body.nodes.map((node): GraphNode => {
      const params = decode(node.params, constants, known) as Params;
      const { inputs, outputs, scope, isBackward } = node;
      const made = { op: opOf(node.op, known), inputs, outputs, params, scope, site: null };
      return isBackward === true ? { ...made, isBackward } : made;
    }),
  };
}

function opOf(id: string, known: ReadonlyMap<string, Op>): Op {
  const found = known.get(id);
  if (found !== undefined) return found;
  const [name] = id.split('@');
  const others = [...known.keys()].filter((k) => k.startsWith(`${name}@`));
  throw new DataError(`the document uses the op ${id}, which is not among those given`, {
    op: id,
    help: others.length > 0 ? `known is ${others.join(', ')}` : 'give the op of the program that wrote the document',
  });
}

function constantOf(constants: Constants, name: string, expected: Aval): Tensor {
  const found = constants[name];
  if (found !== undefined && found.dtype === expected.dtype && sameShape(found.shape, expected.shape)) return found;
  throw new DataError(
    `the constant ${name} is ${found === undefined ? 'missing' : showAval(found)}, not ${showAval(expected)}`,
    {
      name,
      help: 'pass the constants that were written with the document',
    },
  );
}

function decode(value: unknown, constants: Constants, known: ReadonlyMap<string, Op>): unknown {
  if (Array.isArray(value)) return value.map((v) => decode(v, constants, known));
  if (typeof value !== 'object' || value === null) return value;
  const { graph, number } = value as { graph?: Body; number?: string };
  if (typeof number === 'string') return Number(number);
  if (graph !== undefined && Array.isArray(graph.nodes)) return graphOf(graph, constants, known);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v, constants, known)]));
}
