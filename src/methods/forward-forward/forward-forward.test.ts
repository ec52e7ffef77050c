/** Forward-forward and SymBa: what a unit learns from, how labels enter, what is refused. */
import { describe, expect, it } from 'vitest';
import { random, type Tensor, tensor } from '../../engine/index.ts';
import { keyFrom } from '../../engine/threefry.ts';
import { crossEntropy, dense, type Model, model, mse, recurrent, type Tree } from '../../nn/index.ts';
import { adam } from '../../optim/index.ts';
import { Trainer } from '../../run/trainer.ts';
import { callOf, creditOf, inF64, numbersOf } from '../testing/cases.ts';
import { wrongClasses } from './contrast.ts';
import { forwardForward } from './forward-forward.ts';
import { symba } from './symba.ts';

const net = (): Model =>
  model([8], [dense({ units: 6, activation: 'relu' }), dense({ units: 5, activation: 'relu' }), dense({ units: 3 })]);

const layer = (credit: Tree, i: number): Tree => (credit as readonly Tree[])[i]!;

describe('forward-forward and symba', () => {
  it('draw wrong classes evenly, and never the true one', () => {
    const truth = tensor(Int32Array.from({ length: 6000 }, (_, i) => i % 3));
    const wrong = wrongClasses(random.key(5), truth, 3).readSync();
    const counts = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    wrong.forEach((w: number, i: number) => {
      counts[3 * (i % 3) + w]!++;
    });
    expect([counts[0], counts[4], counts[8]]).toEqual([0, 0, 0]);
    for (const i of [1, 2, 3, 5, 6, 7]) expect(Math.abs(counts[i]! - 1000)).toBeLessThan(4 * Math.sqrt(500));
  });

  it('choose hard negatives among the wrong classes', () => {
    const call = callOf(symba({ negatives: 'hard' }), net(), { batch: 64 });
    const { credit, metrics } = creditOf(symba({ negatives: 'hard' }), call);
    expect(numbersOf(credit).every(Number.isFinite)).toBe(true);
    // With the true class on both sides a pair would be a tie, and SymBa's loss log 2 without slope.
    expect(metrics['pairs.dense0']!.item()).toBeGreaterThan(0);
  });

  it('leave the last unit alone, or give it the exact credit of its own loss', () => {
    const call = callOf(symba(), net());
    expect(numbersOf(layer(creditOf(symba(), call).credit, 2)).every((x) => x === 0)).toBe(true);
    inF64(() => {
      const rule = symba({ answer: 'head' });
      const own = callOf(rule, net(), { batch: 5 });
      const head = layer(own.params, 2) as { w: Tensor; b: Tensor };
      const lossAt = (w: Tensor): number => {
        const params = (own.params as readonly Tree[]).map((p, i) => (i === 2 ? { ...head, w } : p));
        const output = rule.predict!({ ...own, params, x: own.batch.x });
        return crossEntropy().value(output, own.batch).item();
      };
      const v = random.normal(random.key(3), head.w.shape, { dtype: 'f64' });
      const slope = (lossAt(head.w.add(v.mul(1e-6))) - lossAt(head.w.sub(v.mul(1e-6)))) / 2e-6;
      const credit = (layer(creditOf(rule, own).credit, 2) as { w: Tensor }).w;
      expect(credit.mul(v).sum().item()).toBeCloseTo(slope, 8);
    });
  });

  it('answer with the class of the largest summed goodness', () => {
    const rule = forwardForward();
    const call = callOf(rule, net(), { batch: 4 });
    const all = rule.predict!({ ...call, x: call.batch.x });
    expect(all.shape).toEqual([4, 3]);
    const one = rule.predict!({ ...call, x: call.batch.x.slice([2, 0], [3, 8]) });
    expect(numbersOf(one)).toEqual(numbersOf(all).slice(6, 9));
    const deep = forwardForward({ scoreFrom: 1 }).predict!({ ...call, x: call.batch.x });
    expect(numbersOf(deep).every((x, i) => x < numbersOf(all)[i]!)).toBe(true);
  });

  it('train weights of their own for class patterns', async () => {
    const rule = symba({ label: 'icp-every-layer', patternSize: 7 });
    const batch = callOf(rule, net(), { batch: 16 }).batch;
    const trainer = new Trainer({
      model: net(),
      loss: crossEntropy(),
      rule: rule as never,
      optimizer: adam({ learningRate: 0.02 }),
      key: keyFrom(2),
    });
    type State = { patterns: Tensor; feedback: Tensor[] };
    const before = trainer.state.rule as State;
    const [patterns, first] = [numbersOf(before.patterns), numbersOf(before.feedback[1])];
    expect(before.feedback.map((w) => w.shape)).toEqual([
      [7, 6],
      [7, 5],
    ]);
    const losses: number[] = [];
    for (let step = 0; step < 80; step++) losses.push((await trainer.step(batch, step))!);
    const after = trainer.state.rule as State;
    expect(numbersOf(after.patterns)).toEqual(patterns);
    expect(numbersOf(after.feedback[1])).not.toEqual(first);
    expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
  });

  it('refuse what they cannot learn from', () => {
    expect(() => symba({ alpha: 0 })).toThrow(/alpha is 0/);
    expect(() => symba({ patternSize: 0 })).toThrow(/patternSize is 0/);
    expect(() => forwardForward({ threshold: Number.NaN })).toThrow(/threshold is NaN/);
    expect(() => forwardForward({ scoreFrom: -1 })).toThrow(/scoreFrom is -1/);
    const refused = (m: Model, rule = symba()): unknown => rule.supports(m);
    expect(refused(model([8], [dense({ units: 3 })]))).toMatchObject({
      reason: expect.stringMatching(/no hidden unit/),
    });
    expect(refused(model([3], [dense({ units: 4 }), dense({ units: 3 })]))).toMatchObject({
      reason: expect.stringMatching(/overlay/),
    });
    expect(refused(model([4, 3], [recurrent({ units: 4, returnSequence: false }), dense({ units: 3 })]))).toMatchObject(
      {
        reason: expect.stringMatching(/memory/),
      },
    );
    const call = callOf(symba(), net());
    const batch = { ...call.batch, y: random.normal(random.key(1), [4, 3]) };
    expect(() => creditOf(symba(), { ...call, batch, loss: mse() })).toThrow(/are no classes/);
  });
});
