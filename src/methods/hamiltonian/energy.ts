/**
 * A learned energy: a linear sum of features, with the motion that Hamilton's equations give it.
 *
 * Letters  n degrees of freedom, D = 2n; x = (q, p), q first, (K, D). H(x) = features(x)·w + c; q̇ = ∂H/∂p, ṗ = −∂H/∂q.
 */
import { add, concat, matmul, mul, neg, reshape, sliceAxis, square, sub, type Tensor } from '../../engine/index.ts';
import { activate, type SampledLayer } from '../sampling/index.ts';

/** Functions of a state whose sum an energy is. */
export interface Features {
  /** Coordinates of a state, 2n. */
  readonly inputs: number;
  readonly units: number;
  /** x (K, D) → (K, M). */
  values(x: Tensor): Tensor;
  /** Their derivatives by each coordinate: D tensors (K, M). */
  slopes(x: Tensor): Tensor[];
}

export interface Energy {
  readonly features: Features;
  /** (M), f64. */
  readonly weights: Tensor;
  /** The constant of integration. */
  readonly bias: number;
}

/** The features of a hidden tanh layer; the derivative is σ′(x·W + b)·W in closed form. */
export const layerFeatures = (layer: SampledLayer): Features => ({
  inputs: layer.weights.shape[0]!,
  units: layer.weights.shape[1]!,
  values: (x) => activate(layer, x),
  slopes(x) {
    const slope = sub(1, square(activate(layer, x))); // (K, M)
    return Array.from({ length: layer.weights.shape[0]! }, (_, d) => mul(slope, sliceAxis(layer.weights, 0, d, d + 1)));
  },
});

/** H at states (K, D): (K). */
export const energyAt = ({ features, weights, bias }: Energy, x: Tensor): Tensor =>
  add(matmul(features.values(x), weights), bias);

/** ∇H at states (K, D): (K, D). */
export function gradientAt({ features, weights }: Energy, x: Tensor): Tensor {
  const column = reshape(weights, [weights.size, 1]);
  return concat(
    features.slopes(x).map((slope) => matmul(slope, column)),
    1,
  );
}

/** (∂H/∂p, −∂H/∂q) of a gradient (K, D). */
export function hamiltonField(gradient: Tensor): Tensor {
  const [n, width] = [gradient.shape[1]! / 2, gradient.shape[1]!];
  return concat([sliceAxis(gradient, 1, n, width), neg(sliceAxis(gradient, 1, 0, n))], 1);
}

/** The velocities (q̇, ṗ) at states (K, D): (K, D). */
export const velocityAt = (energy: Energy, x: Tensor): Tensor => hamiltonField(gradientAt(energy, x));
