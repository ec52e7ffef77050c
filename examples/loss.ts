/** A loss of one's own for `cotangent check examples/loss.ts`: a tanh layer and a linear one, squared error. */
import { add, matmul, mean, square, sub, type Tensor, tanh, tensor } from 'cotangent/engine';

const x = tensor([
  [0.5, -1.2, 0.3],
  [1.1, 0.4, -0.7],
]);
const y = tensor([[0.2], [-0.4]]);

export const params = {
  hidden: {
    w: tensor([
      [0.1, -0.3],
      [0.7, 0.2],
      [-0.5, 0.4],
    ]),
    b: tensor([0.05, -0.1]),
  },
  out: { w: tensor([[0.6], [-0.8]]), b: tensor([0.3]) },
};

export function loss({ hidden, out }: typeof params): Tensor {
  const h = tanh(add(matmul(x, hidden.w), hidden.b)); // (2, 2)
  return mean(square(sub(add(matmul(h, out.w), out.b), y)));
}
