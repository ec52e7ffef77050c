import { describe, expect, it } from 'vitest';
import { grad, log, logistic, mean, mul, stopGradient, sub, sum, type Tensor } from '../../engine/index.ts';
import { feedbackTree } from '../../nn/feedback.ts';
import { dense, type Model, model, mse } from '../../nn/index.ts';
import type { Layer, Tree } from '../../nn/layer.ts';
import { targetsLike } from '../../nn/loss.ts';
import type { CreditCall } from '../rule.ts';
import { callOf, creditOf, distance, inF64, numbersOf } from '../testing/cases.ts';
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

describe('dendritic-error', () => {
  it('tends to feedback alignment of its pull as λ falls, by sweep and by relaxation', () => {
    inF64(() => {
      for (const dynamics of ['sweep', 'settle'] as const)
        for (const feedback of ['random', 'symmetric'] as const) {
          const error = (coupling: number): number => {
            const rule = dendriticError({ coupling, dynamics, feedback });
            const call = callOf(rule, net(), { loss: halfSquares });
            return distance(numbersOf(creditOf(rule, call).credit), numbersOf(pulled(call)));
          };
          expect(error(1e-3), `${dynamics} ${feedback}`).toBeLessThan(1e-2);
          expect(error(1e-3) / error(1e-2)).toBeLessThan(0.15); // first order in λ
        }
    });
  });

  it('keeps what is lost on the way when raw', () => {
    inF64(() => {
      const [own, raw] = [false, true].map((r) => {
        const rule = dendriticError({ raw: r });
        const { credit } = creditOf(rule, callOf(rule, net(), { loss: halfSquares }));
        return (credit as unknown as { w: Tensor }[]).map(({ w }) => numbersOf(w));
      }) as [number[][], number[][]];
      own.forEach((w, l) => {
        const factor = 0.1 * 0.09 ** (2 - l);
        expect(
          distance(
            raw[l]!,
            w.map((v) => v * factor),
          ),
        ).toBeLessThan(1e-10);
      });
    });
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
    const rule = dendriticError({ start: 'random' });
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
