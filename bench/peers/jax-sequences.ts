/** Recurrent and attention networks on @jax-js/jax, which has no loop of its own: the recurrence is unrolled into the compiled step. */
import { nn, numpy as np } from '@jax-js/jax';
import { labels, numbers } from '../contender.ts';
import { lstm, transformer } from '../workloads.ts';
import { type Arr, array, crossEntropy, oneHot, stepping } from './jax-js.ts';

const matrix = (rows: number, columns: number, seed: number): Arr =>
  array(numbers(rows * columns, seed, Math.sqrt(3 / rows)), [rows, columns]);

export function lstmStep(): () => Promise<unknown> {
  const { batch, steps, features, units, classes } = lstm;
  const start = {
    w: matrix(features, 4 * units, 1),
    u: matrix(units, 4 * units, 2),
    b: np.zeros([4 * units]),
    head: matrix(units, classes, 3),
    bias: np.zeros([classes]),
  };
  const loss = (p: typeof start, x: Arr, y: Arr): Arr => {
    const driven = np
      .dot(x, p.w)
      .add(p.b)
      .reshape([steps, batch, 4 * units]);
    let h = np.zeros([batch, units]);
    let c = np.zeros([batch, units]);
    for (let t = 0; t < steps; t++) {
      const z = driven.ref.slice(t).add(np.dot(h, p.u.ref));
      const part = (k: number): Arr => z.ref.slice([], [k * units, (k + 1) * units]);
      const [i, f, g, o] = [nn.sigmoid(part(0)), nn.sigmoid(part(1)), np.tanh(part(2)), nn.sigmoid(part(3))];
      z.dispose();
      c = f.mul(c).add(i.mul(g));
      h = o.mul(np.tanh(c.ref));
    }
    c.dispose();
    driven.dispose();
    p.u.dispose();
    return crossEntropy(np.dot(h, p.head).add(p.bias), y);
  };
  const x = array(numbers(batch * steps * features, 9), [steps * batch, features]);
  return stepping(loss as never, start, x, oneHot(labels(batch, classes), classes));
}

type Block = { [name: string]: Arr };

function normalised(x: Arr): Arr {
  const mean = np.mean(x.ref, -1, { keepdims: true });
  const centred = x.sub(mean);
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred.div(np.sqrt(variance.add(1e-5)));
}

export function transformerStep(): () => Promise<unknown> {
  const { batch, context, width, heads, depth, vocabulary } = transformer;
  const rows = batch * context;
  const size = width / heads;
  const start: Block = {
    tokens: matrix(vocabulary, width, 1),
    places: matrix(context, width, 2),
    head: matrix(width, vocabulary, 3),
    mask: array(causal(context), [context, context]),
  };
  for (let i = 0; i < depth; i++)
    Object.assign(start, {
      [`qkv${i}`]: matrix(width, 3 * width, 10 + i),
      [`out${i}`]: matrix(width, width, 20 + i),
      [`up${i}`]: matrix(width, 4 * width, 30 + i),
      [`down${i}`]: matrix(4 * width, width, 40 + i),
    });
  const attend = (x: Arr, p: Block, i: number): Arr => {
    const qkv = np.transpose(np.dot(x, p[`qkv${i}`]!).reshape([batch, context, 3, heads, size]), [2, 0, 3, 1, 4]);
    const [q, k, v] = [qkv.ref.slice(0), qkv.ref.slice(1), qkv.slice(2)];
    const scores = np.matmul(q!, np.transpose(k!, [0, 1, 3, 2])).mul(1 / Math.sqrt(size));
    const mixed = np.matmul(nn.softmax(scores.add(p.mask!.ref), -1), v!);
    return np.dot(np.transpose(mixed, [0, 2, 1, 3]).reshape([rows, width]), p[`out${i}`]!);
  };
  const loss = (p: Block, x: Arr, y: Arr): Arr => {
    let h = np.dot(x, p.tokens!).reshape([batch, context, width]).add(p.places!).reshape([rows, width]);
    for (let i = 0; i < depth; i++) {
      h = h.ref.add(attend(normalised(h), p, i));
      h = h.ref.add(np.dot(nn.relu(np.dot(normalised(h), p[`up${i}`]!)), p[`down${i}`]!));
    }
    p.mask!.dispose();
    return crossEntropy(np.dot(normalised(h), p.head!), y);
  };
  const hot = (factor: number): Arr =>
    oneHot(
      Int32Array.from({ length: rows }, (_, i) => (i * factor) % vocabulary),
      vocabulary,
    );
  return stepping(loss as never, start, hot(7), hot(5));
}

/** Nothing for what came before, −10⁹ for what comes after. */
function causal(n: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? -1e9 : 0));
}
