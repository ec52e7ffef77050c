/** For tests of rules: small models of every kind, and calls with data drawn from a seed. */
import type { FloatDtype, Tensor } from '../../engine/index.ts';
import { leavesOf, random, setDefaultDtype } from '../../engine/index.ts';
import type { Loss, Model, Tree } from '../../nn/index.ts';
import {
  activation,
  avgPool,
  batchNorm,
  conv2d,
  crossEntropy,
  decoderTransformer,
  dense,
  flatten,
  globalAvgPool,
  model,
  recurrent,
  residual,
} from '../../nn/index.ts';
import type { Layer } from '../../nn/layer.ts';
import type { CreditCall, CreditResult, CreditRule } from '../rule.ts';

export const CLASSES = 3;

const convolution = (filters: number, bias = true): Layer => conv2d({ filters, kernel: 3, padding: 'same', bias });

/** One model of each kind, with smooth activations: no difference crosses a kink. */
export const kinds: Readonly<Record<string, () => Model>> = {
  mlp: () =>
    model(
      [4],
      [dense({ units: 5, activation: 'tanh' }), dense({ units: 4, activation: 'softplus' }), dense({ units: CLASSES })],
    ),
  'cnn with batch norm': () =>
    model(
      [1, 4, 4],
      [
        convolution(3, false),
        batchNorm(),
        activation('tanh'),
        avgPool({ size: 2 }),
        flatten(),
        dense({ units: CLASSES }),
      ],
    ),
  'residual net': () =>
    model(
      [1, 4, 4],
      [
        conv2d({ filters: 2, kernel: 3, padding: 'same', activation: 'tanh' }),
        residual({
          body: [conv2d({ filters: 3, kernel: 3, padding: 'same', activation: 'tanh' }), convolution(3)],
          activation: 'softplus',
        }),
        globalAvgPool(),
        dense({ units: CLASSES }),
      ],
    ),
  'recurrent net': () => model([3, 2], [recurrent({ units: 4, returnSequence: false }), dense({ units: CLASSES })]),
};

/** A language model whose embeddings are large enough to matter; not among `kinds`, as many rules refuse it or would take long. */
export const smallDecoder = (): Model =>
  decoderTransformer({
    vocabulary: CLASSES,
    context: 3,
    width: 4,
    heads: 2,
    depth: 2,
    embeddingInit: { distribution: 'normal', mode: 'fanIn', gain: 1 },
  });

/** Runs `body` with another default dtype. */
export function inDtype<R>(dtype: FloatDtype, body: () => R): R {
  setDefaultDtype(dtype);
  try {
    return body();
  } finally {
    setDefaultDtype('f32');
  }
}

export const inF64 = <R>(body: () => R): R => inDtype('f64', body);

export interface CaseOptions {
  readonly seed?: number;
  readonly batch?: number;
  readonly loss?: Loss;
}

/** A call of a rule on a model, all drawn from a seed in the default dtype; class indices as targets. */
export function callOf<State>(
  rule: CreditRule<State>,
  net: Model,
  { seed = 1, batch = 4, loss = crossEntropy() }: CaseOptions = {},
): CreditCall<State> {
  const [forParams, forRule, forX, forY, key] = random.split(random.key(seed), 5) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const { params, state: modelState } = net.initialise(forParams);
  const inputs = [batch, ...net.inputShape];
  const isText = net.layers[0]!.kind === 'embedding';
  const x = isText ? random.randint(forX, inputs, 0, CLASSES) : random.normal(forX, inputs);
  const y = random.randint(forY, [batch, ...net.outputShape.slice(0, -1)], 0, CLASSES);
  return { model: net, loss, params, modelState, state: rule.init(net, params, forRule), batch: { x, y }, key };
}

/** The credit of a rule that answers at once. */
export const creditOf = <State>(rule: CreditRule<State>, call: CreditCall<State>): CreditResult<State> =>
  rule.credit(call) as CreditResult<State>;

/** All elements of a tree in one list. */
export const numbersOf = (tree: Tree | undefined): number[] =>
  leavesOf(tree).flatMap((leaf) => [...(leaf as Tensor).readSync()]);

/** ‖a − b‖ / ‖b‖. */
export function distance(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers beside ${b.length}`);
  return Math.hypot(...a.map((x, i) => x - b[i]!)) / Math.hypot(...b);
}
