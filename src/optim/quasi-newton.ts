/**
 * L-BFGS as a building block: steps from the last pairs of movement and change of credit, compiled with the rest of the training step.
 *
 * `solve` has the form with line searches on functions; this one sees one credit per step, as every optimiser does, and takes steps of the learning rate.
 */

import type { FloatDtype, Tensor } from '../engine/index.ts';
import {
  abs,
  add,
  and,
  concat,
  div,
  expandDims,
  full,
  gt,
  minimum,
  mul,
  reshape,
  sliceAxis,
  sub,
  sum,
  trees,
  where,
  zeros,
} from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange } from './optimizer.ts';

export interface ScaleByLbfgsOptions {
  /** Pairs to remember; 10 unless said. */
  readonly memory?: number;
  /** Pairs with ⟨s, y⟩ ≤ least·⟨s, s⟩ are left out; 1e-8 unless said. */
  readonly least?: number;
}

/** All parameters as one vector of length n; rows of `moves` and `changes` are pairs, the newest last, with 1/⟨s, y⟩ in `inverse`, 0 where there is none yet. */
export type LbfgsState = {
  readonly params: Tensor;
  readonly credit: Tensor;
  readonly moves: Tensor;
  readonly changes: Tensor;
  readonly inverse: Tensor;
  /** 0 before the first step. */
  readonly count: Tensor;
};

/**
 * H·g by the two-loop recursion, H₀ = ⟨s, y⟩/⟨y, y⟩ of the newest pair. Before the first pair it passes on g·min(1, 1/‖g‖₁).
 *
 * Pairs compare credits of two steps: they mean curvature where both come from the same data (whole-batch training).
 * Source: J. Nocedal, Updating Quasi-Newton Matrices with Limited Storage, 1980.
 */
export function scaleByLbfgs({ memory = 10, least = 1e-8 }: ScaleByLbfgsOptions = {}): Optimizer<LbfgsState> {
  checkRange('lbfgs', 'memory', memory, 1);
  checkRange('lbfgs', 'least', least, 0);
  return {
    name: 'scaleByLbfgs',
    config: { memory, least },
    init(params) {
      const [x] = trees.ravel(params);
      const empty = (...shape: number[]): Tensor => zeros(shape, x.dtype as FloatDtype);
      const rows = empty(memory, x.size);
      return {
        params: x,
        credit: empty(x.size),
        moves: rows,
        changes: rows,
        inverse: empty(memory),
        count: full([], 0, 'f64'),
      };
    },
    update(credit, state, call) {
      const [g, unravel] = trees.ravel(credit);
      const [x] = trees.ravel(call.params);
      const next = remembered(state, x, g, least);
      return [
        unravel(direction(next, g)) as typeof credit,
        { ...next, params: x, credit: g, count: add(state.count, 1) },
      ];
    },
  };
}

/** The state with the newest pair in its last row, if there is one and it has curvature. */
function remembered(state: LbfgsState, x: Tensor, g: Tensor, least: number): LbfgsState {
  const [s, y] = [sub(x, state.params), sub(g, state.credit)];
  const sy = dot(s, y);
  const isKept = and(gt(sy, mul(dot(s, s), least)), gt(state.count, 0));
  const inverse = div(1, where(isKept, sy, 1));
  const shifted = (rows: Tensor, row: Tensor): Tensor =>
    where(isKept, concat([sliceAxis(rows, 0, 1, rows.shape[0]!), expandDims(row, 0)], 0), rows);
  return {
    ...state,
    moves: shifted(state.moves, s),
    changes: shifted(state.changes, y),
    inverse: shifted(state.inverse, inverse),
  };
}

const dot = (a: Tensor, b: Tensor): Tensor => sum(mul(a, b));
const row = (rows: Tensor, i: number): Tensor => reshape(sliceAxis(rows, 0, i, i + 1), rows.shape.slice(1));

/** Rows that are still empty have `inverse` 0 and change nothing. */
function direction({ moves, changes, inverse }: LbfgsState, g: Tensor): Tensor {
  const places = Array.from({ length: inverse.size }, (_, i) => i);
  const newest = places.at(-1)!;
  let q = g;
  const alphas: Tensor[] = [];
  for (const i of [...places].reverse()) {
    alphas[i] = mul(row(inverse, i), dot(row(moves, i), q));
    q = sub(q, mul(alphas[i]!, row(changes, i)));
  }
  const hasPair = gt(row(inverse, newest), 0);
  const curvature = mul(row(inverse, newest), dot(row(changes, newest), row(changes, newest)));
  const first = minimum(1, div(1, add(sum(abs(g)), 1e-30)));
  q = mul(q, where(hasPair, div(1, where(hasPair, curvature, 1)), first));
  for (const i of places) {
    const beta = mul(row(inverse, i), dot(row(changes, i), q));
    q = add(q, mul(row(moves, i), sub(alphas[i]!, beta)));
  }
  return q;
}
