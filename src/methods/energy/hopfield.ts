/**
 * The energy of a layered Hopfield network: neighbouring activities excite one another through the same weights, in both directions.
 *
 * I = ½·Σ‖sₗ‖² − Σ⟨ρ(sₗ), Wₗρ(sₗ₋₁) + cₗ⟩, with the sample itself in the place of ρ(s₀). Source: Hopfield 1984; Scellier & Bengio, arXiv:1602.05179. Convolutions and what lies between layers
 * (pooling, reshaping) couple in the same way: what is sent down is the pull of what is sent up.
 */
import type { Tensor } from '../../engine/index.ts';
import { add, clamp, mul, square, sub, sum } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import type { Batch, Loss } from '../../nn/loss.ts';
import { activated, type Coupling, type CouplingCall, driveOf } from './couplings.ts';
import type { Energy } from './energy.ts';
import type { Values } from './network.ts';
import { samplesIn } from './prediction.ts';

/** ρ: the activation of each layer, or the hard sigmoid for all: states are kept in [0, 1], where ρ(s) = s with slope 1, bounds included. */
export type Rho = 'own' | 'hardSigmoid';

export interface HopfieldOptions {
  readonly around: CouplingCall;
  readonly x: Tensor;
  readonly rho?: Rho;
  /** What the output's state is for; without one the cost is 0. */
  readonly teacher?: { readonly loss: Loss; readonly batch: Batch };
}

/** The energy of a chain of couplings for given samples. */
export function hopfieldEnergy(
  couplings: readonly Coupling[],
  { around, x, rho = 'own', teacher }: HopfieldOptions,
): Energy<Values, Tree> {
  const rate = (coupling: Coupling, s: Tensor): Tensor => (rho === 'own' ? activated(coupling, around, s) : s);
  const energy: Energy<Values, Tree> = {
    internal: (s, params) =>
      couplings
        .map((coupling, l) => {
          const below = l === 0 ? x : rate(couplings[l - 1]!, s[l - 1]!);
          const drive = driveOf(coupling, params, around, below);
          return sub(mul(sum(square(s[l]!)), 0.5), sum(mul(rate(coupling, s[l]!), drive)));
        })
        .reduce((a, b) => add(a, b)),
    cost(s) {
      const output = s.at(-1)!;
      return teacher === undefined
        ? mul(sum(output), 0)
        : mul(teacher.loss.value(output, teacher.batch), samplesIn(teacher.loss, output));
    },
  };
  return rho === 'own' ? energy : { ...energy, confine: (s) => s.map((v) => clamp(v, 0, 1)) };
}
