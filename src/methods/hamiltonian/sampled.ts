/**
 * Hamiltonian networks without descent: the hidden layer is sampled, the output weights solve Hamilton's equations in one least-squares problem.
 *
 * Paper     A. Rahma, C. Datar, F. Dietrich, Training Hamiltonian Neural Networks without Backpropagation, NeurIPS 2024 workshop ML and the Physical Sciences, arXiv:2411.17511.
 * Rule      minimise |A·(w; c) − y|² with A of Φ′_p (target q̇), −Φ′_q (target ṗ) and one row that fixes H at an anchor; rank cut at 1e-13; everything in f64.
 * Exact     the global minimum of the loss of a Hamiltonian network over its output layer, for the layer that was drawn.
 * Departs   a QR with exchange of columns, reduced by blocks of rows, stands for the paper's SVD (same errors at the same cut); two units of one pair are never drawn.
 * Letters   elm: weights N(0, 1), biases over the domain; u-swim: pairs at random; swim: pairs by the true change of energy; a-swim: by that of a first u-swim fit, with the same key.
 */
import { ConfigError, ShapeError, type Tensor } from '../../engine/index.ts';
import type { KeyWords } from '../../engine/threefry.ts';
import type { SystemOptions } from '../../solve/index.ts';
import type { Citation } from '../rule.ts';
import { pairLayer, randomLayer, type SampledLayer } from '../sampling/index.ts';
import { energyAt, layerFeatures } from './energy.ts';
import { type FittedEnergy, fitEnergy, type MotionData } from './system.ts';

export const rahma2024: Citation = {
  authors: 'A. Rahma, C. Datar, F. Dietrich',
  title: 'Training Hamiltonian Neural Networks without Backpropagation',
  venue: 'NeurIPS 2024 workshop Machine Learning and the Physical Sciences',
  year: 2024,
  arxiv: '2411.17511',
};

export const samplings = ['elm', 'u-swim', 'a-swim', 'swim'] as const;

export type Sampling = (typeof samplings)[number];

export interface SampledHamiltonianOptions extends SystemOptions {
  /** Width of the hidden layer. */
  readonly units: number;
  /** How the layer is drawn; `a-swim` unless said. */
  readonly sampling?: Sampling;
  readonly key: KeyWords;
  /** Least and largest coordinate of the domain, for the biases of `elm`; those of the data unless said. */
  readonly range?: readonly [number, number];
  /** True energies (K) at the points; only `swim` takes them. */
  readonly energies?: Tensor;
}

/** A sampled network and the layer it stands on. */
export interface SampledHamiltonian extends FittedEnergy {
  readonly layer: SampledLayer;
}

/** Fits an energy to states and their velocities; what is not f64, not finite or of another shape is refused. */
export function sampledHamiltonian(data: MotionData, options: SampledHamiltonianOptions): SampledHamiltonian {
  requireMotion(data);
  const { sampling = 'a-swim' } = options;
  const solveOn = (layer: SampledLayer): SampledHamiltonian => ({
    ...fitEnergy(layerFeatures(layer), data, options),
    layer,
  });
  const first = solveOn(drawLayer(data, sampling === 'a-swim' ? 'u-swim' : sampling, options));
  if (sampling !== 'a-swim') return first;
  const { units, key } = options;
  return solveOn(pairLayer(key, data.x, { units, values: energyAt(first, data.x) }));
}

function drawLayer(data: MotionData, sampling: Sampling, options: SampledHamiltonianOptions): SampledLayer {
  const { units, key, energies, range } = options;
  if (sampling === 'elm') {
    const [low, high] = range ?? extent(data.x);
    return randomLayer(key, { inputs: data.x.shape[1]!, units, low, high });
  }
  if (sampling !== 'swim') return pairLayer(key, data.x, { units });
  if (energies === undefined)
    throw new ConfigError('swim prefers pairs by their true energies, and none were given', {
      sampling,
      help: 'pass energies, or use a-swim, which needs none',
    });
  return pairLayer(key, data.x, { units, values: energies });
}

function extent(x: Tensor): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of x.readSync()) [low, high] = [Math.min(low, v), Math.max(high, v)];
  return [low, high];
}

/** Refuses states and velocities that are no motion. */
export function requireMotion({ x, velocity, anchor, anchorEnergy }: MotionData): void {
  const width = x.shape[1] ?? 0;
  const fits = x.rank === 2 && width > 0 && width % 2 === 0 && String(velocity.shape) === String(x.shape);
  if (!fits || String(anchor.shape) !== String([1, width]))
    throw new ShapeError(
      `states (${x.shape}), velocities (${velocity.shape}) and anchor (${anchor.shape}) do not belong together`,
      {
        x: x.shape,
        velocity: velocity.shape,
        anchor: anchor.shape,
        help: 'states and velocities are (points, 2n), positions first, the anchor (1, 2n)',
      },
    );
  if (x.dtype !== 'f64' || velocity.dtype !== 'f64' || anchor.dtype !== 'f64')
    throw new ConfigError(
      `sampled networks need f64, not ${x.dtype}, ${velocity.dtype}, ${anchor.dtype}: large weights cancel`,
      {
        help: "cast(x, 'f64')",
      },
    );
  const areFinite =
    [x, velocity, anchor].every((t) => t.readSync().every(Number.isFinite)) && Number.isFinite(anchorEnergy);
  if (!areFinite)
    throw new ConfigError('states or velocities are not finite', { help: 'leave out the rows with NaN or infinity' });
}
