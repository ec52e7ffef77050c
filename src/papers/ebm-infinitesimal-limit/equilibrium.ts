/** Equilibria to the last digit, and the gradient of an equilibrium by implicit differentiation: the references of check 3. */
import { concat, grad, jacobian, jit, linalg, mul, reshape, sliceAxis, sum, type Tensor } from '../../engine/index.ts';
import { contrast, type Energy, forceOf, free, nudged, settle } from '../../methods/energy/energy.ts';
import type { Values } from '../../methods/energy/network.ts';
import type { CreditCall } from '../../methods/rule.ts';
import type { Batch, Tree } from '../../nn/index.ts';

/** An energy for given samples. */
export type EnergyFor = (batch: Batch) => Energy<Values, Tree>;

export interface Equilibrium {
  readonly state: Values;
  readonly residual: number;
}

/** Settles until the force is below 1e-14 or no portion of 50 moves brings it down any more. */
export function settler(energyFor: EnergyFor, rate: number) {
  const portion = jit((params: Tree, batch: Batch, state: Tensor[], nudge: Tensor | number) => {
    const settled = settle<Values, Tree>(energyFor(batch), params, state, nudged(nudge), { steps: 50, rate });
    return { state: settled.state, residual: settled.residual };
  });
  return ({ params, batch }: Pick<CreditCall<null>, 'params' | 'batch'>, start: Values, nudge: number): Equilibrium => {
    let state: Values = start;
    let residual = Number.POSITIVE_INFINITY;
    for (let k = 0; k < 60; k++) {
      const next = portion(params, batch, [...state], nudge);
      const now = next.residual.item();
      state = next.state;
      if (now < 1e-14 || (now < 1e-13 && now >= residual)) return { state, residual: now };
      residual = now;
    }
    return { state, residual };
  };
}

/** The estimate from two equilibria, for the mean over the batch; compiled. */
export function estimator(energyFor: EnergyFor) {
  const run = jit((params: Tree, batch: Batch, a: Tensor[], atA: Tensor | number, b: Tensor[], atB: Tensor | number) =>
    contrast(energyFor(batch), params, { state: a as Values, nudge: atA }, { state: b as Values, nudge: atB }),
  );
  return ({ params, batch }: CreditCall<null>, a: Values, atA: number, b: Values, atB: number): Tree =>
    run(params, batch, [...a], atA, [...b], atB);
}

/**
 * The gradient of the cost at the free equilibrium, summed over the batch: vᵀ·∂F/∂θ with F = −∂I/∂s and H·v = ∂C/∂s, H = −∂F/∂s solved densely for every sample.
 */
export function implicitGradient(energyFor: EnergyFor, { params, batch }: CreditCall<null>, state: Values): Tree {
  const rows = Array.from({ length: batch.x.shape[0]! }, (_, b) => b);
  const adjoints = rows.map((b) =>
    adjointOf(
      energyFor(rowOf(batch, b)),
      params,
      state.map((s) => sliceAxis(s, 0, b, b + 1)),
    ),
  );
  const v = state.map((_, l) =>
    concat(
      adjoints.map((a) => a[l]!),
      0,
    ),
  );
  const along = (p: Tree): Tensor =>
    forceOf(
      energyFor(batch),
      p,
      free,
    )(state)
      .map((f, l) => sum(mul(f, v[l]!)))
      .reduce((a, b) => a.add(b));
  return grad(along)(params);
}

const rowOf = ({ x, y }: Batch, b: number): Batch => ({ x: sliceAxis(x, 0, b, b + 1), y: sliceAxis(y, 0, b, b + 1) });

/** v for one sample. */
function adjointOf(energy: Energy<Values, Tree>, params: Tree, state: Values): Tensor[] {
  const flat = concat(
    state.map((s) => reshape(s, [-1])),
    0,
  );
  const split = (z: Tensor): Tensor[] => {
    let at = 0;
    return state.map((s) => {
      at += s.size;
      return reshape(sliceAxis(z, 0, at - s.size, at), s.shape);
    });
  };
  const slope = (z: Tensor): Tensor =>
    concat(
      grad((s: Tensor[]) => energy.internal(s, params))(split(z)).map((g) => reshape(g, [-1])),
      0,
    );
  const pull = grad((s: Tensor[]) => energy.cost(s, params))(split(flat));
  const v = linalg.solve(
    jacobian(slope)(flat),
    reshape(
      concat(
        pull.map((g) => reshape(g, [-1])),
        0,
      ),
      [-1, 1],
    ),
  );
  return split(reshape(v, [-1]));
}
