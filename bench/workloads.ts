/** What is measured: names, sizes and the operations that one call does. */

export interface Workload {
  readonly name: string;
  readonly about: string;
  /** Floating-point operations of one call, 2 a multiply-add; null where bytes count. */
  readonly flops: number | null;
  /** Bytes that one call must read and write at least; null where operations count. */
  readonly bytes: number | null;
}

export interface MlpSize {
  readonly widths: readonly number[];
  readonly batch: number;
}

/** Networks of the table in ENGINE §5: one step of plain gradient descent with ReLU and cross-entropy. */
export const mlps: Readonly<Record<string, MlpSize>> = {
  'mlp-784-500-500-10@64': { widths: [784, 500, 500, 10], batch: 64 },
  'mlp-784-128-10@32': { widths: [784, 128, 10], batch: 32 },
  'mlp-16-32-32-2@32': { widths: [16, 32, 32, 2], batch: 32 },
};

/** Forward, weight gradients, and input gradients of all layers but the first. */
export function mlpFlops({ widths, batch }: MlpSize): number {
  let macs = 0;
  for (let i = 1; i < widths.length; i++) macs += widths[i - 1]! * widths[i]! * (i === 1 ? 2 : 3);
  return 2 * macs * batch;
}

export const cnn = { batch: 64, size: 28, channels: [1, 32, 64], classes: 10 } as const;

/** Forward, kernel gradients, and the input gradient of the second convolution and the last layer. */
export function cnnFlops(): number {
  const { batch, size, channels, classes } = cnn;
  const [a, b, c] = channels;
  const first = size * size * 9 * a * b * 2;
  const second = size * size * 9 * b * c * 3;
  const last = (size / 2) ** 2 * c * classes * 3;
  return 2 * batch * (first + second + last);
}

/** One LSTM layer read at its last step by a dense map. */
export const lstm = { batch: 32, steps: 100, features: 64, units: 64, classes: 10 } as const;

/** A causal decoder: pre-norm blocks with ReLU perceptrons four times as wide, learned positions. */
export const transformer = { batch: 8, context: 128, width: 128, heads: 4, depth: 2, vocabulary: 64 } as const;

/** Forward and both gradients of every product; the input needs none, which saves a sixth of the first half. */
export function lstmFlops(): number {
  const { batch, steps, features, units } = lstm;
  return 2 * batch * steps * 4 * units * (2 * features + 3 * units);
}

/** Forward and both gradients of every product, attention over the whole square. */
export function transformerFlops(): number {
  const { batch, context, width, depth, vocabulary } = transformer;
  const block = 12 * width ** 2 + 2 * context * width;
  return 6 * batch * context * (depth * block + width * vocabulary);
}

/** Steps of the scan whose body is next to nothing. */
export const tinySteps = 1e5;

export const sizes = { elements: 1e7, softmax: 1024, fft: 2 ** 16, cholesky: 512, rows: 2000, columns: 500 } as const;

const square = (n: number): Workload => ({
  name: `matmul-${n}`,
  about: `${n}×${n} times ${n}×${n}, f32`,
  flops: 2 * n ** 3,
  bytes: null,
});

const { elements, softmax, fft, cholesky, rows, columns } = sizes;

export const workloads: readonly Workload[] = [
  square(64),
  square(256),
  square(512),
  square(1024),
  ...Object.entries(mlps).map(([name, size]) => ({
    name,
    about: `one SGD step, batch ${size.batch}`,
    flops: mlpFlops(size),
    bytes: null,
  })),
  {
    name: 'cnn',
    about: 'one SGD step, 28×28, conv 32, conv 64, pool, dense, batch 64',
    flops: cnnFlops(),
    bytes: null,
  },
  {
    name: 'lstm',
    about: 'one SGD step, 64 units, 100 steps, batch 32',
    flops: lstmFlops(),
    bytes: null,
  },
  {
    name: 'transformer',
    about: 'one SGD step, 2 causal blocks of width 128, 128 tokens, batch 8',
    flops: transformerFlops(),
    bytes: null,
  },
  { name: 'adam', about: 'one Adam step on 10⁷ parameters', flops: null, bytes: 7 * 4 * elements },
  {
    name: 'copy',
    about: 'copy of 10⁷ floats, the bandwidth the others are measured by',
    flops: null,
    bytes: 8 * elements,
  },
  { name: 'chain', about: 'ten cheap elementwise operations on 10⁷ floats', flops: null, bytes: 8 * elements },
  { name: 'chain-exp', about: 'tanh(exp(−x²))·x on 10⁷ floats', flops: null, bytes: 8 * elements },
  { name: 'softmax', about: `softmax of the rows of ${softmax}×${softmax}`, flops: null, bytes: 8 * softmax ** 2 },
  { name: 'sum', about: 'sum of 10⁷ floats', flops: null, bytes: 4 * elements },
  { name: 'fft', about: 'complex FFT of 2¹⁶ points, f32', flops: 5 * fft * Math.log2(fft), bytes: null },
  { name: 'cholesky', about: `Cholesky factor of ${cholesky}×${cholesky}, f64`, flops: cholesky ** 3 / 3, bytes: null },
  {
    name: 'lstsq',
    about: `least squares ${rows}×${columns}, f64`,
    flops: 2 * rows * columns ** 2 - (2 / 3) * columns ** 3,
    bytes: null,
  },
  { name: 'gather', about: '10⁶ rows of 16 floats out of 10⁵', flops: null, bytes: 2 * 4 * 16e6 },
  { name: 'segment-sum', about: '10⁶ rows of 16 floats into 10⁴ segments', flops: null, bytes: 4 * 16e6 },
  { name: 'eager', about: 'one eager addition of ten floats', flops: null, bytes: null },
  { name: 'scan-tiny', about: 'scan of 10⁵ steps of h ← tanh(h·0.5 + x), h of 4 floats', flops: null, bytes: null },
  { name: 'jit-call', about: 'one call of a compiled function with ten small tensors', flops: null, bytes: null },
  {
    name: 'compile',
    about: 'trace, compile and first call of an MLP step under a new shape',
    flops: null,
    bytes: null,
  },
  { name: 'bits', about: '10⁶ words of random bits', flops: null, bytes: 4e6 },
  { name: 'normals', about: '10⁶ normal numbers', flops: null, bytes: 4e6 },
  {
    name: 'forward-gradient',
    about: 'credit of one forward-gradient step, 784-500-500-10 @64',
    flops: null,
    bytes: null,
  },
  { name: 'forward', about: 'forward pass and loss alone, 784-500-500-10 @64', flops: null, bytes: null },
  { name: 'backprop', about: 'credit of one backprop step, 784-500-500-10 @64', flops: null, bytes: null },
  {
    name: 'direct-feedback-alignment',
    about: 'credit of one DFA step, 784-500-500-10 @64',
    flops: null,
    bytes: null,
  },
];
