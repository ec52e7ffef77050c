/**
 * Sign symmetry: errors travel back through weights that share only the signs of the true ones.
 *
 * Paper     Q. Liao, J. Z. Leibo, T. Poggio, How Important Is Weight Symmetry in Backpropagation?, AAAI 2016, arXiv:1510.05067.
 * Rule      feedback alignment with B = m·sign(W), refreshed at every step, with one magnitude m per weight tensor.
 * Exact     the last layer, and every layer whose weights all have the magnitude m.
 * Departs   The paper's uniform variant has m = 1 and lives on batch normalisation and on updates reduced to their signs (an optimiser's business here); m is chosen instead so that errors keep their
 *           size without normalisation: the root mean square of the tensor, first or present. `magnitude: 1` is the paper's. Its variants with random magnitudes are left out.
 * Letters   W weights (in, out), B their stand-in, m magnitude.
 */
import type { Tensor } from '../engine/index.ts';
import { ConfigError, mapTree, mean, mul, sign, sqrt, square } from '../engine/index.ts';
import type { Tree } from '../nn/layer.ts';
import { creditThrough, weightsOf } from './feedback.ts';
import type { Citation, CreditRule } from './rule.ts';

export const liao2016: Citation = {
  authors: 'Q. Liao, J. Z. Leibo, T. Poggio',
  title: 'How Important Is Weight Symmetry in Backpropagation?',
  year: 2016,
  venue: 'AAAI',
  arxiv: '1510.05067',
};

export interface SignSymmetryOptions {
  /** Magnitude of the feedback weights: the root mean square of the first weights (`init`) or of the present ones (`norm`), per tensor, or one number for all. */
  readonly magnitude?: 'init' | 'norm' | number;
}

export type SignSymmetryState = {
  /** m for each replaceable weight, where it is that of the first weights; null otherwise. */
  readonly magnitude: Tree;
};

/** Sign symmetry, for chains of any layers with weights. */
export function signSymmetry({ magnitude = 'init' }: SignSymmetryOptions = {}): CreditRule<SignSymmetryState> {
  checkMagnitude(magnitude);
  return {
    id: 'sign-symmetry',
    aliases: ['ss'],
    paper: liao2016,
    summary: 'Errors travel back through weights that share only the signs of the true ones.',
    nature: 'biased',
    supports: () => true,
    init: (model, params) => ({ magnitude: magnitude === 'init' ? mapTree(rms, weightsOf(model, params)) : null }),
    credit(call) {
      const weights = weightsOf(call.model, call.params);
      const feedback =
        magnitude === 'init'
          ? mapTree((w: Tensor, m: Tensor) => mul(sign(w), m), weights, call.state.magnitude)
          : mapTree((w: Tensor) => mul(sign(w), magnitude === 'norm' ? rms(w) : magnitude), weights);
      return creditThrough(call, feedback);
    },
  };
}

const rms = (w: Tensor): Tensor => sqrt(mean(square(w)));

function checkMagnitude(magnitude: 'init' | 'norm' | number): void {
  const isFit =
    typeof magnitude === 'number' ? magnitude > 0 && Number.isFinite(magnitude) : ['init', 'norm'].includes(magnitude);
  if (!isFit)
    throw new ConfigError(`sign symmetry: the magnitude is ${magnitude}`, {
      magnitude,
      help: "use 'init', 'norm' or a positive number",
    });
}
