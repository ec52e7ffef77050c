/** The energy of predictive coding: half the squared errors between values and predictions, with the output a free value that the loss pulls. */
import type { Tensor } from '../../engine/index.ts';
import { add, mul, square, sub, sum } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import type { Batch, Loss } from '../../nn/loss.ts';
import type { Energy } from './energy.ts';
import type { Network, Surroundings, Values } from './network.ts';
import { predictionOf } from './network.ts';

/** I = ½·Σᵢ‖xᵢ − μᵢ‖² over all vertices, C = the loss of the output's value, summed over the batch. */
export function predictionEnergy(
  net: Network,
  around: Omit<Surroundings, 'params'>,
  loss: Loss,
  batch: Batch,
): Energy<Values, Tree> {
  return {
    internal: (values, params) =>
      net.vertices
        .map((_, i) => mul(sum(square(sub(values[i]!, predictionOf(net, i, { ...around, params }, values)))), 0.5))
        .reduce((a, b) => add(a, b)),
    cost: (values) => mul(loss.value(values.at(-1)!, batch), samplesIn(loss, values.at(-1)!)),
  };
}

/** What turns a loss and its slopes into sums over the batch. */
export const samplesIn = (loss: Loss, output: Tensor): number => (loss.config.batch === 'sum' ? 1 : output.shape[0]!);
