/** Initialisers as data: drawn in f32 and then cast, so that f32 and f64 runs start from equal numbers. */

import type { Shape, Tensor } from '../engine/index.ts';
import { ConfigError, cast, defaultDtype, full, mul } from '../engine/index.ts';
import * as random from '../engine/ops/random.ts';
import type { ActivationName } from './activation.ts';
import { isReluLike } from './activation.ts';
import type { Key } from './key.ts';

/** A law whose variance is gain² / fan. */
export interface VarianceInitializer {
  readonly distribution: 'uniform' | 'normal';
  readonly mode: 'fanIn' | 'fanOut' | 'fanAverage';
  readonly gain: number;
}

/** One number everywhere. */
export interface ConstantInitializer {
  readonly constant: number;
}

const NAMED = {
  heNormal: { distribution: 'normal', mode: 'fanIn', gain: Math.SQRT2 },
  heUniform: { distribution: 'uniform', mode: 'fanIn', gain: Math.SQRT2 },
  glorotNormal: { distribution: 'normal', mode: 'fanAverage', gain: 1 },
  glorotUniform: { distribution: 'uniform', mode: 'fanAverage', gain: 1 },
  lecunNormal: { distribution: 'normal', mode: 'fanIn', gain: 1 },
  lecunUniform: { distribution: 'uniform', mode: 'fanIn', gain: 1 },
  /** U(±1/√fanIn), of variance 1/(3·fanIn); biases are drawn from it too. */
  pytorchDefault: { distribution: 'uniform', mode: 'fanIn', gain: /* @__PURE__ */ Math.sqrt(1 / 3) },
  zeros: { constant: 0 },
  ones: { constant: 1 },
} satisfies Record<string, VarianceInitializer | ConstantInitializer>;

export type InitializerName = keyof typeof NAMED;

/** A name, a variance-scaling law, or a constant. */
export type Initializer = InitializerName | VarianceInitializer | ConstantInitializer;

export const initializerNames = /* @__PURE__ */ Object.keys(NAMED) as readonly InitializerName[];

export interface Fans {
  /** Inputs summed into one output. */
  readonly fanIn: number;
  /** Outputs that one input reaches. */
  readonly fanOut: number;
}

/** Draws a tensor in the default dtype. */
export function drawInitial(initializer: Initializer, key: Key, shape: Shape, fans: Fans): Tensor {
  const law = lawOf(initializer);
  if ('constant' in law) return full(shape, law.constant);
  const std = law.gain / Math.sqrt(fanOf(law.mode, fans));
  const bound = Math.sqrt(3) * std;
  const drawn =
    law.distribution === 'uniform'
      ? random.uniform(key, shape, { low: -bound, high: bound, dtype: 'f32' })
      : mul(random.normal(key, shape, { dtype: 'f32' }), std);
  return cast(drawn, defaultDtype());
}

/** A bias: 0, except where the weights' law draws biases too. */
export const drawBias = (initializer: Initializer, key: Key, shape: Shape, fans: Fans): Tensor =>
  drawInitial(initializer === 'pytorchDefault' ? initializer : 'zeros', key, shape, fans);

/** He for activations that pass half of their inputs, Glorot otherwise. */
export const defaultInitializer = (activation: ActivationName): InitializerName =>
  isReluLike(activation) ? 'heNormal' : 'glorotUniform';

function lawOf(initializer: Initializer): VarianceInitializer | ConstantInitializer {
  if (typeof initializer !== 'string') return checkLaw(initializer);
  if (Object.hasOwn(NAMED, initializer)) return NAMED[initializer];
  throw new ConfigError(`the initialiser ${JSON.stringify(initializer)} is unknown`, {
    name: initializer,
    help: `choose one of ${initializerNames.join(', ')}, or give { distribution, mode, gain }`,
  });
}

function checkLaw(law: VarianceInitializer | ConstantInitializer): VarianceInitializer | ConstantInitializer {
  const isKnown =
    'constant' in law
      ? Number.isFinite(law.constant)
      : ['uniform', 'normal'].includes(law.distribution) &&
        ['fanIn', 'fanOut', 'fanAverage'].includes(law.mode) &&
        law.gain >= 0;
  if (isKnown) return law;
  throw new ConfigError(`${JSON.stringify(law)} is no initialiser`, {
    law,
    help: "give { distribution: 'uniform' | 'normal', mode: 'fanIn' | 'fanOut' | 'fanAverage', gain } or { constant }",
  });
}

function fanOf(mode: VarianceInitializer['mode'], { fanIn, fanOut }: Fans): number {
  if (mode === 'fanIn') return fanIn;
  return mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2;
}
