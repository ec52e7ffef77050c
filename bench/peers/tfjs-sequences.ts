/** Recurrent and attention networks on TensorFlow.js, eager as it always is; tokens go in as one-hot rows, for which the wasm backend has gradients. */
import * as tf from '@tensorflow/tfjs-core';
import { labels, numbers } from '../contender.ts';
import { lstm, transformer } from '../workloads.ts';
import { crossEntropy, oneHot, stepping, variable } from './tfjs.ts';

const matrix = (rows: number, columns: number, seed: number): tf.Tensor2D =>
  variable(numbers(rows * columns, seed, Math.sqrt(3 / rows)), [rows, columns]) as unknown as tf.Tensor2D;
const zeros = (n: number): tf.Tensor => variable(new Float32Array(n), [n]);

export function lstmStep(): () => unknown {
  const { batch, steps, features, units, classes } = lstm;
  const [w, u, head] = [matrix(features, 4 * units, 1), matrix(units, 4 * units, 2), matrix(units, classes, 3)];
  const [b, bias] = [zeros(4 * units), zeros(classes)];
  const x = tf.tensor2d(numbers(batch * steps * features, 9), [steps * batch, features]);
  const y = oneHot(labels(batch, classes), classes);
  const loss = (): tf.Scalar => {
    const driven = tf.unstack(tf.reshape(tf.add(tf.matMul(x, w), b), [steps, batch, 4 * units]));
    let h: tf.Tensor = tf.zeros([batch, units]);
    let c: tf.Tensor = tf.zeros([batch, units]);
    for (const drive of driven) {
      const [i, f, g, o] = tf.split(tf.add(drive, tf.matMul(h as tf.Tensor2D, u)), 4, 1);
      c = tf.add(tf.mul(tf.sigmoid(f!), c), tf.mul(tf.sigmoid(i!), tf.tanh(g!)));
      h = tf.mul(tf.sigmoid(o!), tf.tanh(c));
    }
    return crossEntropy(tf.add(tf.matMul(h as tf.Tensor2D, head), bias), y);
  };
  return stepping(loss, [w, u, head, b, bias] as unknown as tf.Variable[]);
}

function normalised(x: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.mul(centred, centred), -1, true), 1e-5)));
}

export function transformerStep(): () => unknown {
  const { batch, context, width, heads, depth, vocabulary } = transformer;
  const rows = batch * context;
  const size = width / heads;
  const [tokens, places] = [matrix(vocabulary, width, 1), matrix(context, width, 2)];
  const head = matrix(width, vocabulary, 3);
  const blocks = Array.from({ length: depth }, (_, i) => ({
    qkv: matrix(width, 3 * width, 10 + i),
    out: matrix(width, width, 20 + i),
    up: matrix(width, 4 * width, 30 + i),
    down: matrix(4 * width, width, 40 + i),
  }));
  const mask = tf.tensor2d(
    Float32Array.from({ length: context ** 2 }, (_, i) => (i % context > Math.floor(i / context) ? -1e9 : 0)),
    [context, context],
  );
  const attend = (x: tf.Tensor, { qkv, out }: (typeof blocks)[number]): tf.Tensor => {
    const parts = tf.split(tf.matMul(x as tf.Tensor2D, qkv), 3, 1);
    const [q, k, v] = parts.map((part) =>
      tf.reshape(tf.transpose(tf.reshape(part, [batch, context, heads, size]), [0, 2, 1, 3]), [
        batch * heads,
        context,
        size,
      ]),
    );
    const scores = tf.add(tf.mul(tf.matMul(q!, k!, false, true), 1 / Math.sqrt(size)), mask);
    const mixed = tf.reshape(tf.matMul(tf.softmax(scores), v!), [batch, heads, context, size]);
    return tf.matMul(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows, width]) as tf.Tensor2D, out);
  };
  const hot = (factor: number): tf.Tensor2D =>
    oneHot(
      Int32Array.from({ length: rows }, (_, i) => (i * factor) % vocabulary),
      vocabulary,
    ) as tf.Tensor2D;
  const [x, y] = [hot(7), hot(5)];
  const loss = (): tf.Scalar => {
    const embedded = tf.add(tf.reshape(tf.matMul(x, tokens), [batch, context, width]), places);
    let h = tf.reshape(embedded, [rows, width]);
    for (const block of blocks) {
      h = tf.add(h, attend(normalised(h), block));
      const hidden = tf.relu(tf.matMul(normalised(h) as tf.Tensor2D, block.up));
      h = tf.add(h, tf.matMul(hidden as tf.Tensor2D, block.down));
    }
    return crossEntropy(tf.matMul(normalised(h) as tf.Tensor2D, head), y);
  };
  const all = [tokens, places, head, ...blocks.flatMap((block) => Object.values(block))];
  return stepping(loss, all as unknown as tf.Variable[]);
}
