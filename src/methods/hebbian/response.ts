/** What a little Hebbian learning does to the length of the output, to first order in η: one matrix a class in the place of a network a class. */
import { gt, matmul, mul, sqrt, sub, sum, type Tensor, where } from '../../engine/index.ts';
import { activities, type Correction, correctionOf, type HebbianNetwork } from './network.ts';

/** Σ pre·postᵀ over samples (N, d) of a class less its correction: the direction in which W₁ of two hidden layers moves. */
export function classDirection(net: HebbianNetwork, x: Tensor, correction: Correction): Tensor {
  const [pre, post] = activities(net, 'relu', x) as [Tensor, Tensor];
  const gain = matmul(pre, post, { transposeX: true }); // (d, N)·(N, d)
  return sub(gain, correctionOf(gain, net.weights[1]!, correction));
}

/** What a row answers with, whatever the direction: its first hidden activity p, u = 1[z > 0] ∘ (W₂·o), and ‖o‖². */
export interface Answer {
  readonly pre: Tensor;
  readonly back: Tensor;
  readonly size: Tensor;
}

/** The answers of rows (B, d). */
export function answerOf(net: HebbianNetwork, x: Tensor): Answer {
  const [pre, post] = activities(net, 'relu', x) as [Tensor, Tensor];
  const o = matmul(post, net.weights[2]!).add(net.biases[2]!);
  const back = where(gt(post, 0), matmul(o, net.weights[2]!, { transposeY: true }), 0);
  return { pre, back, size: sum(o.square(), -1) };
}

/** pᵀ·G·u / ‖o‖² for a direction G (in, out). */
export const alongDirection = ({ pre, back, size }: Answer, direction: Tensor): Tensor =>
  sum(mul(matmul(pre, direction), back), -1).div(size);

/** R = d ln‖o‖ / dη at η = 0 for rows x (B, d) and a direction G (in, out). */
export const response = (net: HebbianNetwork, direction: Tensor, x: Tensor): Tensor =>
  alongDirection(answerOf(net, x), direction);

/** The amount of change, ‖G‖ by Frobenius. */
export const amount = (direction: Tensor): Tensor => sqrt(sum(direction.square()));
