/** Activations by name: one table for every layer. */

import type { Tensor } from '../engine/index.ts';
import {
  ConfigError,
  elu,
  gelu,
  hardTanh,
  leakyRelu,
  logistic,
  relu,
  silu,
  sin,
  softmax,
  softplus,
  tanh,
} from '../engine/index.ts';

type Activation = (z: Tensor) => Tensor;

const TABLE = {
  identity: (z: Tensor) => z,
  relu: (z: Tensor) => relu(z),
  tanh: (z: Tensor) => tanh(z),
  logistic: (z: Tensor) => logistic(z),
  softplus: (z: Tensor) => softplus(z),
  gelu: (z: Tensor) => gelu(z),
  silu: (z: Tensor) => silu(z),
  elu: (z: Tensor) => elu(z),
  leakyRelu: (z: Tensor) => leakyRelu(z),
  hardTanh: (z: Tensor) => hardTanh(z),
  sin: (z: Tensor) => sin(z),
  /** Over the last axis. */
  softmax: (z: Tensor) => softmax(z, -1),
} satisfies Record<string, Activation>;

/** The name of an activation. */
export type ActivationName = keyof typeof TABLE;

/** All names, in the order of the table. */
export const activationNames = /* @__PURE__ */ Object.keys(TABLE) as readonly ActivationName[];

/** The activation of a name; an unknown name is a ConfigError that lists the known ones. */
export function activationNamed(name: ActivationName): Activation {
  if (Object.hasOwn(TABLE, name)) return TABLE[name];
  throw new ConfigError(`the activation ${JSON.stringify(name)} is unknown`, {
    name,
    help: `choose one of ${activationNames.join(', ')}`,
  });
}

const HALF_WAVE: readonly ActivationName[] = ['relu', 'leakyRelu', 'elu', 'gelu', 'silu', 'softplus'];

/** Whether an activation passes about one half of its inputs, so that weights want twice the variance. */
export const isReluLike = (name: ActivationName): boolean => HALF_WAVE.includes(name);
