/**
 * Hidden layers whose weights are drawn, never trained: at random (ELM), or from pairs of data points (SWIM).
 *
 * Paper     E. L. Bolager, I. Burak, C. Datar, Q. Sun, F. Dietrich, Sampling Weights of Deep Neural Networks, NeurIPS 2023, arXiv:2306.16830.
 * Rule      a pair (x₁, x₂) makes the unit with W = s₁·(x₂ − x₁)/|x₂ − x₁|², b = −W·x₁ − s₂: it changes between the two points, across the line that joins them.
 * Exact     tanh with s₁ = ln 3, s₂ = ½·ln 3 is −½ at x₁ and +½ at x₂; relu with s₁ = 1, s₂ = 0 is 0 and 1.
 * Departs   pairs are drawn without replacement, and one that differs from another only in its direction is left out: two such units would be the same column twice.
 * Letters   D inputs, M units; W (D, M), b (M). Chances are in proportion to |f(x₂) − f(x₁)| / |x₂ − x₁|.
 */
import { add, ConfigError, fromArray, matmul, relu, type Tensor, tanh } from '../../engine/index.ts';
import { HostRandom, type KeyWords } from '../../engine/threefry.ts';
import type { Citation } from '../rule.ts';
import { distanceOf, drawPairs, type Pair, type Rows } from './pairs.ts';

export const bolager2023: Citation = {
  authors: 'E. L. Bolager, I. Burak, C. Datar, Q. Sun, F. Dietrich',
  title: 'Sampling Weights of Deep Neural Networks',
  venue: 'NeurIPS 2023',
  year: 2023,
  arxiv: '2306.16830',
};

export type SampledActivation = 'tanh' | 'relu';

/** A hidden layer σ(x·W + b). */
export interface SampledLayer {
  readonly activation: SampledActivation;
  /** (D, M), f64. */
  readonly weights: Tensor;
  /** (M), f64. */
  readonly bias: Tensor;
  /** The points that made each unit; absent for weights drawn without data. */
  readonly pairs?: readonly Pair[];
}

/** W = scale·u/|x₂ − x₁|, b = −W·x₁ − shift. */
const constants: Readonly<Record<SampledActivation, { readonly scale: number; readonly shift: number }>> = {
  tanh: { scale: Math.log(3), shift: Math.log(3) / 2 },
  relu: { scale: 1, shift: 0 },
};

export interface RandomLayerOptions {
  readonly inputs: number;
  readonly units: number;
  /** Range of the biases. */
  readonly low: number;
  readonly high: number;
  readonly activation?: SampledActivation;
}

/** Draws weights from N(0, 1) and biases from U(low, high), without a look at data (ELM). */
export function randomLayer(
  key: KeyWords,
  { inputs, units, low, high, activation = 'tanh' }: RandomLayerOptions,
): SampledLayer {
  requireUnits(units);
  const random = new HostRandom(key);
  const weights = Float64Array.from({ length: inputs * units }, () => random.normal());
  const bias = Float64Array.from({ length: units }, () => random.uniform(low, high));
  return { activation, weights: fromArray(weights, [inputs, units], 'f64'), bias: fromArray(bias, [units], 'f64') };
}

export interface PairLayerOptions {
  readonly units: number;
  readonly activation?: SampledActivation;
  /** Values (K) or (K, C) at the points: pairs across which they change much over a short way are preferred. All pairs are equally likely unless said. */
  readonly values?: Tensor;
  /** Whether values are classes, of which two either differ or do not. */
  readonly isClass?: boolean;
}

/** Draws units from pairs of the points x (K, D) (SWIM; uniformly without values). */
export function pairLayer(
  key: KeyWords,
  x: Tensor,
  { units, activation = 'tanh', values, isClass = false }: PairLayerOptions,
): SampledLayer {
  requireUnits(units);
  const points = rowsOf(x);
  if (values !== undefined && values.shape[0] !== points.n)
    throw new ConfigError(`${points.n} points come with values of shape (${values.shape})`, {
      points: x.shape,
      values: values.shape,
      help: 'give one value, or one row of values, a point',
    });
  const weight = values === undefined ? () => 1 : slopeOf(points, rowsOf(values), isClass);
  const pairs = drawPairs(key, points, units, weight);
  return { activation, pairs, ...unitsOf(points, pairs, activation) };
}

/** The layer's outputs σ(x·W + b) for x (K, D): (K, M). */
export const activate = ({ activation, weights, bias }: SampledLayer, x: Tensor): Tensor =>
  (activation === 'tanh' ? tanh : relu)(add(matmul(x, weights), bias));

function rowsOf(x: Tensor): Rows {
  const n = x.shape[0]!;
  return { data: x.readSync(), n, width: x.size / n };
}

function slopeOf(points: Rows, values: Rows, isClass: boolean): (pair: Pair) => number {
  const { data, width } = values;
  return (pair) => {
    let total = 0;
    for (let c = 0; c < width; c++) total += (data[pair.to * width + c]! - data[pair.from * width + c]!) ** 2;
    const change = isClass ? Number(total > 0) : Math.sqrt(total);
    return change / distanceOf(points, pair);
  };
}

function unitsOf(
  points: Rows,
  pairs: readonly Pair[],
  activation: SampledActivation,
): Pick<SampledLayer, 'weights' | 'bias'> {
  const { scale, shift } = constants[activation];
  const { data, width } = points;
  const weights = new Float64Array(width * pairs.length);
  const bias = new Float64Array(pairs.length);
  pairs.forEach((pair, m) => {
    const factor = scale / distanceOf(points, pair) ** 2;
    bias[m] = -shift;
    for (let d = 0; d < width; d++) {
      const [start, end] = [data[pair.from * width + d]!, data[pair.to * width + d]!];
      weights[d * pairs.length + m] = factor * (end - start);
      bias[m]! -= factor * (end - start) * start;
    }
  });
  return {
    weights: fromArray(weights, [width, pairs.length], 'f64'),
    bias: fromArray(bias, [pairs.length], 'f64'),
  };
}

function requireUnits(units: number): void {
  if (Number.isInteger(units) && units > 0) return;
  throw new ConfigError(`a layer of ${units} units cannot be sampled`, {
    units,
    help: 'give a whole number of at least 1',
  });
}
