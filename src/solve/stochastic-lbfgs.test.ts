import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/errors.ts';
import { mul, random, square, sub, sum, type Tensor, tensor, valueAndGrad } from '../engine/index.ts';
import { lbfgsDirection, lbfgsMemory, remember } from './lbfgs.ts';
import { type StochasticLbfgsState, stochasticLbfgsStep } from './stochastic-lbfgs.ts';

type Vector = readonly number[];
const scales: Vector = [1, 10, 100];

/** ½·Σ aᵢ·(xᵢ − 1 − noiseᵢ)². */
const valley =
  (noise: Vector) =>
  (x: Vector): [number, number[]] => {
    const d = x.map((v, i) => v - 1 - noise[i]!);
    return [d.reduce((total, v, i) => total + 0.5 * scales[i]! * v * v, 0), d.map((v, i) => scales[i]! * v)];
  };
const quiet: Vector = [0, 0, 0];

describe('one step', () => {
  it('first goes along the gradient, as far as said', () => {
    const next = stochasticLbfgsStep(
      valley(quiet),
      { x: [0, 0, 0], memory: lbfgsMemory<Vector>() },
      { firstStep: 0.01 },
    );
    expect(next.x.map((v) => Math.round(v * 1e12) / 1e12)).toEqual([0.0001, 0.001, 0.01]);
    expect(next).toMatchObject({ step: 1, evaluations: 2, value: 55.5 });
    expect(next.memory.pairs).toHaveLength(1);
  });

  it('remembers the change of gradient of one sample, whatever the noise of the next', () => {
    let state: StochasticLbfgsState<Vector> = { x: [0, 0, 0], memory: lbfgsMemory() };
    for (const noise of [
      [0.3, -0.1, 0.2],
      [-0.2, 0.4, 0.1],
    ])
      state = stochasticLbfgsStep(valley(noise), state);
    for (const { s, y } of state.memory.pairs) {
      expect(y).toEqual(s.map((v, i) => expect.closeTo(scales[i]! * v, 10)));
    }
  });

  it('then takes the two-loop direction, no element longer than maxStep', () => {
    const memory = remember(lbfgsMemory<Vector>(), [1, 1, 1], [1, 10, 100]);
    const x = [30, 1, 1];
    const [, gradient] = valley(quiet)(x);
    const free = lbfgsDirection(memory, gradient as Vector);
    const next = stochasticLbfgsStep(valley(quiet), { x, memory }, { maxStep: 1e-3 });
    const longest = Math.max(...free.map(Math.abs));
    expect(next.x.map((v, i) => v - x[i]!)).toEqual(free.map((v) => expect.closeTo((v * 1e-3) / longest, 12)));
  });

  it('stays where the sample does not fall, and refuses what is not finite', () => {
    const wall = (x: Vector): [number, number[]] => [x[0] === 0 ? 0 : 1, [-1]];
    const memory = lbfgsMemory<Vector>();
    expect(stochasticLbfgsStep(wall, { x: [0], memory })).toMatchObject({ x: [0], step: 0, evaluations: 9 });
    expect(stochasticLbfgsStep((x: Vector) => [0, x.map(() => 0)], { x: [3], memory })).toMatchObject({
      x: [3],
      step: 0,
    });
    expect(() => stochasticLbfgsStep(() => [Number.NaN, [1]], { x: [0], memory })).toThrow(ConfigError);
  });
});

it('reaches the noise floor of a sampled regression on trees of tensors', () => {
  const truth = tensor([2, -1, 0.5], { dtype: 'f64' });
  const features = random.normal(random.key(1), [64, 3], { dtype: 'f64' });
  const batch = (key: Tensor) => {
    const noise = mul(random.normal(key, [64], { dtype: 'f64' }), 0.01);
    const target = sum(mul(features, truth), -1).add(noise);
    return valueAndGrad((p: { w: Tensor }) => mul(sum(square(sub(sum(mul(features, p.w), -1), target))), 1 / 64));
  };
  let state = { x: { w: tensor([0, 0, 0], { dtype: 'f64' }) }, memory: lbfgsMemory<{ w: Tensor }>() };
  for (let t = 0; t < 25; t++) state = stochasticLbfgsStep(batch(random.foldIn(random.key(2), t)), state);
  expect(sum(square(sub(state.x.w, truth))).item()).toBeLessThan((25 * (0.01 ** 2 * 3)) / 64); // a fit of one batch has 3·0.01²/64
});
