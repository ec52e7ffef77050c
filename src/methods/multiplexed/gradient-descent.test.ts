/** Multiplexed gradient descent as a rule: finite differences, SPSA and the forward gradient are settings of it. */
import { describe, expect, it } from 'vitest';
import {
  ConfigError,
  leavesOf,
  random,
  structureOf,
  type Tensor,
  type Tree,
  tensor,
  trees,
  unflatten,
} from '../../engine/index.ts';
import { crossEntropy } from '../../nn/index.ts';
import { backprop } from '../backprop.ts';
import { forwardGradient } from '../forward-gradient.ts';
import type { CreditCall, CreditResult } from '../rule.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from '../testing/cases.ts';
import { weightPerturbation } from '../weight-perturbation.ts';
import { type MultiplexedOptions, type MultiplexedState, multiplexedGradientDescent } from './gradient-descent.ts';

const mlp = kinds.mlp!();

/** Credit after so many steps on one batch, and what was skipped before. */
function runFor(options: MultiplexedOptions, steps: number) {
  const rule = multiplexedGradientDescent(options);
  let call: CreditCall<MultiplexedState> = callOf(rule, mlp);
  let result: CreditResult<MultiplexedState> | null = null;
  const skipped: boolean[] = [];
  for (let n = 0; n < steps; n++) {
    result = creditOf(rule, { ...call, key: random.key(n) });
    skipped.push(Boolean(result.skip?.item()));
    call = { ...call, state: result.state };
  }
  return { call, credit: numbersOf(result!.credit), skipped, state: result!.state };
}

const P = trees.countParams(callOf(backprop(), mlp).params);
const exact = (): number[] => numbersOf(creditOf(backprop(), callOf(backprop(), mlp)).credit);

/** (L(θ + he_i) − L(θ))/h for each parameter. */
function forwardDifferences(h: number): number[] {
  const { params, batch, model, modelState } = callOf(backprop(), mlp);
  const leaves = leavesOf(params) as Tensor[];
  const loss = (p: Tree): number =>
    crossEntropy()
      .value(model.apply(p, modelState, batch.x)[0], batch)
      .item();
  const start = loss(params);
  return leaves.flatMap((leaf, l) =>
    Array.from({ length: leaf.size }, (_, i) => {
      const moved = Float64Array.from(leaf.readSync());
      moved[i]! += h;
      const other = tensor([...moved], { dtype: 'f64' }).reshape(leaf.shape);
      const at = unflatten<Tree>(
        structureOf(params),
        leaves.map((x, j) => (j === l ? other : x)),
      );
      return (loss(at) - start) / h;
    }),
  );
}

describe('multiplexed gradient descent', () => {
  it('with a sequence and an update a period is forward finite differences', () => {
    inF64(() => {
      const { credit, skipped } = runFor({ code: 'sequential', amplitude: 1e-3, tauTheta: P }, P);
      expect(distance(credit, forwardDifferences(1e-3))).toBeLessThan(1e-10);
      expect(skipped).toEqual(Array.from({ length: P }, (_, n) => n < P - 1));
    });
  });

  it('with random codes is SPSA with one side or two', () => {
    inF64(() => {
      for (const [probe, sides] of [
        ['finite', 'one'],
        ['antithetic', 'two'],
      ] as const) {
        const rule = multiplexedGradientDescent({ amplitude: 1e-3 * Math.sqrt(P), probe });
        const call = callOf(rule, mlp);
        // The code folds the step into its key: the same signs come from a rule that is handed that key.
        const spsa = weightPerturbation({ sigma: 1e-3, sides });
        const [mgd, other] = [creditOf(rule, call).credit, creditOf(spsa, { ...call, state: null }).credit].map(
          numbersOf,
        );
        const norm = (xs: readonly number[]): number => Math.hypot(...xs);
        expect(mgd!.every((x) => Math.abs(Math.abs(x) - norm(mgd!) / Math.sqrt(P)) < 1e-9)).toBe(true);
        expect(other!.length).toBe(P);
        const along = mgd!.reduce((s, x, i) => s + Math.sign(x) * exact()[i]!, 0);
        expect(along / (norm(mgd!) / Math.sqrt(P))).toBeCloseTo(1, 1);
      }
    });
  });

  it('with the exact probe keeps the identity of a forward gradient: ⟨g, credit⟩ is its squared slope', () => {
    inF64(() => {
      const credit = runFor({ probe: 'jvp' }, 1).credit;
      const slope = Math.abs(credit[0]!);
      expect(exact().reduce((s, g, i) => s + g * credit[i]!, 0) / slope ** 2).toBeCloseTo(1, 11);
      expect(numbersOf(creditOf(forwardGradient({ law: 'rademacher' }), callOf(backprop(), mlp)).credit)).toHaveLength(
        P,
      );
    });
  });

  it.each([
    ['sequential', P, {}, 2e-3],
    ['walsh', 128, {}, 2e-3],
    ['walsh', 256, { flips: true }, 1e-6],
    ['sinusoidal', 512, { frequencies: Array.from({ length: P }, (_, i) => (10 + i) / 512) }, 2e-3],
  ] as const)('over a period of %s finds the gradient', (code, tauTheta, options, tolerance) => {
    inF64(() => {
      const { credit } = runFor({ code, tauTheta, amplitude: 1e-3, ...options }, tauTheta);
      expect(distance(credit, exact())).toBeLessThan(tolerance);
    });
  });

  it('holds a pattern for τ_p steps', () => {
    inF64(() => {
      const credits = [1, 2, 3, 4].map((n) => runFor({ tauP: 2 }, n).credit);
      expect(credits[1]).toEqual(credits[0]);
      expect(credits[3]).toEqual(credits[2]);
      expect(credits[2]).not.toEqual(credits[1]);
    });
  });

  it("is G in the paper's scale, τ_θ/P of the credit", () => {
    inF64(() => {
      const [credit, raw] = [false, true].map((raw) => runFor({ tauTheta: 3, raw }, 3).credit);
      for (const [i, x] of credit!.entries()) expect(raw![i]!).toBeCloseTo((x * 3) / P, 12);
    });
  });

  it('shakes units with fresh random codes only', () => {
    const of = (options: MultiplexedOptions) => multiplexedGradientDescent({ place: 'preactivation', ...options });
    expect(of({}).supports(mlp)).toBe(true);
    expect(of({ code: 'walsh' }).supports(mlp)).toEqual({ reason: expect.stringContaining('random codes') });
    expect(Math.hypot(...runFor({ place: 'preactivation' }, 1).credit)).toBeGreaterThan(0);
  });

  it.each([
    { code: 'morse' },
    { amplitude: 0 },
    { share: 0 },
    { frequencies: [0.1, 0.6] },
    { tauTheta: 0 },
    { tauP: 1.5 },
    { probe: 'guess' },
    { limit: 0 },
    { place: 'nowhere' },
  ])('refuses %o', (options) => {
    expect(() => multiplexedGradientDescent(options as never)).toThrow(ConfigError);
  });
});
