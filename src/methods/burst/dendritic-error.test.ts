import { describe, expect, it } from 'vitest';
import { grad, log, logistic, mean, mul, stopGradient, sub, sum, type Tensor, trees } from '../../engine/index.ts';
import { feedbackTree } from '../../nn/feedback.ts';
import { dense, type Model, model, mse } from '../../nn/index.ts';
import type { Layer, Tree } from '../../nn/layer.ts';
import { targetsLike } from '../../nn/loss.ts';
import type { CreditCall, CreditResult } from '../rule.ts';
import { callOf, creditOf, distance, inDtype, inF64, numbersOf } from '../testing/cases.ts';
import { type DendriticErrorState, dendriticError } from './dendritic-error.ts';

const sigmoid = (units: number, activation: 'logistic' | 'identity' = 'logistic'): Layer =>
  dense({ units, activation, init: { distribution: 'normal', mode: 'fanAverage', gain: 2 } });
const net = (): Model => model([4], [sigmoid(5), sigmoid(4), sigmoid(3, 'identity')]);
const halfSquares = mse({ features: 'half-sum' });

/** Feedback alignment through Y of Σ over the output of σ′(v)·(v − logit), the mean over the batch. */
function pulled({ model: of, params, modelState, batch, state }: CreditCall<DendriticErrorState>): Tree {
  const weights = [...state.y];
  const feedback = feedbackTree(of, params, of.inputShape, (w, path) => (path === '[0].w' ? w : weights.shift()!));
  return grad((p: Tree): Tensor => {
    const [v] = of.apply(p, modelState, batch.x, { feedback });
    const rate = targetsLike(v, batch).mul(0.6).add(0.2);
    const goal = sub(log(rate), log(sub(1, rate)));
    const e = logistic(v);
    return mean(sum(mul(v, stopGradient(mul(mul(e, sub(1, e)), sub(v, goal)))), 1));
  })(params);
}

/** What is left of an error k layers below the output. */
const decayed = (tree: Tree, coupling: number): Tree[] =>
  (tree as unknown as Tree[]).map((layer, l) => trees.scale(layer, (coupling * (1 - coupling)) ** (2 - l)));

