/** Direct feedback at taps: what each part of a Transformer hears, and what it does not. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { matmul, mul, random, reshape, tensor, trees } from '../engine/index.ts';
import { crossEntropy } from '../nn/cross-entropy.ts';
import { runCut } from '../nn/cut.ts';
import type { Tree } from '../nn/layer.ts';
import type { Model } from '../nn/model.ts';
import { smallDecoder as options, smallText, wideEmbeddings } from '../nn/testing/decoder.ts';
import { gaussian } from '../nn/testing.ts';
import { blockTaps, decoderTransformer } from '../nn/transformer.ts';
import { unroll } from '../nn/unroll.ts';
import { visionTransformer } from '../nn/vision-transformer.ts';
import { backprop } from './backprop.ts';
import type { CreditCall, CreditRule } from './rule.ts';
import type { TappedDirectFeedbackState } from './tapped-direct-feedback.ts';
import { directFeedbackMacro, directFeedbackMicro, tappedDirectFeedback } from './tapped-direct-feedback.ts';
import { creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';

const small: Model = decoderTransformer({ ...options, ...wideEmbeddings });
type Rule = CreditRule<TappedDirectFeedbackState>;

function textCall(rule: Rule, model = small): CreditCall<TappedDirectFeedbackState> {
  const { params, state: modelState } = model.initialise(random.key(1));
  const state = rule.init(model, params, random.key(2));
  const batch = { x: smallText, y: random.randint(random.key(3), [2, 5], 0, 7) };
  return { model, loss: crossEntropy(), params, modelState, state, batch, key: random.key(4) };
}

const layersOf = (tree: Tree, from: number, to?: number): number[] =>
  numbersOf((tree as readonly Tree[]).slice(from, to));

describe('direct feedback at taps', () => {
  it('sends e·B to each block end, and the true gradient to the head', () => {
    inF64(() => {
      const call = textCall(directFeedbackMacro());
      const { model, params, modelState, batch, loss, key, state } = call;
      const run = unroll(model, params, modelState, batch.x, { key, train: true });
      const e = loss.error(run.output, batch);
      const sent = reshape(matmul(reshape(e, [10, 7]), state.feedback), [2, 5, 8]);
      const [embeddings, first, second, head] = run.units;
      const expected = [
        ...(embeddings!.pullParams(first!.pullInput(sent)) as readonly Tree[]),
        ...(first!.pullParams(sent) as readonly Tree[]),
        ...(second!.pullParams(sent) as readonly Tree[]),
        ...(head!.pullParams(e) as readonly Tree[]),
      ];
      const { credit } = creditOf(directFeedbackMacro(), call);
      expect(distance(numbersOf(credit), numbersOf(expected))).toBeLessThan(1e-13);
      const direct = creditOf(tappedDirectFeedback({ embeddings: 'direct' }), call).credit;
      expect(distance(layersOf(direct, 0, 2), numbersOf(embeddings!.pullParams(sent)))).toBeLessThan(1e-13);
      expect(layersOf(direct, 2)).toEqual(layersOf(credit, 2));
    });
  });

  it('sends the gradient at the head through a square matrix where that is asked for', () => {
    inF64(() => {
      const rule = tappedDirectFeedback({ error: 'head' });
      const call = textCall(rule);
      expect(call.state.feedback.shape).toEqual([8, 8]);
      const run = unroll(call.model, call.params, call.modelState, call.batch.x, {});
      const e = call.loss.error(run.output, call.batch);
      const h = run.units.at(-1)!.pullInput(e);
      const sent = reshape(matmul(reshape(h, [10, 8]), call.state.feedback), [2, 5, 8]);
      const { credit } = creditOf(rule, call);
      const block = run.units[2]!;
      expect(distance(layersOf(credit, 3, 4), numbersOf(block.pullParams(sent)))).toBeLessThan(1e-13);
    });
  });

  it('gives narrow taps the first columns', () => {
    inF64(() => {
      const rule = tappedDirectFeedback({ taps: 'micro3' });
      const call = textCall(rule);
      const { model, params, modelState, batch, loss, state } = call;
      expect(state.feedback.shape).toEqual([7, 32]);
      const pass = runCut(model, { params, state: modelState, x: batch.x, atTaps: blockTaps(model, 'micro3') });
      const e = reshape(loss.error(pass.output, batch), [10, 7]);
      const sent = pass.cuts.map(({ value }) => {
        const columns = state.feedback.slice([0, 0], [7, value.shape[2]!]);
        return reshape(matmul(e, columns), value.shape);
      });
      const expected = pass.pull(reshape(e, [2, 5, 7]), sent);
      expect(distance(numbersOf(creditOf(rule, call).credit), numbersOf(expected))).toBeLessThan(1e-13);
    });
  });

  it.each(['macro', 'micro', 'micro3', 'full'] as const)(
    '%s: credit hears of other blocks through the error alone',
    (taps) => {
      inF64(() => {
        const rule = tappedDirectFeedback({ taps });
        const call = textCall(rule);
        const held = gaussian([2, 5, 7], 8);
        const loss = { ...call.loss, error: () => held };
        const later = (call.params as Tree[]).map((p, i) =>
          i < 3 ? p : trees.mapTensors((w: Tensor) => mul(w, 2), p),
        );
        const below = (of: CreditRule<never>, params: Tree): number[] =>
          layersOf(creditOf(of, { ...call, loss, params } as never).credit, 0, 3);
        expect(below(rule as never, later)).toEqual(below(rule as never, call.params));
        const exact = (params: Tree): number[] =>
          layersOf(creditOf(backprop(), { ...call, params, state: null } as never).credit, 0, 3);
        expect(distance(exact(later), exact(call.params))).toBeGreaterThan(0.1);
      });
    },
  );

  it('keeps tokens apart where the model does', () => {
    inF64(() => {
      // One token a sample: nothing can be mixed up by attention, so the error of one sample changes the credit of its own embedding only.
      const model = decoderTransformer({ ...options, ...wideEmbeddings, context: 1, positions: 'none' });
      const call = textCall(directFeedbackMicro(), model);
      const x = smallText.slice([0, 0], [2, 1]); // tokens 3 and 2
      const rows = (targets: number[][]): number[][] => {
        const batch = { x, y: tensor(targets, { dtype: 'i32' }) };
        const { credit } = creditOf(directFeedbackMicro(), { ...call, batch });
        return (credit as { w: Tensor }[])[0]!.w.toArray() as number[][];
      };
      const [a, b] = [rows([[1], [5]]), rows([[4], [5]])];
      expect(a![2]).toEqual(b![2]);
      expect(a![3]).not.toEqual(b![3]);
    });
  });

  it('refuses models without blocks, or without a prediction at each token, with a reason', () => {
    const vit = visionTransformer({ input: [1, 8, 8], classes: 3, patch: 4, width: 8, heads: 2, depth: 1 });
    expect(directFeedbackMacro().supports(kinds.mlp!())).toEqual({ reason: expect.stringContaining('has none') });
    expect(directFeedbackMacro().supports(vit)).toEqual({ reason: expect.stringContaining('at each token') });
    const tied = decoderTransformer({ ...options, isTied: true });
    expect(directFeedbackMacro().supports(tied)).toBe(true);
    expect(tappedDirectFeedback({ error: 'head' }).supports(tied)).toEqual({
      reason: expect.stringContaining('one matrix'),
    });
  });
});
