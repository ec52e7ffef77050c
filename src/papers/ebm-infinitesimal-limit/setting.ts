/** What the checks share: eight digits, networks drawn from a seed, and one way to state a claim. */
import { loadDataset, loader } from '../../data/index.ts';
import { jit, random, type Tensor } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import type { CreditCall, CreditRule } from '../../methods/rule.ts';
import {
  type ActivationName,
  type Batch,
  dense,
  flatten,
  type Initializer,
  type Loss,
  type Model,
  model,
  mse,
  type Tree,
  toTensors,
} from '../../nn/index.ts';
import type { Lab } from '../ledger/lab.ts';

/** ½·Σ(o − t)², the mean over the batch; credit times the batch is the paper's. */
export const halfSquares: Loss = mse({ features: 'half-sum' });

/** The first rows of the training part of optdigits, pixels/16, in the default dtype. */
export async function firstDigits(rows = 8): Promise<Batch> {
  const { train } = await loadDataset('optdigits', { train: rows });
  return toTensors(loader({ set: train, batch: rows }).batchAt({ epoch: 0, step: 0 }), false);
}

export interface NetOptions {
  readonly widths: readonly number[];
  readonly activation: ActivationName;
  readonly init: Initializer;
  /** Of the last layer; none unless said. */
  readonly last?: ActivationName;
}

/** A chain of dense layers on 8×8 images. */
export const digitNet = ({ widths, activation, init, last = 'identity' }: NetOptions): Model =>
  model(
    [1, 8, 8],
    [
      flatten(),
      ...widths.map((units, i) => dense({ units, activation: i === widths.length - 1 ? last : activation, init })),
    ],
  );

/** A credit call on digits with parameters drawn from a seed. */
export async function digitCall(
  lab: Lab,
  net: Model,
  seed: number,
  loss: Loss = halfSquares,
): Promise<CreditCall<null>> {
  const { params, state } = net.initialise(lab.key('network', seed));
  return { model: net, loss, params, modelState: state, state: null, batch: await firstDigits(), key: random.key(0) };
}

/** Seeds of a scale. */
export const seedsOf = (lab: Lab): readonly number[] => lab.pick([0], [0, 1, 2]);

/** The credit of a rule at a call, compiled. */
export function creditAt(rule: CreditRule<null>, call: CreditCall<null>): Tree {
  const run = jit((params: Tree, batch: Batch, key: Tensor) => {
    const { credit } = rule.credit({ ...call, params, batch, key }) as { credit: Tree };
    return credit;
  });
  return run(call.params, call.batch, call.key);
}

/** The exact gradient at a call. */
export const exactAt = (call: CreditCall<null>): Tree => creditAt(backprop(), call);
