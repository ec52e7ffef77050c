/**
 * A model as a network of value nodes: every vertex predicts its own value from those of its parents.
 *
 * A vertex begins where weights do, so a chain of layers gives a chain of vertices; residual blocks are opened into branches and a vertex that adds them. No derivative leaves a vertex: what a vertex
 * tells its parents is its own pull at the values they hold.
 */
import type { Tensor } from '../../engine/index.ts';
import { add, leavesOf, namedScope, vjp } from '../../engine/index.ts';
import type { ApplyCall, Layer, Tree } from '../../nn/layer.ts';
import { callFor } from '../../nn/model.ts';
import type { Path } from './paths.ts';
import { gathered, treeAt, withTreeAt } from './paths.ts';

/** A part of a layer: what comes before its activation, or the activation. */
export interface Step {
  readonly name: string;
  readonly layer: Layer;
  readonly part: 'pre' | 'post';
  /** Where the layer's params and state lie, and its key comes from. */
  readonly path: readonly number[];
}

export interface Vertex {
  readonly name: string;
  /** The vertices that it predicts from; INPUT is the sample itself. Several are added. */
  readonly parents: readonly number[];
  /** What happens to the parents' value; nothing at all is an identity. */
  readonly steps: readonly Step[];
}

/** The parent of vertices that see the sample. */
export const INPUT = -1;

/** Vertices in the order of the forward pass; the last one is the output. */
export interface Network {
  readonly vertices: readonly Vertex[];
}

/** What stays the same while values move. */
export interface Surroundings {
  readonly params: Tree;
  readonly modelState: Tree;
  readonly x: Tensor;
  readonly call: ApplyCall;
}

/** One value a vertex. */
export type Values = readonly Tensor[];

/** The values that a vertex predicts from. */
const parentsOf = (net: Network, i: number, { x }: Surroundings, values: Values): Tensor[] =>
  net.vertices[i]!.parents.map((p) => (p === INPUT ? x : values[p]!));

/** Runs the steps of a vertex with given params, one entry a step. */
function runSteps(
  steps: readonly Step[],
  own: readonly Tree[],
  { modelState, call }: Surroundings,
  x: Tensor,
): [value: Tensor, states: Tree[]] {
  const states: Tree[] = [];
  const value = steps.reduce((y, step, k) => {
    const [out, state] = runStep(step, own[k]!, modelState, call, y);
    states.push(state);
    return out;
  }, x);
  return [value, states];
}

/** Runs one step: the value, and the next state of its layer. */
export function runStep(
  { name, layer, part, path }: Step,
  params: Tree,
  modelState: Tree,
  call: ApplyCall,
  x: Tensor,
): readonly [value: Tensor, state: Tree] {
  const state = treeAt(modelState, path);
  if (part === 'post') return [layer.post!(x), state];
  return namedScope(name, () => layer.pre(params, state, x, path.reduce(callFor, call)));
}

/** The params of a vertex, one entry a step; activations have none. */
export const paramsOf = ({ steps }: Vertex, params: Tree): Tree[] =>
  steps.map(({ part, path }) => (part === 'pre' ? treeAt(params, path) : null));

const total = (xs: readonly Tensor[]): Tensor => xs.reduce((a, b) => add(a, b));

/** μᵢ: what vertex i predicts from the values of its parents. */
export const predictionOf = (net: Network, i: number, around: Surroundings, values: Values): Tensor =>
  runSteps(
    net.vertices[i]!.steps,
    paramsOf(net.vertices[i]!, around.params),
    around,
    total(parentsOf(net, i, around, values)),
  )[0];

/** The forward pass: every vertex at its own prediction, and the model's next state. */
export function forwardValues(net: Network, around: Surroundings): { values: Tensor[]; modelState: Tree } {
  const values: Tensor[] = [];
  let { modelState } = around;
  net.vertices.forEach((vertex, i) => {
    const inputs = total(parentsOf(net, i, around, values));
    const [value, states] = runSteps(vertex.steps, paramsOf(vertex, around.params), around, inputs);
    values.push(value);
    vertex.steps.forEach(({ part, path }, k) => {
      if (part === 'pre') modelState = withTreeAt(modelState, path, states[k]!);
    });
  });
  return { values, modelState };
}

/** μᵢ with the pull from its cotangent to the value of each parent; a vertex that sees only the sample pulls nothing. */
export function predictAndPull(
  net: Network,
  i: number,
  around: Surroundings,
  values: Values,
): [mu: Tensor, pull: (ct: Tensor) => Tensor | null] {
  const vertex = net.vertices[i]!;
  if (vertex.parents.every((p) => p === INPUT)) return [predictionOf(net, i, around, values), () => null];
  const own = paramsOf(vertex, around.params);
  return vjp((v: Tensor) => runSteps(vertex.steps, own, around, v)[0], total(parentsOf(net, i, around, values)));
}

/** The pull of vertex i to its params, one entry a step, for a cotangent of its prediction at given values. */
export function pullParams(net: Network, i: number, around: Surroundings, values: Values, ct: Tensor): Tree[] {
  const vertex = net.vertices[i]!;
  const own = paramsOf(vertex, around.params);
  if (leavesOf(own).length === 0) return own;
  const inputs = total(parentsOf(net, i, around, values));
  return vjp((p: Tree[]) => runSteps(vertex.steps, p, around, inputs)[0], own)[1](ct);
}

/** Credit of all vertices as a tree like the params; params that serve several vertices get the sum. */
export const asCredit = (net: Network, params: Tree, parts: readonly (readonly Tree[])[]): Tree =>
  gathered(
    params,
    net.vertices.flatMap(({ steps }, i) =>
      steps.flatMap(({ part, path }, k): [Path, Tree][] =>
        part === 'pre' && leavesOf(parts[i]![k]).length > 0 ? [[path, parts[i]![k]!]] : [],
      ),
    ),
  );

/** What each vertex hears from its children: the sum over children of their pulls, null where no child says anything. */
export function heard(net: Network, pulled: readonly (Tensor | null)[]): (Tensor | null)[] {
  const sums: (Tensor | null)[] = net.vertices.map(() => null);
  net.vertices.forEach(({ parents }, i) => {
    for (const p of parents) {
      const message = pulled[i]!;
      if (p === INPUT || message === null) continue;
      sums[p] = sums[p] === null ? message : add(sums[p]!, message);
    }
  });
  return sums;
}
