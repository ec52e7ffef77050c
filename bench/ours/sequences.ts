/** Training steps of recurrent and attention networks on our engine. */
import * as c from '../../src/engine/index.ts';
import { crossEntropy, decoderTransformer, dense, lstm as lstmLayer, type Model, model } from '../../src/nn/index.ts';
import { labels, numbers } from '../contender.ts';
import { lstm, transformer } from '../workloads.ts';
import { sgdStep, stepping } from './nets.ts';

/** A step of plain gradient descent on a model of the network library. */
function trained(net: Model, x: c.Tensor, y: c.Tensor): ReturnType<typeof stepping> {
  const { params, state } = net.initialise(c.random.key(1));
  const loss = crossEntropy();
  const value = (p: typeof params, xs: c.Tensor, ys: c.Tensor): c.Tensor =>
    loss.value(net.apply(p, state, xs, { train: true })[0], { x: xs, y: ys });
  return stepping(sgdStep(value), params, x, y);
}

export function lstmStep(): ReturnType<typeof stepping> {
  const { batch, steps, features, units, classes } = lstm;
  const net = model([steps, features], [lstmLayer({ units, returnSequence: false }), dense({ units: classes })]);
  const x = c.tensor(numbers(batch * steps * features, 9)).reshape([batch, steps, features]);
  return trained(net, x, c.tensor(labels(batch, classes)));
}

export function transformerStep(): ReturnType<typeof stepping> {
  const { batch, context, vocabulary, ...rest } = transformer;
  const net = decoderTransformer({ ...rest, vocabulary, context, activation: 'relu' });
  const tokens = (factor: number): c.Tensor =>
    c
      .tensor(Int32Array.from({ length: batch * context }, (_, i) => (i * factor) % vocabulary))
      .reshape([batch, context]);
  return trained(net, tokens(7), tokens(5));
}
