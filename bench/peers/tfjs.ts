/** TensorFlow.js on its wasm backend, eager as it always is, one thread. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs';
import { type Contender, labels, numbers, type Peer } from '../contender.ts';
import { cnn, type MlpSize, mlps, sizes } from '../workloads.ts';
import { lstmStep, transformerStep } from './tfjs-sequences.ts';

const RATE = 0.01;

export const variable = (values: Float32Array, shape: number[]): tf.Variable => tf.variable(tf.tensor(values, shape));
export const oneHot = (of: Int32Array, classes: number): tf.Tensor =>
  tf.cast(tf.oneHot(tf.tensor1d(of, 'int32'), classes), 'float32');

/** Softmax cross-entropy whose gradient is given, as tf.losses has it. */
export const crossEntropy = (logits: tf.Tensor, y: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(y, logits);

export function stepping(loss: () => tf.Scalar, params: tf.Variable[]): () => unknown {
  return () =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, params);
      for (const p of params) p.assign(tf.sub(p, tf.mul(grads[p.name]!, RATE)));
    });
}

function mlp({ widths, batch }: MlpSize): () => unknown {
  const depth = widths.length - 1;
  const w = Array.from({ length: depth }, (_, i) =>
    variable(numbers(widths[i]! * widths[i + 1]!, i + 1, Math.sqrt(3 / widths[i]!)), [widths[i]!, widths[i + 1]!]),
  );
  const b = Array.from({ length: depth }, (_, i) => variable(new Float32Array(widths[i + 1]!), [widths[i + 1]!]));
  const x = tf.tensor2d(numbers(batch * widths[0]!, 9), [batch, widths[0]!]);
  const y = oneHot(labels(batch, widths.at(-1)!), widths.at(-1)!);
  const loss = (): tf.Scalar => {
    let h: tf.Tensor = x;
    for (let i = 0; i < depth; i++) {
      h = tf.add(tf.matMul(h as tf.Tensor2D, w[i]! as unknown as tf.Tensor2D), b[i]!);
      if (i < depth - 1) h = tf.relu(h);
    }
    return crossEntropy(h, y);
  };
  return stepping(loss, [...w, ...b]);
}

/** The backend has no kernel for filter gradients: they are computed as a convolution with batch and channels exchanged. */
const convolution = tf.customGrad((x, w, save) => {
  const [input, kernel] = [x as tf.Tensor4D, w as tf.Tensor4D];
  (save as tf.GradSaveFunc)([input, kernel]);
  return {
    value: tf.conv2d(input, kernel, 1, 'same'),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [xs, ws] = saved as [tf.Tensor4D, tf.Tensor4D];
      const dx = tf.conv2dTranspose(dy as tf.Tensor4D, ws, xs.shape, 1, 'same');
      const swapped = tf.transpose(
        tf.pad(xs, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]),
        [3, 1, 2, 0],
      ) as tf.Tensor4D;
      const filter = tf.transpose(dy as tf.Tensor4D, [1, 2, 0, 3]) as tf.Tensor4D;
      return [dx, tf.transpose(tf.conv2d(swapped, filter, 1, 'valid'), [1, 2, 0, 3])];
    },
  };
});

function convolutional(): () => unknown {
  const { batch, size, channels, classes } = cnn;
  const flat = channels[2] * (size / 2) ** 2;
  const kernel = (ins: number, out: number, seed: number) =>
    variable(numbers(9 * ins * out, seed, Math.sqrt(1 / (3 * ins))), [3, 3, ins, out]);
  const [w0, w1] = [kernel(channels[0], channels[1], 1), kernel(channels[1], channels[2], 2)];
  const w2 = variable(numbers(flat * classes, 3, Math.sqrt(3 / flat)), [flat, classes]);
  const bias = (n: number) => variable(new Float32Array(n), [n]);
  const [b0, b1, b2] = [bias(channels[1]), bias(channels[2]), bias(classes)];
  const x = tf.tensor4d(numbers(batch * size * size, 9), [batch, size, size, 1]);
  const y = oneHot(labels(batch, classes), classes);
  const loss = (): tf.Scalar => {
    const a = tf.relu(tf.add(convolution(x, w0), b0)) as tf.Tensor4D;
    const b = tf.relu(tf.add(convolution(a, w1), b1)) as tf.Tensor4D;
    const pooled = tf.reshape(tf.maxPool(b, 2, 2, 'valid'), [batch, flat]);
    return crossEntropy(tf.add(tf.matMul(pooled as tf.Tensor2D, w2 as unknown as tf.Tensor2D), b2), y);
  };
  return stepping(loss, [w0, w1, w2, b0, b1, b2]);
}

const vector = (n: number, seed: number): tf.Tensor => tf.tensor1d(numbers(n, seed));
const matrix = (n: number, seed: number): tf.Tensor2D => tf.tensor2d(numbers(n * n, seed), [n, n]);
const on = (x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor) => (): unknown => tf.tidy(() => f(x).shape);

function matmul(n: number): () => unknown {
  const [a, b] = [matrix(n, 1), matrix(n, 2)];
  return () => tf.tidy(() => tf.matMul(a, b).shape);
}

function cheapChain(x: tf.Tensor): tf.Tensor {
  let y = tf.maximum(tf.add(tf.mul(x, 1.5), 0.25), -0.5) as tf.Tensor;
  y = tf.minimum(tf.abs(tf.sub(tf.mul(y, y), x)), 2);
  return tf.mul(tf.add(y, x), 0.5);
}

const makers: Readonly<Record<string, () => () => unknown>> = {
  ...Object.fromEntries([64, 256, 512, 1024].map((n) => [`matmul-${n}`, () => matmul(n)])),
  ...Object.fromEntries(Object.entries(mlps).map(([name, size]) => [name, () => mlp(size)])),
  cnn: convolutional,
  lstm: lstmStep,
  transformer: transformerStep,
  copy: () => on(vector(sizes.elements, 1), (x) => tf.mul(x, 1.0000001)),
  chain: () => on(vector(sizes.elements, 1), cheapChain),
  'chain-exp': () => on(vector(sizes.elements, 1), (x) => tf.mul(tf.tanh(tf.exp(tf.neg(tf.mul(x, x)))), x)),
  softmax: () => on(matrix(sizes.softmax, 1), (x) => tf.softmax(x)),
  sum: () => on(vector(sizes.elements, 1), (x) => tf.sum(x)),
  eager: () => {
    const [a, b] = [vector(10, 1), vector(10, 2)];
    return () => tf.tidy(() => tf.add(a, b).shape);
  },
};

let started: Promise<unknown> | null = null;

async function start(): Promise<void> {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  setWasmPaths(`${join(folder)}/`);
  setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();
}

export const tfjs: Peer = {
  name: 'tfjs-wasm',
  async prepare(workload): Promise<Contender | null> {
    const make = makers[workload];
    if (make === undefined) return null;
    started ??= start();
    await started;
    const note = workload === 'cnn' ? 'filter gradients as a convolution with batch and channels exchanged' : undefined;
    return { name: 'tfjs-wasm', work: make(), note };
  },
};
