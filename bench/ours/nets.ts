/** Training steps on our engine, written as a user would write them. */
import * as c from '../../src/engine/index.ts';
import { labels, numbers } from '../contender.ts';
import { cnn, type MlpSize } from '../workloads.ts';

type Dense = { w: c.Tensor; b: c.Tensor };

const RATE = 0.01;

/** Cross-entropy of logits against class numbers, mean over the batch. */
const crossEntropy = (logits: c.Tensor, y: c.Tensor): c.Tensor =>
  c.neg(c.mean(c.takeAlong(c.logSoftmax(logits), c.expandDims(y, 1), 1)));

export const denseParams = (widths: readonly number[]): Dense[] =>
  widths.slice(1).map((out, i) => ({
    w: c.tensor(numbers(widths[i]! * out, i + 1, Math.sqrt(3 / widths[i]!))).reshape([widths[i]!, out]),
    b: c.zeros([out]),
  }));

function mlpLoss(params: Dense[], x: c.Tensor, y: c.Tensor): c.Tensor {
  let h = x;
  params.forEach(({ w, b }, i) => {
    h = c.add(c.matmul(h, w), b);
    if (i < params.length - 1) h = c.relu(h);
  });
  return crossEntropy(h, y);
}

export function sgdStep<P>(
  loss: (params: P, x: c.Tensor, y: c.Tensor) => c.Tensor,
): (params: P, x: c.Tensor, y: c.Tensor) => P {
  const gradient = c.grad(loss);
  return (params, x, y) =>
    c.mapTree((p: c.Tensor, g: c.Tensor) => c.sub(p, c.mul(g, RATE)), params, gradient(params, x, y)) as P;
}

/** A step that keeps its own parameters; each call takes one step on the same batch. */
export function stepping<P>(
  step: (params: P, x: c.Tensor, y: c.Tensor) => P,
  start: P,
  x: c.Tensor,
  y: c.Tensor,
): (() => void) & { readonly peakBytes: number } {
  const compiled = c.jit(step, { donate: [0] });
  let params = start;
  const run = (): void => {
    params = compiled(params, x, y);
  };
  return Object.assign(run, { peakBytes: compiled.peakBytes(params, x, y) });
}

export function mlpStep({ widths, batch }: MlpSize): () => void {
  const x = c.tensor(numbers(batch * widths[0]!, 9)).reshape([batch, widths[0]!]);
  const y = c.tensor(labels(batch, widths.at(-1)!));
  return stepping(sgdStep(mlpLoss), denseParams(widths), x, y);
}

type CnnParams = { first: Dense; second: Dense; last: Dense };

function cnnLoss({ first, second, last }: CnnParams, x: c.Tensor, y: c.Tensor): c.Tensor {
  const convolve = (input: c.Tensor, { w, b }: Dense): c.Tensor =>
    c.relu(c.add(c.conv2d(input, w, { padding: 'same' }), c.reshape(b, [1, -1, 1, 1])));
  const features = c.maxPool(convolve(convolve(x, first), second), 2);
  const flat = c.reshape(features, [x.shape[0]!, -1]);
  return crossEntropy(c.add(c.matmul(flat, last.w), last.b), y);
}

export function cnnStep(): () => void {
  const { batch, size, channels, classes } = cnn;
  const kernel = (out: number, ins: number, seed: number): Dense => ({
    w: c.tensor(numbers(out * ins * 9, seed, Math.sqrt(1 / (3 * ins)))).reshape([out, ins, 3, 3]),
    b: c.zeros([out]),
  });
  const inputs = channels[2] * (size / 2) ** 2;
  const last = {
    w: c.tensor(numbers(inputs * classes, 3, Math.sqrt(3 / inputs))).reshape([inputs, classes]),
    b: c.zeros([classes]),
  };
  const x = c.tensor(numbers(batch * size * size, 9)).reshape([batch, 1, size, size]);
  const params = { first: kernel(channels[1], channels[0], 1), second: kernel(channels[2], channels[1], 2), last };
  return stepping(sgdStep(cnnLoss), params, x, c.tensor(labels(batch, classes)));
}

/** Traces, compiles and calls a step whose batch no step had before. */
export function compiling(): () => void {
  let batch = 16;
  return () => {
    batch++;
    mlpStep({ widths: [784, 128, 10], batch })();
  };
}
