/** @jax-js/jax on its wasm device, compiled; arrays are owned, so whatever is used again is used by reference. */
import { blockUntilReady, defaultDevice, grad, init, jit, lax, nn, numpy as np } from '@jax-js/jax';
import { type Contender, labels, numbers, type Peer } from '../contender.ts';
import { cnn, type MlpSize, mlps, sizes } from '../workloads.ts';
import { lstmStep, transformerStep } from './jax-sequences.ts';

export type Arr = np.Array;
type Params = { readonly [name: string]: Arr };

const RATE = 0.01;
export const array = (values: Float32Array, shape: number[]): Arr =>
  np.array(values as Float32Array<ArrayBuffer>).reshape(shape);

const refs = (params: Params): Params => Object.fromEntries(Object.entries(params).map(([k, v]) => [k, v.ref]));

export const crossEntropy = (logits: Arr, y: Arr): Arr =>
  np.negative(np.mean(np.sum(nn.logSoftmax(logits, -1).mul(y), 1)));

export const oneHot = (of: Int32Array, classes: number): Arr => {
  const out = new Float32Array(of.length * classes);
  of.forEach((k, i) => {
    out[i * classes + k] = 1;
  });
  return array(out, [of.length, classes]);
};

/** One step on the same batch, parameters carried from call to call. */
export function stepping(
  loss: (p: Params, x: Arr, y: Arr) => Arr,
  start: Params,
  x: Arr,
  y: Arr,
): () => Promise<unknown> {
  const gradient = grad(loss as never) as unknown as (p: Params, x: Arr, y: Arr) => Params;
  const step = jit(((p: Params, xs: Arr, ys: Arr) => {
    const g = gradient(refs(p), xs, ys);
    return Object.fromEntries(Object.entries(p).map(([name, value]) => [name, value.sub(g[name]!.mul(RATE))]));
  }) as never) as unknown as (p: Params, x: Arr, y: Arr) => Params;
  let params = start;
  return async () => {
    params = step(params, x.ref, y.ref);
    await blockUntilReady(refs(params) as never);
  };
}

function mlp({ widths, batch }: MlpSize): () => Promise<unknown> {
  const depth = widths.length - 1;
  const start: Record<string, Arr> = {};
  for (let i = 0; i < depth; i++) {
    const [ins, out] = [widths[i]!, widths[i + 1]!];
    start[`w${i}`] = array(numbers(ins * out, i + 1, Math.sqrt(3 / ins)), [ins, out]);
    start[`b${i}`] = np.zeros([out]);
  }
  const loss = (p: Params, x: Arr, y: Arr): Arr => {
    let h = x;
    for (let i = 0; i < depth; i++) {
      h = np.dot(h, p[`w${i}`]!).add(p[`b${i}`]!);
      if (i < depth - 1) h = nn.relu(h);
    }
    return crossEntropy(h, y);
  };
  return stepping(
    loss,
    start,
    array(numbers(batch * widths[0]!, 9), [batch, widths[0]!]),
    oneHot(labels(batch, widths.at(-1)!), widths.at(-1)!),
  );
}

/** Traces, compiles and calls a step whose batch no step had before. */
function compiling(): () => Promise<unknown> {
  let batch = 16;
  return () => mlp({ widths: [784, 128, 10], batch: ++batch })();
}

function convolutional(): () => Promise<unknown> {
  const { batch, size, channels, classes } = cnn;
  const flat = channels[2] * (size / 2) ** 2;
  const start: Params = {
    w0: array(numbers(channels[1] * channels[0] * 9, 1, Math.sqrt(1 / (3 * channels[0]))), [
      channels[1],
      channels[0],
      3,
      3,
    ]),
    b0: np.zeros([1, channels[1], 1, 1]),
    w1: array(numbers(channels[2] * channels[1] * 9, 2, Math.sqrt(1 / (3 * channels[1]))), [
      channels[2],
      channels[1],
      3,
      3,
    ]),
    b1: np.zeros([1, channels[2], 1, 1]),
    w2: array(numbers(flat * classes, 3, Math.sqrt(3 / flat)), [flat, classes]),
    b2: np.zeros([classes]),
  };
  const loss = (p: Params, x: Arr, y: Arr): Arr => {
    const a = nn.relu(lax.conv(x, p.w0!, [1, 1], 'SAME').add(p.b0!));
    const b = nn.relu(lax.conv(a, p.w1!, [1, 1], 'SAME').add(p.b1!));
    const pooled = np.max(b.reshape([batch, channels[2], size / 2, 2, size / 2, 2]), [3, 5]);
    return crossEntropy(np.dot(pooled.reshape([batch, flat]), p.w2!).add(p.b2!), y);
  };
  return stepping(
    loss,
    start,
    array(numbers(batch * size * size, 9), [batch, 1, size, size]),
    oneHot(labels(batch, classes), classes),
  );
}

/** A compiled function of resident arrays. */
function compiled(f: (...xs: Arr[]) => unknown, ...xs: Arr[]): () => Promise<unknown> {
  const run = jit(f as never) as unknown as (...xs: Arr[]) => Arr | Arr[];
  return async () => {
    const out = run(...xs.map((x) => x.ref));
    await blockUntilReady(out as never);
    for (const x of Array.isArray(out) ? out : [out]) x.dispose();
  };
}

const vector = (n: number, seed: number): Arr => np.array(numbers(n, seed) as Float32Array<ArrayBuffer>);
const matrix = (n: number, seed: number): Arr => vector(n * n, seed).reshape([n, n]);

const matmul = (n: number) => () => compiled((a, b) => np.matmul(a!, b!), matrix(n, 1), matrix(n, 2));

function cheapChain(x: Arr): Arr {
  let y = x.ref.mul(1.5).add(0.25);
  y = np.maximum(y, -0.5);
  y = np.square(y).sub(x.ref);
  y = np.minimum(np.absolute(y), 2);
  return y.add(x).mul(0.5);
}

const makers: Readonly<Record<string, () => () => unknown>> = {
  ...Object.fromEntries([64, 256, 512, 1024].map((n) => [`matmul-${n}`, matmul(n)])),
  ...Object.fromEntries(Object.entries(mlps).map(([name, size]) => [name, () => mlp(size)])),
  cnn: convolutional,
  lstm: lstmStep,
  transformer: transformerStep,
  compile: compiling,
  copy: () => compiled((x) => x!.mul(1.0000001), vector(sizes.elements, 1)),
  chain: () => compiled((x) => cheapChain(x!), vector(sizes.elements, 1)),
  'chain-exp': () =>
    compiled((x) => np.tanh(np.exp(np.negative(np.square(x!.ref)))).mul(x!), vector(sizes.elements, 1)),
  softmax: () => compiled((x) => nn.softmax(x!, -1), matrix(sizes.softmax, 1)),
  sum: () => compiled((x) => np.sum(x!), vector(sizes.elements, 1)),
};

export const jaxJs: Peer = {
  name: 'jax-js',
  async prepare(workload): Promise<Contender | null> {
    const make = makers[workload];
    if (make === undefined) return null;
    await init('wasm');
    defaultDevice('wasm');
    return { name: 'jax-js', work: make() };
  },
};
