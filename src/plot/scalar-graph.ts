/** A scalar graph at a point as the values that are drawn. */
import type { ValueId } from '../engine/dag.ts';
import { constantOf, isConstant, type ScalarGraph } from '../engine/scalar/scalar-graph.ts';
import type { ValueNode } from './value-graph.ts';

const symbols: Readonly<Record<string, string>> = {
  add: '+',
  sub: '−',
  mul: '×',
  div: '÷',
  neg: '±',
  logistic: 'σ',
  square: 'x²',
};

export interface ScalarPlotOptions {
  /** Labels of values by id; inputs have their names, others are numbered v1, v2, … in the order in which they are computed. */
  readonly labels?: ReadonlyMap<ValueId, string>;
}

/** Labels of all values: names, numbers of constants, v1, v2, … */
export function scalarLabels(
  { graph, names }: ScalarGraph,
  own: ReadonlyMap<ValueId, string> = new Map(),
): Map<ValueId, string> {
  const labels = new Map(graph.inputs.map((id, i) => [id, own.get(id) ?? names[i]!] as const));
  for (const [i, { id }] of graph.consts.entries()) labels.set(id, own.get(id) ?? `c${i + 1}`);
  let count = 0;
  for (const node of graph.nodes) {
    const id = node.outputs[0]!;
    labels.set(id, own.get(id) ?? (isConstant(node) ? String(constantOf(node)) : `v${++count}`));
  }
  return labels;
}

/** The values of a scalar graph with their gradients, ready to be drawn; a value without a gradient has none yet. */
export function scalarPlot(
  scalar: ScalarGraph,
  values: ReadonlyMap<ValueId, number>,
  gradients: ReadonlyMap<ValueId, number>,
  { labels }: ScalarPlotOptions = {},
): ValueNode[] {
  const { graph, output } = scalar;
  const named = scalarLabels(scalar, labels);
  const valueNode = (id: ValueId): Omit<ValueNode, 'kind' | 'op'> => ({
    id: `v${id}`,
    label: named.get(id)!,
    data: values.get(id)!,
    grad: gradients.get(id) ?? null,
  });
  const given = graph.inputs.map((id): ValueNode => ({ ...valueNode(id), kind: 'input' }));
  const captured = graph.consts.map(({ id }): ValueNode => ({ ...valueNode(id), kind: 'constant' }));
  const computed = graph.nodes.map((node): ValueNode => {
    const own = valueNode(node.outputs[0]!);
    if (isConstant(node)) return { ...own, kind: 'constant' };
    const op = { name: symbols[node.op.name] ?? node.op.name, from: node.inputs.map((id) => `v${id}`) };
    return node.outputs[0] === output ? { ...own, op, kind: 'output' } : { ...own, op };
  });
  return [...given, ...captured, ...computed];
}
