/** Hamilton's equations at data points as one linear least-squares system in the weights of the features: nothing is trained by descent. */
import { concat, fromArray, matmul, neg, reshape, scope, sliceAxis, type Tensor, zeros } from '../../engine/index.ts';
import { RowReduction, type SystemOptions, type SystemSolution } from '../../solve/index.ts';
import type { Energy, Features } from './energy.ts';

/** States with their velocities, and one state whose energy is known. */
export interface MotionData {
  /** (K, D), q first. */
  readonly x: Tensor;
  /** (K, D): (q̇, ṗ). */
  readonly velocity: Tensor;
  /** (1, D). */
  readonly anchor: Tensor;
  /** H at the anchor. */
  readonly anchorEnergy: number;
}

export interface FittedEnergy extends Energy {
  readonly solution: Omit<SystemSolution, 'x'>;
}

/** Rows that are built and absorbed at a time. */
const BLOCK = 1024;

/** Weights and constant that fulfil Hamilton's equations best: rows Φ′_p·w = q̇, −Φ′_q·w = ṗ, and features(x₀)·w + c = H₀. */
export function fitEnergy(features: Features, data: MotionData, options: SystemOptions = {}): FittedEnergy {
  const system = new RowReduction(features.units + 1);
  absorbMotion(system, features, data);
  const { x, ...solution } = system.solve(options);
  const weights = fromArray(x.slice(0, features.units), [features.units], 'f64');
  return { features, weights, bias: x[features.units]!, solution };
}

/** Absorbs all rows of the system, block by block. */
export function absorbMotion(system: RowReduction, features: Features, data: MotionData): void {
  const [points, width] = data.x.shape as [number, number];
  const step = Math.max(1, Math.floor(BLOCK / width));
  for (let from = 0; from < points; from += step) {
    using _ = scope();
    const to = Math.min(points, from + step);
    const { rows, right } = motionRows(features, sliceAxis(data.x, 0, from, to), sliceAxis(data.velocity, 0, from, to));
    system.absorb(rows, right);
  }
  using _ = scope();
  const one = fromArray(Float64Array.of(1), [1, 1], 'f64');
  system.absorb(
    concat([features.values(data.anchor), one], 1),
    fromArray(Float64Array.of(data.anchorEnergy), [1], 'f64'),
  );
}

/** The rows of some points: those of q̇, then those of ṗ, coordinate by coordinate; the last column is zero. */
function motionRows(
  features: Features,
  x: Tensor,
  velocity: Tensor,
): { readonly rows: Tensor; readonly right: Tensor } {
  const [points, width] = x.shape as [number, number];
  const n = width / 2;
  const slopes = features.slopes(x);
  const rows = concat([...slopes.slice(n), ...slopes.slice(0, n).map((slope) => neg(slope))], 0); // (K·D, M)
  const right = concat(
    Array.from({ length: width }, (_, d) => sliceAxis(velocity, 1, d, d + 1)),
    0,
  );
  return { rows: concat([rows, zeros([points * width, 1], 'f64')], 1), right: reshape(right, [points * width]) };
}

/** The whole system at once, for checks: A (K·D + 1, M + 1) and y. */
export function wholeSystem(features: Features, data: MotionData): { readonly a: Tensor; readonly y: Tensor } {
  const { rows, right } = motionRows(features, data.x, data.velocity);
  const last = concat([features.values(data.anchor), fromArray(Float64Array.of(1), [1, 1], 'f64')], 1);
  return {
    a: concat([rows, last], 0),
    y: concat([right, fromArray(Float64Array.of(data.anchorEnergy), [1], 'f64')], 0),
  };
}

/** Weights that give velocities directly, features(x)·W + c ≈ ẋ, without Hamilton's equations: the control. */
export function fitVelocity(
  features: Features,
  { x, velocity }: Pick<MotionData, 'x' | 'velocity'>,
): (x: Tensor) => Tensor {
  const [points, width] = x.shape as [number, number];
  const system = new RowReduction(features.units + 1, width);
  const withOne = (z: Tensor): Tensor =>
    concat([features.values(z), fromArray(new Float64Array(z.shape[0]!).fill(1), [z.shape[0]!, 1], 'f64')], 1);
  for (let from = 0; from < points; from += BLOCK) {
    using _ = scope();
    const to = Math.min(points, from + BLOCK);
    system.absorb(withOne(sliceAxis(x, 0, from, to)), sliceAxis(velocity, 0, from, to));
  }
  const weights = fromArray(system.solve().x, [features.units + 1, width], 'f64');
  return (z) => matmul(withOne(z), weights);
}
