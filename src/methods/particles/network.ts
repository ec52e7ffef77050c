/** Networks as particle methods see them: one matrix a layer, whose columns are the neurons and whose last row holds their biases. */
import {
  argmax,
  ConfigError,
  cast,
  concat,
  type FloatDtype,
  fromArray,
  gt,
  matmul,
  mean,
  mul,
  ne,
  ones,
  random,
  reshape,
  sign,
  sliceAxis,
  type Tensor,
  take,
  zeros,
} from '../../engine/index.ts';
import { type ActivationName, activationNamed, type Batch, type Loss, type Model } from '../../nn/index.ts';
import { type Reason, reason } from '../rule.ts';
import type { NetworkOptions, ParticleOptions, UnitActivation } from './options.ts';

/** Layers of neurons, each with an activation; the last one is linear. */
export interface Network {
  /** Inputs, then the units of each layer. */
  readonly widths: readonly number[];
  /** One for each layer but the last. */
  readonly activations: readonly ((z: Tensor) => Tensor)[];
  /** For each layer 1 where a weight exists, (inputs + 1, units); null for all. */
  readonly masks: readonly Tensor[] | null;
}

/** The scale of the first weights: U(−1, 1) times this over the root of the inputs. */
const SCALE = 1.7;

export function unitActivation(name: UnitActivation): (z: Tensor) => Tensor {
  if (typeof name === 'function') return name;
  if (name === 'sign') return sign;
  if (name === 'step') return (z) => cast(gt(z, 0), z.dtype);
  return activationNamed(name);
}

/** Widths and hidden activations of a chain of dense layers, or why a model is none. */
export function denseChain(
  model: Model,
): { readonly widths: readonly number[]; readonly hidden: readonly ActivationName[] } | Reason {
  const layers = model.layers[0]?.kind === 'flatten' ? model.layers.slice(1) : model.layers;
  const isFlat = layers.length < model.layers.length || model.inputShape.length === 1;
  if (!isFlat || layers.length === 0 || layers.some(({ kind, config }) => kind !== 'dense' || config.bias === false))
    return reason('its swarms belong to the neurons of dense layers with biases, one layer after another');
  const activations = layers.map(({ config }) => config.activation as ActivationName);
  if (activations.at(-1) !== 'identity') return reason('the last layer must be linear');
  if (activations.includes('softmax')) return reason('a softmax inside the network ties neurons together');
  const inputs = model.inputShape.reduce((a, b) => a * b, 1);
  return { widths: [inputs, ...layers.map(({ config }) => config.units as number)], hidden: activations.slice(0, -1) };
}

/** The network that a model describes, with other hidden activations or fewer connections where the options say so. */
export function networkOf(model: Model, { activation, mask }: Pick<ParticleOptions, 'activation' | 'mask'>): Network {
  const chain = denseChain(model);
  if ('reason' in chain) throw new ConfigError(`this model cannot be searched by particles: ${chain.reason}`, {});
  const { widths, hidden } = chain;
  return {
    widths,
    activations: hidden.map((own) => unitActivation(activation ?? own)),
    masks: mask === undefined ? null : masksOf(mask, widths),
  };
}

function masksOf(mask: NonNullable<ParticleOptions['mask']>, widths: readonly number[]): Tensor[] {
  return widths.slice(1).map((units, l) => {
    const rows = mask[l] ?? [];
    if (rows.length !== widths[l] || rows.some((row) => row.length !== units))
      throw new ConfigError(`the mask of layer ${l} is not a table of ${widths[l]} × ${units}`, {
        layer: l,
        help: 'one row an input, one column a unit',
      });
    return fromArray(Float32Array.from([...rows.flat(), ...Array(units).fill(1)]), [widths[l]! + 1, units], 'f32');
  });
}

/** First weights of all layers; biases are 0. */
export function drawWeights({ widths, masks }: Network, key: Tensor, dtype: FloatDtype): Tensor[] {
  return widths.slice(1).map((units, l) => {
    const inputs = widths[l]!;
    const drawn = random.uniform(random.foldIn(key, l), [inputs, units], { low: -1, high: 1, dtype });
    const all = concat([drawn.mul(SCALE / Math.sqrt(inputs)), zeros([1, units], dtype)]);
    return masks === null ? all : mul(all, cast(masks[l]!, dtype));
  });
}

/** Rows with a 1 behind them, for the biases: (…, n) → (…, n + 1). */
export const withOne = (x: Tensor): Tensor =>
  concat([x, ones([...x.shape.slice(0, -1), 1], x.dtype as FloatDtype)], x.rank - 1);

/** Samples as rows: (batch, …) → (batch, features). */
export const asRows = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, x.size / x.shape[0]!]);

/** x·W + b for rows without a 1 behind them: (…, inputs) → (…, units). */
export function affine(x: Tensor, w: Tensor): Tensor {
  const inputs = w.shape[0]! - 1;
  return matmul(x, sliceAxis(w, 0, 0, inputs)).add(take(w, inputs));
}

/** Everything between inputs and outputs: the pre-activations of each layer, and the hidden activities with a 1 behind them. */
export function forward(net: Network, weights: readonly Tensor[], input: Tensor): { hidden: Tensor[]; z: Tensor[] } {
  const hidden: Tensor[] = [];
  const z = weights.map((w, l) => {
    const own = matmul(l === 0 ? input : hidden[l - 1]!, w); // (B, d)·(d, n)
    if (l < net.activations.length) hidden.push(withOne(net.activations[l]!(own)));
    return own;
  });
  return { hidden, z };
}

/** Outputs of a network for samples (batch, …). */
export const outputsOf = (net: Network, weights: readonly Tensor[], x: Tensor): Tensor =>
  forward(net, weights, withOne(asRows(x))).z.at(-1)!;

/** How bad an output is: one number. */
export type Fitness = (output: Tensor, batch: Batch) => Tensor;

export const fitnessOf = (loss: Loss, { fitness = 'loss' }: NetworkOptions): Fitness =>
  fitness === 'loss'
    ? (output, batch) => loss.value(output, batch)
    : (output, { y }) => mean(cast(ne(argmax(output, -1), y), output.dtype));

/** A vector of all weights, layer by layer, and back. */
export const ravelWeights = (weights: readonly Tensor[]): Tensor => concat(weights.map((w) => reshape(w, [w.size])));

export function unravelWeights({ widths }: Network, vector: Tensor): Tensor[] {
  let from = 0;
  return widths.slice(1).map((units, l) => {
    const shape = [widths[l]! + 1, units];
    const to = from + shape[0]! * units;
    const part = reshape(vector.slice([from], [to]), shape);
    from = to;
    return part;
  });
}
