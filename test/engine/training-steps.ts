/** Compiled training steps of the common kinds of network, small and with shapes of their own, for tests of plans and generated code. */
import * as c from '../../src/engine/index.ts';
import {
  conv2d,
  crossEntropy,
  decoderTransformer,
  dense,
  flatten,
  gru,
  lstm,
  type Model,
  maxPool,
  model,
} from '../../src/nn/index.ts';
import { adam, applyUpdates } from '../../src/optim/index.ts';

/** A traced step with the inputs that are donated. */
export interface TracedStep {
  readonly name: string;
  readonly graph: c.Graph;
  readonly donated: readonly number[];
}

type Tensors = readonly c.Tensor[];

const images = (batch: number, ...sample: number[]): c.Tensor => c.full([batch, ...sample], 0.25);
const labels = (batch: number): c.Tensor => c.zeros([batch], 'i32');

/** One Adam step on the mean cross-entropy of a model, parameters and optimiser state donated. */
function trained(name: string, net: Model, x: c.Tensor, y: c.Tensor): TracedStep {
  const { params, state } = net.initialise(c.random.key(1));
  const rule = adam({ learningRate: 1e-3 });
  const memory = rule.init(params);
  const loss = crossEntropy();
  const value = (p: typeof params, xs: c.Tensor, ys: c.Tensor): c.Tensor =>
    loss.value(net.apply(p, state, xs, { train: true })[0], { x: xs, y: ys });
  const step = c.jit((p: typeof params, m: typeof memory, xs: c.Tensor, ys: c.Tensor) => {
    const [updates, next] = rule.update(c.grad(value)(p, xs, ys), m, { params: p });
    return [applyUpdates(p, updates), next];
  });
  const graph = step.graphOf(params, memory, x, y);
  const donated = c.leavesOf([params, memory] as unknown as Tensors).length;
  const first = graph.consts.length;
  return { name, graph, donated: Array.from({ length: donated }, (_, i) => first + i) };
}

/** The steps, traced now on the backend in use. */
export function trainingSteps(): TracedStep[] {
  const relu = { activation: 'relu' } as const;
  return [
    trained(
      'mlp',
      model([64], [dense({ units: 48, ...relu }), dense({ units: 32, ...relu }), dense({ units: 10 })]),
      images(16, 64),
      labels(16),
    ),
    trained(
      'cnn',
      model(
        [1, 12, 12],
        [
          conv2d({ filters: 8, kernel: 3, ...relu }),
          conv2d({ filters: 16, kernel: 3, ...relu }),
          maxPool({ size: 2 }),
          flatten(),
          dense({ units: 10 }),
        ],
      ),
      images(8, 1, 12, 12),
      labels(8),
    ),
    trained(
      'lstm',
      model([20, 12], [lstm({ units: 16, returnSequence: false }), dense({ units: 10 })]),
      images(8, 20, 12),
      labels(8),
    ),
    trained(
      'gru',
      model([20, 12], [gru({ units: 16, returnSequence: false }), dense({ units: 10 })]),
      images(8, 20, 12),
      labels(8),
    ),
    trained(
      'transformer',
      decoderTransformer({ vocabulary: 20, context: 24, width: 32, heads: 4, depth: 2 }),
      c.zeros([4, 24], 'i32'),
      c.zeros([4, 24], 'i32'),
    ),
  ];
}
