/**
 * Check 3: the network of "Backpropagation ≠ Chain Rule" and its two recursions.
 *
 *   b1 = 2a, b2 = 3a + b1, c = 4·b1 + 5·b2
 *   over the inputs of c: dc/da = Σ (∂c/∂v)·(dv/da)      partial × total, forwards
 *   over the users of a:  dc/da = Σ (dc/dv)·(∂v/∂a)      total × partial, backwards
 */
import {
  add,
  backwardGradients,
  type Dag,
  type DagNode,
  forwardValues,
  mul,
  type Tensor,
  traceScalars,
  walkBackward,
  walkForward,
} from '../../engine/index.ts';

const [a, b1, b2, c] = [0, 1, 2, 3];

/** A definition of the network: what it reads, and how. */
interface Definition extends DagNode {
  readonly f: (...xs: Tensor[]) => Tensor;
}

export const variables = ['a', 'b1', 'b2', 'c'] as const;

const network: Dag<Definition> = {
  inputs: [a],
  nodes: [
    { inputs: [a], outputs: [b1], f: (x) => mul(2, x!) },
    { inputs: [a, b1], outputs: [b2], f: (x, y) => add(mul(3, x!), y!) },
    { inputs: [b1, b2], outputs: [c], f: (x, y) => add(mul(4, x!), mul(5, y!)) },
  ],
  outputs: [c],
};

/** The whole network as one function of a. */
export function blogNetwork(x: Tensor): Tensor {
  const first = mul(2, x);
  const second = add(mul(3, x), first);
  return add(mul(4, first), mul(5, second));
}

/** ∂(definition)/∂(each direct input): the derivative of one definition by itself. */
function partials({ f, inputs }: Definition): number[] {
  const scalar = traceScalars(
    f,
    inputs.map((id) => variables[id]!),
  );
  const gradients = backwardGradients(
    scalar,
    forwardValues(
      scalar,
      inputs.map(() => 1),
    ),
  );
  return scalar.graph.inputs.map((id) => gradients.get(id)!);
}

/** The sum over the users of a, with one kind of derivative of c by a user and one kind of a user by a. */
type Mixture = (user: Definition, partial: number) => number;

/** Both tables and the two wrong mixtures of them. */
export function blogDerivatives() {
  const byA = walkForward<Definition, number>(network, new Map([[a, 1]]), (node, before) => [
    partials(node).reduce((sum, partial, i) => sum + partial * before[i]!, 0),
  ]);
  const ofC = walkBackward<Definition, number>(network, [[c, 1]], {
    add: (x, y) => x + y,
    pull: (node, [ct]) => partials(node).map((partial) => ct! * partial),
  });
  const direct = partials(network.nodes[2]!);
  const overUsers = (mixture: Mixture) =>
    network.nodes
      .flatMap((node) => {
        const at = node.inputs.indexOf(a);
        return at < 0 ? [] : [mixture(node, partials(node)[at]!)];
      })
      .reduce((sum, part) => sum + part);
  const user = ({ outputs }: Definition) => outputs[0]!;
  return {
    /** d·/da of every variable. */
    byA,
    /** dc/d· of every variable. */
    ofC,
    /** ∂c/∂v taken for dc/dv. */
    partialTimesPartial: overUsers((node, partial) => direct[network.nodes[2]!.inputs.indexOf(user(node))]! * partial),
    /** dv/da taken for ∂v/∂a. */
    totalTimesTotal: overUsers((node) => ofC.get(user(node))! * byA.get(user(node))!),
  };
}
