/** What every op declares and the gradient table exercises: backends, dtypes, derivatives. */
import type { CheckRow } from '../src/engine/check-row.ts';
import { type Aval, type Dtype, type GraphNode, type Op, traceGraph } from '../src/engine/index.ts';
import { collect, opNameOf } from '../test/conformance/collect.ts';
import { drawArgs, dtypeOf } from '../test/conformance/draw.ts';

export interface OpFeature {
  readonly name: string;
  /** Operand dtypes with which the table runs the op, and those of the results where they differ. */
  readonly dtypes: string;
  /** How wasm runs it: `kernel` (in the compiled program), `view` (nothing moves) or `host` (a call back into JavaScript). */
  readonly wasm: string;
  /** Highest derivative in the table; null for ops whose results do not vary. */
  readonly order: number | null;
}

export interface OpFeatures {
  readonly ops: readonly OpFeature[];
  /** Functions made of other ops, with the highest derivative in the table. */
  readonly composites: readonly { readonly name: string; readonly order: number }[];
}

const DTYPES: readonly Dtype[] = ['f32', 'f64', 'i32', 'u32', 'bool'];

interface Seen {
  readonly ins: Set<Dtype>;
  readonly outs: Set<Dtype>;
}

/** Gathers the features of all ops that src/engine/ops exports. */
export async function opFeatures(): Promise<OpFeatures> {
  const { rows, ops } = await collect();
  const seen = new Map<Op, Seen>(ops.map(({ op }) => [op, { ins: new Set(), outs: new Set() }]));
  for (const row of rows) for (const float of ['f32', 'f64'] as const) note(row, float, seen);
  const names = new Set(ops.map(({ op }) => op.name));
  const composites = [...new Set(rows.map(opNameOf))].filter((name) => !names.has(name));
  return {
    ops: ops.map(({ op }) => featureOf(op, seen.get(op)!, rows)).sort(byName),
    composites: composites.map((name) => ({ name, order: orderOf(name, rows) })).sort(byName),
  };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

/** Traces a row and notes with which dtypes its ops run. */
function note(row: CheckRow, float: 'f32' | 'f64', seen: ReadonlyMap<Op, Seen>): void {
  const avals = drawArgs(row).map((x): Aval => ({ shape: x.shape, dtype: dtypeOf(x, float) }));
  const graph = traceGraph((...xs) => [row.f(...xs)], avals);
  const dtypes = (ids: GraphNode['inputs']): Dtype[] => ids.map((id) => graph.avals[id]!.dtype);
  for (const node of graph.nodes) {
    const here = seen.get(node.op);
    for (const dtype of dtypes(node.inputs)) here?.ins.add(dtype);
    for (const dtype of dtypes(node.outputs)) here?.outs.add(dtype);
  }
}

function featureOf(op: Op, { ins, outs }: Seen, rows: readonly CheckRow[]): OpFeature {
  const list = (set: ReadonlySet<Dtype>): string => DTYPES.filter((dtype) => set.has(dtype)).join(' ');
  const [taken, made] = [list(ins), list(outs)];
  return {
    name: op.name,
    dtypes: taken === '' || taken === made ? made : `${taken} → ${made}`,
    wasm: op.isView ? 'view' : op.wasm === undefined ? 'host' : 'kernel',
    order: op.jvp === undefined && op.linearize === undefined ? null : orderOf(op.name, rows),
  };
}

const orderOf = (name: string, rows: readonly CheckRow[]): number =>
  Math.max(0, ...rows.filter((row) => opNameOf(row) === name).map((row) => row.order ?? 2));
