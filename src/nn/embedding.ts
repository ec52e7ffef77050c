/** Embedding: a row of weights for each index. */
import { DtypeError, isInteger, take } from '../engine/index.ts';
import type { Initializer } from './initializer.ts';
import { drawInitial } from './initializer.ts';
import type { Layer } from './layer.ts';
import { checkCount, param } from './parts.ts';

export interface EmbeddingOptions {
  /** Indices run from 0 to vocabulary − 1; others are clamped to that range. */
  readonly vocabulary: number;
  readonly units: number;
  readonly init?: Initializer;
}

/** An embedding of i32 inputs: params are w (vocabulary, units), standard normal unless said; a sample (…) becomes (…, units). */
export function embedding({
  vocabulary,
  units,
  init = { distribution: 'normal', mode: 'fanIn', gain: 1 },
}: EmbeddingOptions): Layer {
  checkCount('embedding', 'vocabulary', vocabulary);
  checkCount('embedding', 'units', units);
  const fans = { fanIn: 1, fanOut: units }; // one row is chosen, nothing is summed
  return {
    kind: 'embedding',
    config: { vocabulary, units, init },
    outShape: (input) => [...input, units],
    init: (key) => ({ params: { w: drawInitial(init, key, [vocabulary, units], fans) }, state: null }),
    pre(params, state, x) {
      if (!isInteger(x.dtype))
        throw new DtypeError(`embedding: indices are i32, not ${x.dtype}`, { dtype: x.dtype, help: "cast(x, 'i32')" });
      return [take(param('embedding', params, 'w'), x, 0), state];
    },
    anatomy: () => ({
      isLinearInParams: true,
      isLinear: false,
      isPositionWise: true,
      ...fans,
      activation: 'identity',
      weights: [],
    }),
    opensUnit: true,
  };
}
