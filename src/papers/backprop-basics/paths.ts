/** Check 2: the sum over all paths, as the chain rule read literally would have it, and how it explodes where values are used twice. */
import {
  add,
  type BackwardStep,
  backwardGradients,
  backwardSteps,
  emptyTally,
  forwardValues,
  operationsOf,
  type ScalarGraph,
  traceScalars,
} from '../../engine/index.ts';

/** x ← x + x, `depth` times. */
export const doubling = (depth: number): ScalarGraph =>
  traceScalars(
    (x) => {
      let y = x!;
      for (let i = 0; i < depth; i++) y = add(y, y);
      return y;
    },
    ['x'],
  );

/** Gradient and operations of both sweeps over the doubling. */
export function doublingCosts(depth: number) {
  const scalar = doubling(depth);
  const [forward, backward] = [emptyTally(), emptyTally()];
  const values = forwardValues(scalar, [1], forward);
  const gradients = backwardGradients(scalar, values, { tally: backward });
  return {
    gradient: gradients.get(scalar.graph.inputs[0]!)!,
    forward: operationsOf(forward),
    backward: operationsOf(backward),
  };
}

type Edges = ReadonlyMap<number, readonly BackwardStep[]>;

/** The operands of every value with their local derivatives. */
function edgesOf(scalar: ScalarGraph): Edges {
  const edges = new Map<number, BackwardStep[]>();
  for (const step of backwardSteps(scalar, forwardValues(scalar, [1])))
    edges.set(step.from, [...(edges.get(step.from) ?? []), step]);
  return edges;
}

/** Walks every path from the output to the input, and adds up the products of local derivatives along them. */
export function expandPaths(scalar: ScalarGraph): { readonly gradient: number; readonly paths: number } {
  const edges = edgesOf(scalar);
  const input = scalar.graph.inputs[0]!;
  const open: { at: number; product: number }[] = [{ at: scalar.output, product: 1 }];
  let [gradient, paths] = [0, 0];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (path.at === input) {
      gradient += path.product;
      paths++;
    } else for (const { to, local } of edges.get(path.at) ?? []) open.push({ at: to, product: path.product * local });
  }
  return { gradient, paths };
}

/** The chain rule as a recursive function without a memory: d(value)/dx = Σ local · d(operand)/dx; counts how often it is asked for dx/dx. */
export function chainRuleCalls(scalar: ScalarGraph): { readonly gradient: number; readonly calls: number } {
  const edges = edgesOf(scalar);
  const input = scalar.graph.inputs[0]!;
  let calls = 0;
  const derivative = (value: number): number => {
    if (value !== input)
      return (edges.get(value) ?? []).reduce((sum, { to, local }) => sum + local * derivative(to), 0);
    calls++;
    return 1;
  };
  return { gradient: derivative(scalar.output), calls };
}
