/** A causal Transformer block for `cotangent graph examples/transformer.ts`: attention and a perceptron, each added to the stream. */
import { random, type Tensor } from 'cotangent/engine';
import { transformerBlock } from 'cotangent/nn';

const block = transformerBlock({ width: 32, heads: 2, isCausal: true });
const { params, state } = block.init(random.key(1), [16, 32]);

export const shapes = { x: [4, 16, 32] };

export default function stream(x: Tensor): Tensor {
  return block.pre(params, state, x, {})[0]; // (batch, time, width)
}
