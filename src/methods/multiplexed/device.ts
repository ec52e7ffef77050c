/** Device variation: every neuron in hardware has an activation of its own, fixed when it was made and unknown to whoever trains it. */
import { add, logistic, mul, random, type Shape, sub, type Tensor } from '../../engine/index.ts';
import type { Layer, Tree } from '../../nn/layer.ts';

export interface VariedOptions {
  /** σ_a: deviation of the gains from 1 and of the offsets from 0. */
  readonly deviation: number;
}

/** f(a) = α/(1 + e^{−β(a − a₀)}) + b with α, β ~ N(1, σ_a) and a₀, b ~ N(0, σ_a) for each unit; the device lies in the model's state. */
export function variedLogistic({ deviation }: VariedOptions): Layer {
  const draw = (key: Tensor, shape: Shape, mean: number): Tensor =>
    add(mul(random.normal(key, shape), deviation), mean);
  return {
    kind: 'varied-logistic',
    config: { deviation },
    outShape: (input) => input,
    init: (key, input) => {
      const [a, b, c, d] = random.split(key, 4) as [Tensor, Tensor, Tensor, Tensor];
      const state = {
        height: draw(a, input, 1),
        steepness: draw(b, input, 1),
        place: draw(c, input, 0),
        floor: draw(d, input, 0),
      };
      return { params: null, state };
    },
    pre(_, state: Tree, x) {
      const { height, steepness, place, floor } = state as Record<'height' | 'steepness' | 'place' | 'floor', Tensor>;
      return [add(mul(height, logistic(mul(steepness, sub(x, place)))), floor), state];
    },
  };
}