describe('dendritic-error', () => {
  it('tends to feedback alignment of its pull as λ falls, by sweep and by relaxation, less λ(1 − λ) a layer', () => {
    inF64(() => {
      for (const dynamics of ['sweep', 'settle'] as const)
        for (const feedback of ['random', 'symmetric'] as const) {
          const errors = (coupling: number): number[] => {
            const rule = dendriticError({ coupling, dynamics, feedback });
            const call = callOf(rule, net(), { loss: halfSquares });
            const expected = decayed(pulled(call), coupling);
            const found = creditOf(rule, call).credit as unknown as Tree[];
            return found.map((layer, l) => distance(numbersOf(layer), numbersOf(expected[l])));
          };
          const [fine, coarse] = [errors(1e-3), errors(1e-2)];
          fine.forEach((error, l) => {
            expect(error, `${dynamics} ${feedback} ${l}`).toBeLessThan(1e-2);
            expect(error / coarse[l]!).toBeLessThan(0.15); // first order in λ
          });
        }
    });
  });

  it('gives a layer σ(v + λa) − σ(v) over λ, however deep: what lateral weights do not cancel is not amplified', () => {
    inF64(() => {
      const coupling = 1e-4;
      const rule = dendriticError({ coupling, prediction: 'random', cancellation: 'random' });
      const call = callOf(rule, net(), { loss: halfSquares });
      const { credit, metrics } = creditOf(rule, call);
      const biases = (credit as unknown as { b: Tensor }[]).map(({ b }) => Math.max(...numbersOf(b).map(Math.abs)));
      for (const l of [0, 1]) {
        const units = [5, 4][l]!;
        expect(biases[l]).toBeLessThan(0.25 * units * metrics[`apical.dense${l}`]!.item()); // σ′ ≤ ¼
        expect(biases[l]).toBeGreaterThan(0);
      }
    });
  });

  it('is divided by λ unless raw; R is not', () => {
    inF64(() => {
      const [own, raw] = [false, true].map((r) => {
        const rule = dendriticError({ raw: r, prediction: 'random', cancellation: 'random' });
        return creditOf(rule, callOf(rule, net(), { loss: halfSquares }));
      }) as [CreditResult<DendriticErrorState>, CreditResult<DendriticErrorState>];
      const [ours, theirs] = [own, raw].map(({ feedback }) => feedback as unknown as DendriticErrorState['feedback']);
      const ratio = (a: unknown, b: unknown) => numbersOf(a as Tree).map((v, i) => v / numbersOf(b as Tree)[i]!);
      for (const v of ratio(raw.credit, own.credit)) expect(v).toBeCloseTo(0.1, 12);
      for (const v of ratio(theirs!.p, ours!.p)) expect(v).toBeCloseTo(0.1, 12);
      for (const v of ratio(theirs!.r, ours!.r)) expect(v).toBeCloseTo(1, 12);
    });
  });

  it('has no lateral weights of its own when they are tied, and the credit of the self-predicting state', () => {
    inF64(() => {
      const [free, tied] = (['symmetric', 'tied'] as const).map((lateral) => {
        const rule = dendriticError({
          prediction: lateral,
          cancellation: lateral,
          feedback: lateral,
          feedbackScale: 1,
        });
        return creditOf(rule, callOf(rule, net(), { loss: halfSquares }));
      }) as [CreditResult<DendriticErrorState>, CreditResult<DendriticErrorState>];
      expect(tied.feedback).toBeUndefined();
      expect(distance(numbersOf(tied.credit), numbersOf(free.credit))).toBeLessThan(1e-12);
    });
  });

  it('keeps its digits in f32 three layers below the output', () => {
    const deep = (): Model => model([4], [sigmoid(5), sigmoid(5), sigmoid(4), sigmoid(3)]);
    const [single, double] = (['f32', 'f64'] as const).map((dtype) =>
      inDtype(dtype, () => {
        const rule = dendriticError();
        const call = callOf(rule, deep(), { loss: halfSquares });
        return numbersOf((creditOf(rule, call).credit as unknown as Tree[])[0]);
      }),
    ) as [number[], number[]];
    expect(distance(single, double)).toBeLessThan(1e-5);
  });

  it('learns nothing laterally in the self-predicting state when the target is what the network says', () => {
    inF64(() => {
      const rule = dendriticError();
      const call = callOf(rule, net(), { loss: halfSquares });
      const [v] = call.model.apply(call.params, call.modelState, call.batch.x);
      const y = logistic(v).sub(0.2).div(0.6); // softened, this is the output itself
      const { credit, feedback } = creditOf(rule, { ...call, batch: { ...call.batch, y } });
      expect(Math.max(...numbersOf(credit).map(Math.abs))).toBeLessThan(1e-11);
      expect(Math.max(...numbersOf(feedback).map(Math.abs))).toBeLessThan(1e-11);
    });
  });

  it('brings random lateral weights towards silence', () => {
    const rule = dendriticError({ prediction: 'random', cancellation: 'random' });
    let call = callOf(rule, net(), { loss: halfSquares, batch: 16 });
    const apicals: number[] = [];
    for (let step = 0; step < 400; step++) {
      const { feedback, metrics } = creditOf(rule, call);
      apicals.push(metrics['apical.dense0']!.item());
      const { p, r } = feedback as unknown as DendriticErrorState['feedback'];
      const old = call.state.feedback;
      const next = {
        p: old.p.map((layer, l) => {
          const [was, move] = [layer, p[l]!] as unknown as { w: Tensor; b: Tensor }[];
          return { w: sub(was!.w, mul(move!.w, 0.02)), b: sub(was!.b, mul(move!.b, 0.02)) };
        }),
        r: old.r.map((w, l) => sub(w, mul(r[l]!, 0.02))),
      };
      call = { ...call, state: { ...call.state, feedback: next } };
    }
    expect(apicals.at(-1)! / apicals[0]!).toBeLessThan(0.3);
  });

  it('refuses settings that are none', () => {
    for (const options of [{ coupling: 0 }, { coupling: 0.9 }, { steps: 0 }, { dynamics: 'other' as never }])
      expect(() => dendriticError(options)).toThrowError(expect.objectContaining({ code: 'ConfigError' }));
  });
});
