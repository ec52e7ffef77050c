/** Single operations on our engine. */
import * as c from '../../src/engine/index.ts';
import { adam } from '../../src/optim/index.ts';
import { numbers } from '../contender.ts';
import { sizes, tinySteps } from '../workloads.ts';

const { elements } = sizes;

const inScope = (work: () => unknown) => () => c.scoped(() => void work());

const f32 = (shape: readonly number[], seed: number, scale = 1): c.Tensor =>
  c
    .tensor(
      numbers(
        shape.reduce((a, b) => a * b, 1),
        seed,
        scale,
      ),
    )
    .reshape([...shape]);

const f64 = (shape: readonly number[], seed: number): c.Tensor => c.cast(f32(shape, seed), 'f64');

export function matmul(n: number): () => void {
  const [a, b] = [f32([n, n], 1), f32([n, n], 2)];
  const product = c.jit(c.matmul);
  return inScope(() => product(a, b));
}

const compiledOn = (x: c.Tensor, f: (x: c.Tensor) => unknown): (() => void) => {
  const compiled = c.jit(f as (x: c.Tensor) => c.Tensor);
  return inScope(() => compiled(x));
};

/** Ten operations, each one instruction an element. */
export function cheapChain(x: c.Tensor): c.Tensor {
  let y = c.add(c.mul(x, 1.5), 0.25);
  y = c.maximum(y, -0.5);
  y = c.sub(c.mul(y, y), x);
  y = c.minimum(c.abs(y), 2);
  return c.mul(c.add(y, x), 0.5);
}

export const dearChain = (x: c.Tensor): c.Tensor => c.mul(c.tanh(c.exp(c.neg(c.mul(x, x)))), x);

export const copy = (): (() => void) => compiledOn(f32([elements], 1), (x) => c.mul(x, 1.0000001));
export const chain = (): (() => void) => compiledOn(f32([elements], 1), cheapChain);
export const chainExp = (): (() => void) => compiledOn(f32([elements], 1), dearChain);
export const softmax = (): (() => void) => compiledOn(f32([sizes.softmax, sizes.softmax], 1), (x) => c.softmax(x));
export const sum = (): (() => void) => compiledOn(f32([elements], 1), (x) => c.sum(x));
export const cholesky = (): (() => void) => {
  const n = sizes.cholesky;
  const a = f64([n, n], 1);
  const spd = c.add(c.matmul(a, c.transpose(a)), c.mul(c.eye(n, 'f64'), n));
  return compiledOn(spd, (x) => c.linalg.cholesky(x));
};

export function fft(): () => void {
  const [re, im] = [f32([sizes.fft], 1), f32([sizes.fft], 2)];
  const transform = c.jit((a: c.Tensor, b: c.Tensor) => c.fft([a, b]));
  return inScope(() => transform(re, im));
}

export function lstsq(): () => void {
  const [a, b] = [f64([sizes.rows, sizes.columns], 1), f64([sizes.rows], 2)];
  const fit = c.jit((x: c.Tensor, y: c.Tensor) => c.linalg.lstsq(x, y));
  return inScope(() => fit(a, b));
}

export function adamStep(): () => void {
  const rule = adam({ learningRate: 1e-3 });
  let params = f32([elements], 1);
  let state = rule.init(params);
  const grads = f32([elements], 2);
  const step = c.jit(
    (p: c.Tensor, s: typeof state, g: c.Tensor) => {
      const [move, next] = rule.update(g, s, { params: p });
      return [c.add(p, move as c.Tensor), next] as const;
    },
    { donate: [0, 1] },
  );
  return () => {
    [params, state] = step(params, state, grads) as [c.Tensor, typeof state];
  };
}

const indices = (n: number, below: number): c.Tensor =>
  c.tensor(Int32Array.from({ length: n }, (_, i) => Number((BigInt(i) * 2654435761n) % BigInt(below))));

export function gather(): () => void {
  const [x, at] = [f32([1e5, 16], 1), indices(1e6, 1e5)];
  const take = c.jit((rows: c.Tensor, i: c.Tensor) => c.take(rows, i, 0));
  return inScope(() => take(x, at));
}

export function segmentSum(): () => void {
  const [x, at] = [f32([1e6, 16], 1), indices(1e6, 1e4)];
  const add = c.jit((rows: c.Tensor, i: c.Tensor) => c.segmentSum(rows, i, 1e4));
  return inScope(() => add(x, at));
}

export function eager(): () => void {
  const [a, b] = [f32([10], 1), f32([10], 2)];
  return inScope(() => c.add(a, b));
}

export function tinyScan(): () => void {
  const [start, xs] = [f32([4], 1), f32([tinySteps, 4], 2)];
  const loop = c.jit(
    (h: c.Tensor, x: c.Tensor) =>
      c.scan(
        (carry: c.Tensor, xt: c.Tensor) => [c.tanh(c.add(c.mul(carry, 0.5), xt)), null] as [c.Tensor, null],
        h,
        x,
      )[0],
  );
  return inScope(() => loop(start, xs));
}

export function jitCall(): () => void {
  const tensors = Array.from({ length: 10 }, (_, i) => f32([10], i));
  const compiled = c.jit((xs: c.Tensor[]) => c.add(xs[0]!, xs[9]!));
  return inScope(() => compiled(tensors));
}

const drawing = (draw: (key: c.Tensor) => c.Tensor): (() => void) => compiledOn(c.random.key(7), draw as never);

export const bits = (): (() => void) => drawing((key) => c.random.bits(key, [1e6]));
export const normals = (): (() => void) => drawing((key) => c.random.normal(key, [1e6]));
