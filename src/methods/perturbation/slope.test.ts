/** Slopes of f(x, y) = x³ + y at (1, 0) along (1, 2), where every rule has a closed form. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../engine/index.ts';
import { add, mul, scalar } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import { differenceSlope, exactSlope } from './slope.ts';

const f = (p: Tree): readonly [Tensor, Tree] => {
  const [x, y] = p as unknown as [Tensor, Tensor];
  return [add(mul(x, mul(x, x)), y), x];
};
const at = (x: number, y: number): Tree => [scalar(x, 'f64'), scalar(y, 'f64')];
const point = at(1, 0);
const direction = at(1, 2);
const sigma = 0.25;

describe('the slope of a function along a direction', () => {
  it('is exact by forward mode', () => {
    const { value, slope, rest } = exactSlope(f, point, direction);
    expect([value.item(), slope.item(), (rest as Tensor).item()]).toEqual([1, 5, 1]);
  });

  it('has the error σ² with two sides, and the value is their mean', () => {
    const { value, slope, rest } = differenceSlope({ sigma, sides: 'two' })(f, point, direction);
    expect(slope.item()).toBeCloseTo(5 + sigma ** 2, 12);
    expect(value.item()).toBeCloseTo(1 + 3 * sigma ** 2, 12);
    expect((rest as Tensor).item()).toBe(1 + sigma);
  });

  it('has the error 3σ + σ² with one side, and the value is that of the point', () => {
    const { value, slope, rest } = differenceSlope({ sigma, sides: 'one' })(f, point, direction);
    expect(slope.item()).toBeCloseTo(5 + 3 * sigma + sigma ** 2, 12);
    expect([value.item(), (rest as Tensor).item()]).toEqual([1, 1]);
  });
});
