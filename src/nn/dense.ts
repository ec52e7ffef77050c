/** Dense: y = φ(x·W + b) over the last axis of a sample. */
import { add } from '../engine/index.ts';
import type { ActivationName } from './activation.ts';
import { matmulWithFeedback } from './feedback.ts';
import type { Initializer } from './initializer.ts';
import { defaultInitializer } from './initializer.ts';
import type { Layer } from './layer.ts';
import { entry } from './layer.ts';
import { checkCount, checkRank, drawAffine, param, postOf } from './parts.ts';

const RANKS = [1, 2, 3, 4];
const LAYOUT = '(…, features)';

export interface DenseOptions {
  readonly units: number;
  readonly activation?: ActivationName;
  readonly bias?: boolean;
  readonly init?: Initializer;
}

/** A dense layer; params are w (in, units) and b (units). Samples of higher rank are treated position by position along their last axis; put `flatten()` before it to mix all of them. */
export function dense({
  units,
  activation = 'identity',
  bias = true,
  init = defaultInitializer(activation),
}: DenseOptions): Layer {
  checkCount('dense', 'units', units);
  const inputs = (input: readonly number[]): number => checkRank('dense', input, RANKS, LAYOUT).at(-1)!;
  return {
    kind: 'dense',
    config: { units, activation, bias, init },
    outShape: (input) => [...checkRank('dense', input, RANKS, LAYOUT).slice(0, -1), units],
    init: (key, input) => ({
      params: drawAffine(key, {
        init,
        shape: [inputs(input), units],
        fans: { fanIn: inputs(input), fanOut: units },
        bias: bias ? units : undefined,
      }),
      state: null,
    }),
    pre(params, state, x, { feedback }) {
      const z = matmulWithFeedback(x, param('dense', params, 'w'), entry(feedback, 'w')); // (B, …, in)·(in, units)
      const b = entry(params, 'b');
      return [b === null ? z : add(z, b), state];
    },
    ...postOf(activation),
    anatomy: (input) => ({
      isLinearInParams: true,
      isLinear: activation === 'identity',
      isPositionWise: true,
      fanIn: inputs(input),
      fanOut: units,
      activation,
      weights: ['w'],
    }),
    opensUnit: true,
  };
}
