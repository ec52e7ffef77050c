/**
 * A chain of dense and convolutional layers as event rates, with what burst rules ask of it: the slope over the rate, apical potentials through any weights, and local products for weight changes.
 *
 * Letters: e event rate, z somatic potential, h(e) = f′(z)/f(z), u apical potential.
 */
import type { Tensor } from '../../engine/index.ts';
import { abs, add, cast, div, gt, maximum, mean, mul, sqrt, sub, sum, vjp } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import { entry } from '../../nn/layer.ts';
import type { Model } from '../../nn/model.ts';
import {
  activated,
  type Coupling,
  type CouplingCall,
  couplingsOf,
  driveOf,
  knownCouplings,
  nameOfActivation,
} from '../energy/couplings.ts';
import { gathered, treeAt, withTreeAt } from '../energy/paths.ts';
import type { CreditCall, Reason } from '../rule.ts';
import { reason } from '../rule.ts';

/** A layer of the chain after its forward pass. */
export interface RateLayer {
  readonly name: string;
  readonly coupling: Coupling;
  /** Name of the activation. */
  readonly activation: string;
  /** What the layer hears of the one below, before `between`. */
  readonly input: Tensor;
  readonly z: Tensor;
  /** What the model passes on: event rates, or logits where the output has no activation. */
  readonly y: Tensor;
}

/** A chain with what its maps need besides weights. */
export interface RateChain {
  readonly layers: readonly RateLayer[];
  readonly params: Tree;
  readonly around: CouplingCall;
}

export interface ChainKinds {
  readonly hidden: readonly string[];
  readonly output: readonly string[];
}

/** Layers without weights that are linear, so that rates, apical potentials and errors pass them alike. */
const LINEAR = ['flatten', 'avgPool', 'globalAvgPool'];

/** Whether a model is a chain with activations of these names, or why not. */
export function supportsChain(model: Model, { hidden, output }: ChainKinds): true | Reason {
  const couplings = couplingsOf(model);
  if (!Array.isArray(couplings)) return couplings as Reason;
  const chain = couplings as readonly Coupling[];
  for (const [i, coupling] of chain.entries()) {
    const isLast = i === chain.length - 1;
    const allowed = isLast ? output : hidden;
    const name = nameOfActivation(coupling);
    if (coupling.activation.length > 1 || !allowed.includes(name))
      return reason(
        `event rates are positive: ${coupling.name} has the activation ${name}, and ${isLast ? 'the output' : 'a hidden layer'} may have ${allowed.join(' or ')}`,
      );
    const odd = i === 0 ? undefined : coupling.between.find(({ layer }) => !LINEAR.includes(layer.kind));
    if (odd !== undefined)
      return reason(
        `what lies between layers must be linear (${LINEAR.join(', ')}) for feedback to pass it; ${odd.name} is not`,
      );
  }
  return true;
}

/** The forward pass of a supported model. */
export function rateChain({ model, params, modelState, batch, key }: CreditCall<unknown>): RateChain {
  const around: CouplingCall = { modelState, call: { key, train: true } };
  const layers: RateLayer[] = [];
  for (const coupling of knownCouplings(model)) {
    const input = layers.at(-1)?.y ?? batch.x;
    const z = driveOf(coupling, params, around, input);
    const activation = nameOfActivation(coupling);
    layers.push({ name: coupling.name, coupling, activation, input, z, y: activated(coupling, around, z) });
  }
  return { layers, params, around };
}

/** The weights of every layer but the first: what Y, Q and their like are shaped as. */
export const upperWeights = (model: Model, params: Tree): Tensor[] =>
  knownCouplings(model)
    .slice(1)
    .map(({ map }) => entry(treeAt(params, map.path), 'w')!);

/** Keeps rates of zero from being divided by. */
const TINY = 1e-8;

/** h(e) = f′(z)/f(z), by the name of f. */
export const slopeOverRate: Readonly<Record<string, (layer: RateLayer) => Tensor>> = {
  logistic: ({ y }) => sub(1, y),
  relu: ({ z, y }) => div(cast(gt(z, 0), y.dtype), add(y, TINY)),
};

/** The rates divided by, kept from zero. */
export const awayFromZero = (rates: Tensor): Tensor => add(rates, TINY);

/** The affine map of a layer with other weights. */
export const driveWith = ({ params, around }: RateChain, { coupling }: RateLayer, own: Tree, below: Tensor): Tensor =>
  driveOf(coupling, withTreeAt(params, coupling.map.path, own), around, below);

/** What rates of a layer make of the apical potentials below it, through weights shaped as the layer's own: the transposed map. */
export const apical = (chain: RateChain, above: RateLayer, weights: Tensor, rates: Tensor): Tensor =>
  vjp((x: Tensor) => driveWith(chain, above, { w: weights }, x), above.input)[1](rates);

/** Σ over the batch of (what reaches the map from `below`)·(`rates` of the layer), in the shape of the layer's weights. */
export const localProduct = (chain: RateChain, layer: RateLayer, like: Tensor, below: Tensor, rates: Tensor): Tensor =>
  vjp((w: Tensor) => driveWith(chain, layer, { w }, below), like)[1](rates);

/** The same for all parameters of a layer. */
export const localCredit = (chain: RateChain, layer: RateLayer, own: Tree, below: Tensor, rates: Tensor): Tree =>
  vjp((p: Tree) => driveWith(chain, layer, p, below), own)[1](rates);

/** The parameters of a layer. */
export const paramsAt = ({ params }: RateChain, { coupling }: RateLayer): Tree => treeAt(params, coupling.map.path);

/** Credit as a tree like the params, from what each layer's potential is told. */
export const chainCredit = (chain: RateChain, potentials: readonly Tensor[]): Tree =>
  gathered(
    chain.params,
    chain.layers.map((layer, l) => [
      layer.coupling.map.path,
      localCredit(chain, layer, paramsAt(chain, layer), layer.input, potentials[l]!),
    ]),
  );

/** The mean of |x|. */
export const meanSize = (x: Tensor): Tensor => mean(abs(x));

/** The cosine between two tensors; 0 where one is zero. */
export function cosine(a: Tensor, b: Tensor): Tensor {
  const length = mul(sqrt(sum(mul(a, a))), sqrt(sum(mul(b, b))));
  return div(sum(mul(a, b)), maximum(length, 1e-30));
}
