/** Feedback alignment sends errors through B, wherever weights are, and nothing else changes. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { leavesOf, mapTree, mul, random, sizeOf } from '../engine/index.ts';
import { dense, model, recurrent } from '../nn/index.ts';
import type { Tree } from '../nn/layer.ts';
import { backprop } from './backprop.ts';
import { weightsOf } from './feedback.ts';
import type { FeedbackAlignmentState } from './feedback-alignment.ts';
import { feedbackAlignment } from './feedback-alignment.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';
import type { Matrix } from './testing/oracle.ts';
import { plainCredit, product, transposed } from './testing/oracle.ts';
import { plainCall } from './testing/plain.ts';

const rule = feedbackAlignment();
const last = (tree: Tree): number[] => numbersOf((tree as readonly Tree[]).at(-1));
const matrices = (state: FeedbackAlignmentState): Matrix[] =>
  (state.feedback as unknown as { w: Tensor }[]).map(({ w }) => w.toArray() as Matrix);

describe('feedback alignment', () => {
  it('passes δ·Bᵀ to the layer below', () => {
    inF64(() => {
      const call = callOf(rule, kinds.mlp!());
      const { layers, x, labels } = plainCall(call);
      const b = matrices(call.state);
      const expected = plainCredit(layers, x, labels, (i, delta) => product(delta, transposed(b[i + 1]!)));
      expect(distance(numbersOf(creditOf(rule, call).credit), expected)).toBeLessThan(1e-14);
    });
  });

  it.each(Object.keys(kinds))('is backprop where B = W: %s', (kind) => {
    inF64(() => {
      const call = callOf(rule, kinds[kind]!());
      const symmetric = { ...call, state: { feedback: weightsOf(call.model, call.params) } };
      const exact = numbersOf(creditOf(backprop(), { ...call, state: null }).credit);
      expect(distance(numbersOf(creditOf(rule, symmetric).credit), exact)).toBeLessThan(1e-12);
    });
  });

  it.each(Object.keys(kinds))('differs from backprop below the last layer, and only there: %s', (kind) => {
    inF64(() => {
      const call = callOf(rule, kinds[kind]!());
      const { credit } = creditOf(rule, call);
      const exact = creditOf(backprop(), { ...call, state: null }).credit;
      expect(distance(last(credit), last(exact))).toBeLessThan(1e-12);
      expect(distance(numbersOf(credit), numbersOf(exact))).toBeGreaterThan(0.01);
    });
  });

  it('follows both matrices of a recurrent cell', () => {
    inF64(() => {
      // h₁ = tanh(x₁w), h₂ = tanh(x₂w + h₁u), L = ½-free cross-entropy of h₂·v: only the path through u differs.
      const net = model(
        [2, 1],
        [recurrent({ units: 1, bias: false, returnSequence: false }), dense({ units: 3, bias: false })],
      );
      const call = callOf(rule, net, { batch: 1 });
      const [u, w, v] = leavesOf(call.params).map((leaf) => [...(leaf as Tensor).readSync()]);
      const [bu, , bv] = leavesOf(call.state.feedback).map((leaf) => [...(leaf as Tensor).readSync()]);
      const [x1, x2] = [...call.batch.x.readSync()];
      const h1 = Math.tanh(x1! * w![0]!);
      const h2 = Math.tanh(x2! * w![0]! + h1 * u![0]!);
      const exps = v!.map((k) => Math.exp(h2 * k));
      const total = exps.reduce((s, k) => s + k, 0);
      const label = call.batch.y.readSync()[0];
      const e = exps.map((k, c) => k / total - (c === label ? 1 : 0));
      const d2 = e.reduce((s, k, c) => s + k * bv![c]!, 0) * (1 - h2 ** 2);
      const d1 = d2 * bu![0]! * (1 - h1 ** 2);
      const expected = [d2 * h1, d2 * x2! + d1 * x1!, ...e.map((k) => k * h2)];
      expect(distance(numbersOf(creditOf(rule, call).credit), expected)).toBeLessThan(1e-13);
    });
  });

  it('draws B with the spread of the first weights, from another key, times the scale', () => {
    const net = model([200], [dense({ units: 100 }), dense({ units: 3 })]);
    const { params } = net.initialise(random.key(1));
    const draw = (scale: number): Tensor =>
      (feedbackAlignment({ scale }).init(net, params, random.key(2)).feedback as unknown as { w: Tensor }[])[0]!.w;
    const [w, b] = [numbersOf(weightsOf(net, params)).slice(0, 20_000), [...draw(1).readSync()]];
    const power = (xs: readonly number[]) => xs.reduce((s, v) => s + v * v, 0) / xs.length;
    expect(b).toHaveLength(sizeOf([200, 100]));
    expect(power(b) / power(w)).toBeCloseTo(1, 1);
    expect(distance(w, b)).toBeGreaterThan(1);
    expect([...draw(2).readSync()]).toEqual([...mapTree((x: Tensor) => mul(x, 2), draw(1)).readSync()]);
  });
});

it('draws B by the errors that are summed where that is asked for', () => {
  const net = model([300], [dense({ units: 300 }), dense({ units: 20 })]);
  const { params } = net.initialise(random.key(1));
  const drawn = matrices(feedbackAlignment({ law: 'fanOut' }).init(net, params, random.key(2)));
  drawn.forEach((b, i) => {
    const numbers = b.flat();
    const variance = numbers.reduce((total, v) => total + v * v, 0) / numbers.length;
    expect(Math.abs([300, 20][i]! * variance - 1)).toBeLessThan(4 * Math.sqrt(2 / numbers.length));
  });
  expect(drawn[0]![0]!.slice(0, 20)).not.toEqual(drawn[1]![0]);
});
