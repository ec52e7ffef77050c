/** A dense network in plain loops of JavaScript numbers: what credit must be, written without the engine. */

export type Matrix = number[][];

export interface PlainLayer {
  readonly w: Matrix;
  readonly b: number[];
  readonly phi: (z: number) => number;
  /** φ′. */
  readonly slope: (z: number) => number;
}

const LOGISTIC = (z: number): number => 1 / (1 + Math.exp(-z));

export const tanhUnit = { phi: Math.tanh, slope: (z: number): number => 1 - Math.tanh(z) ** 2 };
export const softplusUnit = { phi: (z: number): number => Math.log1p(Math.exp(z)), slope: LOGISTIC };
export const linearUnit = { phi: (z: number): number => z, slope: (): number => 1 };

export const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((s, v, k) => s + v * b[k]![j]!, 0)));

export const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));

/** e = ∂(mean cross-entropy)/∂logits. */
export function crossEntropyError(logits: Matrix, labels: readonly number[]): Matrix {
  return logits.map((row, b) => {
    const top = Math.max(...row);
    const exps = row.map((z) => Math.exp(z - top));
    const total = exps.reduce((s, v) => s + v, 0);
    return exps.map((v, c) => (v / total - (labels[b] === c ? 1 : 0)) / logits.length);
  });
}

/** For each layer the credit of its weights and biases, in the order of the tree's leaves: b, then w. `back(i, δ, e)` gives the error at the output of layer i from the δ of layer i + 1 and the output's error. */
export function plainCredit(
  layers: readonly PlainLayer[],
  x: Matrix,
  labels: readonly number[],
  back: (i: number, delta: Matrix, error: Matrix) => Matrix,
): number[] {
  const inputs = [x];
  const zs = layers.map(({ w, b, phi }, i) => {
    const z = product(inputs[i]!, w).map((row) => row.map((v, j) => v + b[j]!));
    inputs.push(z.map((row) => row.map(phi)));
    return z;
  });
  const error = crossEntropyError(inputs.at(-1)!, labels);
  let delta = error;
  const credits: number[][] = [];
  for (let i = layers.length - 1; i >= 0; i--) {
    const atOutput = i === layers.length - 1 ? error : back(i, delta, error);
    delta = atOutput.map((row, r) => row.map((v, c) => v * layers[i]!.slope(zs[i]![r]![c]!)));
    const ofWeights = product(transposed(inputs[i]!), delta).flat();
    const ofBias = transposed(delta).map((column) => column.reduce((s, v) => s + v, 0));
    credits.unshift([...ofBias, ...ofWeights]);
  }
  return credits.flat();
}
