/** One inference step of a predictive network on its values themselves: predictions, errors, and what every value moves by, all from the same moment. */
import type { Tensor } from '../../engine/index.ts';
import { add, mul, neg, random, square, sub, sum } from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Batch, Loss } from '../../nn/loss.ts';
import { heard, type Network, predictAndPull, type Surroundings, type Values } from '../energy/network.ts';
import { samplesIn } from '../energy/prediction.ts';

export interface Moment {
  /** ε of every vertex; the output's is minus the slope of the loss at its prediction, summed over the batch. */
  readonly errors: readonly Tensor[];
  /** −ε + what the children pull, for every vertex but the output. */
  readonly moves: readonly Tensor[];
  /** F = ½·Σ‖ε‖². */
  readonly energy: Tensor;
}

/** Everything at the values of one moment, before any of them moves. */
export function momentAt(net: Network, around: Surroundings, loss: Loss, batch: Batch, values: Values): Moment {
  const last = net.vertices.length - 1;
  const parts = net.vertices.map((_, i) => predictAndPull(net, i, around, values));
  const errors = parts.map(([mu], i) => (i === last ? outputError(loss, batch, mu) : sub(values[i]!, mu)));
  const messages = heard(
    net,
    parts.map(([, pull], i) => pull(errors[i]!)),
  );
  const moves = errors.slice(0, -1).map((error, i) => {
    const message = messages[i]!;
    return message === null ? neg(error) : add(neg(error), message);
  });
  const energy = mul(
    errors.map((e) => sum(square(e))).reduce((a, b) => add(a, b)),
    0.5,
  );
  return { errors, moves, energy };
}

/** ε of the output: target − output for half the squared error, one-hot − softmax for cross-entropy. */
export const outputError = (loss: Loss, batch: Batch, output: Tensor): Tensor =>
  mul(loss.error(output, batch), -samplesIn(loss, output));

/** The values after a step of length γ; the output keeps what it holds. */
export const movedValues = (values: Values, moves: readonly Tensor[], gamma: number): Values =>
  values.map((x, i) => (i === values.length - 1 ? x : add(x, gamma === 1 ? moves[i]! : mul(moves[i]!, gamma))));

/** Hidden values with gaussian noise of a standard deviation. */
export function noisy(values: Values, key: Key, deviation: number): Values {
  const keys = random.split(key, Math.max(1, values.length));
  return values.map((x, i) =>
    i === values.length - 1
      ? x
      : add(x, mul(random.normal(keys[i]!, x.shape, { dtype: x.dtype as 'f32' | 'f64' }), deviation)),
  );
}
