/** Node perturbation: each sample's units hear its own loss, and nothing else crosses a layer. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { ConfigError, cast, random, tensor } from '../engine/index.ts';
import { crossEntropy, dense, dropout, model, mse } from '../nn/index.ts';
import { backprop } from './backprop.ts';
import { forwardGradient } from './forward-gradient.ts';
import { nodePerturbation } from './node-perturbation.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';
import { spreadOf } from './testing/statistics.ts';

const sigmas = [4e-4, 2e-4, 1e-4]; // in the mean of a symmetric law one side has the order of two: v and −v together are the two-sided difference
const orders = (errors: readonly number[]): number[] => errors.slice(1).map((e, i) => Math.log2(errors[i]! / e));

describe('node perturbation', () => {
  it('has a closed form for a linear unit and squared error', () => {
    inF64(() => {
      // L = ½‖z − t‖², so (L(z + σξ) − L(z))/σ = e·ξ + ½σ‖ξ‖². With signs ‖ξ‖² = 2 and the bias's credit c = s·ξ fixes ξ up to the sign of s = e·ξ + σ.
      const sigma = 0.5;
      const rule = nodePerturbation({ law: 'rademacher', sigma });
      const net = model([3], [dense({ units: 2 })]);
      const call = { ...callOf(rule, net, { batch: 1 }), loss: mse({ features: 'half-sum' }) };
      const t = random.normal(random.key(5), [1, 2]);
      const { credit } = creditOf(rule, { ...call, batch: { x: call.batch.x, y: t } });
      const [{ b, w }] = credit as unknown as [{ b: Tensor; w: Tensor }];
      const z = net.apply(call.params, call.modelState, call.batch.x)[0].readSync();
      const e = [...z].map((v, i) => v - t.readSync()[i]!);
      const c = [...b.readSync()];
      const xi = [1, -1].map((sign) => c.map((v) => sign * Math.sign(v)));
      const fits = xi.map((s) => s.map((v) => (e[0]! * s[0]! + e[1]! * s[1]! + sigma) * v));
      expect(Math.min(...fits.map((fit) => distance(fit, c)))).toBeLessThan(1e-12);
      const outer = [...call.batch.x.readSync()].flatMap((v) => c.map((k) => v * k));
      expect(distance([...w.readSync()], outer)).toBeLessThan(1e-14);
    });
  });

  it.each([
    ['two', 2],
    ['one', 1],
  ] as const)('with %s side(s) tends to forward gradients in the units like σ^%i', (sides, order) => {
    inF64(() => {
      for (const kind of Object.keys(kinds)) {
        const call = callOf(backprop(), kinds[kind]!());
        const limit = numbersOf(creditOf(forwardGradient({ place: 'preactivation' }), call).credit);
        const errors = sigmas.map((sigma) =>
          distance(numbersOf(creditOf(nodePerturbation({ sigma, sides }), call).credit), limit),
        );
        for (const measured of orders(errors)) expect(Math.abs(measured - order), kind).toBeLessThan(0.2);
      }
    });
  });

  it.each(Object.keys(kinds))('is unbiased for a small σ: %s', (kind) => {
    const rule = nodePerturbation({ sigma: 0.02, sides: 'two' });
    const call = callOf(rule, kinds[kind]!());
    const exact = numbersOf(creditOf(backprop(), call).credit);
    const { mean, standardError } = spreadOf(rule, call, 5000);
    expect(distance(mean, exact) * Math.hypot(...exact)).toBeLessThan(4 * standardError);
  });

  it.each(['mean', 'sum'] as const)('counts samples as the loss does: %s', (batch) => {
    const rule = nodePerturbation({ sides: 'two', sigma: 0.02 });
    const call = callOf(rule, kinds.mlp!(), { loss: crossEntropy({ batch }) });
    const exact = numbersOf(creditOf(backprop(), call).credit);
    const { mean } = spreadOf(rule, call, 5000);
    expect(Math.hypot(...mean) / Math.hypot(...exact)).toBeCloseTo(1, 0);
    expect(creditOf(rule, call).loss!.item()).toBeCloseTo(creditOf(backprop(), call).loss!.item(), 2);
  });

  it('gives padding no say', () => {
    inF64(() => {
      const rule = nodePerturbation();
      const call = callOf(rule, kinds.mlp!());
      const mask = tensor([1, 1, 0, 0]);
      const other = (x: Tensor): Tensor => cast(random.normal(random.key(8), x.shape), x.dtype);
      const rows = (x: Tensor): number[] => [...x.readSync()];
      const replaced = tensor([...rows(call.batch.x).slice(0, 8), ...rows(other(call.batch.x)).slice(8)], {
        shape: [4, 4],
      });
      const credits = [call.batch.x, replaced].map((x) =>
        numbersOf(creditOf(rule, { ...call, batch: { ...call.batch, x, mask } }).credit),
      );
      expect(credits[0]).toEqual(credits[1]);
      expect(Math.hypot(...credits[0]!)).toBeGreaterThan(0);
    });
  });

  it('drops the same units in every pass', () => {
    inF64(() => {
      const net = model([4], [dense({ units: 20, activation: 'tanh' }), dropout(0.5), dense({ units: 3 })]);
      const call = callOf(backprop(), net);
      const limit = numbersOf(creditOf(forwardGradient({ place: 'preactivation' }), call).credit);
      const credit = numbersOf(creditOf(nodePerturbation({ sigma: 1e-5, sides: 'two' }), call).credit);
      expect(distance(credit, limit)).toBeLessThan(1e-6);
    });
  });

  it.each([{ sigma: 0 }, { sides: 'three' }, { draws: 0 }, { law: 'none' }, { drawn: 'once' }])(
    'refuses %o',
    (options) => {
      expect(() => nodePerturbation(options as never)).toThrow(ConfigError);
    },
  );
});
