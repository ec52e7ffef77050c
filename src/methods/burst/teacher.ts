/**
 * The teacher of burst rules: the burst probability of the output that tells the error.
 *
 * Sigmoid outputs: p = p_b + p_b·s·(−∂E/∂e)·h(e), so that (p − p_b)·e = −p_b·s·∂E/∂z exactly, for any loss E of a sample. Outputs without activation under cross-entropy are softmax rates e with
 * p = 2p_b·σ(4s(t − e)/e): to first order twice that, and bounded, so that a true class of small rate teaches little.
 */
import type { Tensor } from '../../engine/index.ts';
import { add, div, mul, neg, softmax, sub, tanh, UnsupportedError } from '../../engine/index.ts';
import type { Batch, Loss } from '../../nn/loss.ts';
import { samplesIn } from '../energy/prediction.ts';
import { awayFromZero, type RateLayer, slopeOverRate } from './chain.ts';

/** What the output sends down. */
export interface Taught {
  /** Event rates. */
  readonly e: Tensor;
  /** Burst probabilities. */
  readonly p: Tensor;
  /** (p − p_b)·e. */
  readonly d: Tensor;
  /** −d is about this times ∂E/∂z. */
  readonly unit: number;
}

export interface Teaching {
  /** p_b. */
  readonly baseline: number;
  /** s; the default depends on the kind of output. */
  readonly teaching: number | undefined;
}

/** Outputs that the teacher knows. */
export const TAUGHT = ['logistic', 'identity'];

/** Bursts of the output under a teacher that follows a loss. */
export function taught(output: RateLayer, loss: Loss, batch: Batch, { baseline, teaching }: Teaching): Taught {
  const pull = neg(mul(loss.error(output.y, batch), samplesIn(loss, output.y))); // −∂E/∂y of every sample
  if (output.activation === 'identity') return softTaught(output, loss, pull, baseline, teaching ?? 0.05);
  const strength = teaching ?? 1;
  const shift = mul(mul(pull, slopeOverRate[output.activation]!(output)), baseline * strength); // p − p_b
  return { e: output.y, p: add(shift, baseline), d: mul(shift, output.y), unit: baseline * strength };
}

function softTaught({ y, name }: RateLayer, loss: Loss, pull: Tensor, baseline: number, strength: number): Taught {
  if (loss.name !== 'crossEntropy')
    throw new UnsupportedError(
      `${name} has no activation, so its event rates are a softmax; ${loss.name} needs others`,
      {
        loss: loss.name,
        help: 'use crossEntropy(), or give the output the activation logistic',
      },
    );
  const e = softmax(y, -1);
  const shift = mul(tanh(div(mul(pull, 2 * strength), awayFromZero(e))), baseline); // 2p_b·σ(2a) − p_b = p_b·tanh a
  return { e, p: add(shift, baseline), d: mul(shift, e), unit: 2 * baseline * strength };
}

/** Bursts without a teacher. */
export function untaught(output: RateLayer, baseline: number): Taught {
  const e = output.activation === 'identity' ? softmax(output.y, -1) : output.y;
  const nothing = sub(e, e);
  return { e, p: add(nothing, baseline), d: nothing, unit: 1 };
}
