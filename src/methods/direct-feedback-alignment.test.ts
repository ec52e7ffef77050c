/** Direct feedback alignment: each unit hears e·B, and its own derivative does the rest. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { matmul, random, reshape, vjp } from '../engine/index.ts';
import { dense } from '../nn/dense.ts';
import type { Tree } from '../nn/layer.ts';
import { model } from '../nn/model.ts';
import { unroll } from '../nn/unroll.ts';
import { backprop } from './backprop.ts';
import { directFeedbackAlignment } from './direct-feedback-alignment.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf, smallDecoder } from './testing/cases.ts';
import type { Matrix } from './testing/oracle.ts';
import { plainCredit, product } from './testing/oracle.ts';
import { plainCall } from './testing/plain.ts';

const rule = directFeedbackAlignment();
const supported = Object.keys(kinds).filter((kind) => rule.supports(kinds[kind]!()) === true);
const unitOf = (tree: Tree, from: number, to?: number): number[] =>
  numbersOf((tree as readonly Tree[]).slice(from, to));

describe('direct feedback alignment', () => {
  it('sends e·Bᵢ to the output of unit i', () => {
    inF64(() => {
      const call = callOf(rule, kinds.mlp!());
      const { layers, x, labels } = plainCall(call);
      const b = call.state.feedback.map((m) => m.toArray() as Matrix);
      const expected = plainCredit(layers, x, labels, (i, _, error) => product(error, b[i]!));
      expect(distance(numbersOf(creditOf(rule, call).credit), expected)).toBeLessThan(1e-14);
    });
  });

  it.each(supported)('is exact in the last unit, and only there: %s', (kind) => {
    const call = callOf(rule, kinds[kind]!());
    const { credit } = creditOf(rule, call);
    const exact = creditOf(backprop(), { ...call, state: null }).credit;
    expect(distance(unitOf(credit, -1), unitOf(exact, -1))).toBeLessThan(1e-6);
    expect(distance(unitOf(credit, 0, 1), unitOf(exact, 0, 1))).toBeGreaterThan(0.01);
  });

  it.each(supported)('uses the whole derivative of a unit: what lies behind the weights, and blocks: %s', (kind) => {
    inF64(() => {
      const call = callOf(rule, kinds[kind]!());
      const { model, params, modelState, batch, key, loss, state } = call;
      const { credit } = creditOf(rule, call);
      const run = unroll(model, params, modelState, batch.x, { key, train: true });
      const error = loss.error(run.output, batch);
      run.units.slice(0, -1).forEach(({ from, to, output }, i) => {
        // The gradient of ⟨e·B, the unit's output⟩ in the whole model's params, cut below the unit by reading only its own entries.
        const direct = reshape(matmul(error, state.feedback[i]!), output.shape);
        const outputOf = (p: Tree): Tensor =>
          unroll(model, p, modelState, batch.x, { key, train: true }).units[i]!.output;
        const expected = vjp(outputOf, params)[1](direct);
        expect(distance(unitOf(credit, from, to), unitOf(expected, from, to))).toBeLessThan(1e-13);
      });
    });
  });

  it('scales its matrices: uniform in ±scale/√C', () => {
    const net = kinds.mlp!();
    const { state } = callOf(directFeedbackAlignment({ scale: 2 }), net);
    const all = state.feedback.flatMap((b) => [...b.readSync()]);
    expect(state.feedback.map((b) => b.shape)).toEqual([
      [3, 5],
      [3, 4],
    ]);
    expect(Math.max(...all.map(Math.abs))).toBeLessThanOrEqual(2 / Math.sqrt(3));
    expect(Math.max(...all.map(Math.abs))).toBeGreaterThan(1 / Math.sqrt(3));
  });

  it('refuses recurrent models with a reason', () => {
    expect(rule.supports(kinds['recurrent net']!())).toEqual({ reason: expect.stringContaining('recurrent') });
  });
});

describe('the choices of feedback', () => {
  it('sends each position its own error where the model predicts at each', () => {
    inF64(() => {
      const call = callOf(rule, smallDecoder());
      expect(call.state.feedback.map((b) => b.shape)).toEqual([
        [3, 4],
        [3, 4],
        [3, 4],
      ]);
      const { model, params, modelState, batch, loss, state } = call;
      const run = unroll(model, params, modelState, batch.x, {});
      const error = loss.error(run.output, batch); // (4, 3, 3)
      const block = run.units[1]!;
      const direct = reshape(matmul(reshape(error, [12, 3]), state.feedback[1]!), [4, 3, 4]);
      const { credit } = creditOf(rule, call);
      expect(distance(unitOf(credit, block.from, block.to), numbersOf(block.pullParams(direct)))).toBeLessThan(1e-14);
    });
  });

  it('shares one normal matrix of variance 1/C, of which narrow units take the first columns', () => {
    inF64(() => {
      const shared = directFeedbackAlignment({ law: 'normal', isShared: true });
      const call = callOf(shared, kinds.mlp!());
      expect(call.state.feedback.map((b) => b.shape)).toEqual([[3, 5]]);
      const { layers, x, labels } = plainCall(call);
      const b = call.state.feedback[0]!.toArray() as Matrix;
      const first = [b, b.map((row) => row.slice(0, 4))];
      const expected = plainCredit(layers, x, labels, (i, _, error) => product(error, first[i]!));
      expect(distance(numbersOf(creditOf(shared, call).credit), expected)).toBeLessThan(1e-14);
      const wide = model([2], [dense({ units: 4000 }), dense({ units: 25 })]);
      const drawn = [
        ...shared.init(wide, wide.initialise(random.key(1)).params, random.key(2)).feedback[0]!.readSync(),
      ];
      const variance = drawn.reduce((total, v) => total + v * v, 0) / drawn.length;
      expect(Math.abs(25 * variance - 1)).toBeLessThan(4 * Math.sqrt(2 / drawn.length));
    });
  });
});
