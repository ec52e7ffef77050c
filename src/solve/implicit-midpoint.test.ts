/** The implicit midpoint rule against the circle, a quadratic invariant and its own inverse. */
import { describe, expect, it } from 'vitest';
import { implicitMidpoint, rollOut } from './index.ts';

type Vector = readonly number[];
const circle = ([q, p]: Vector): Vector => [p!, -q!];
const pendulum = ([q, p]: Vector): Vector => [p!, -Math.sin(q!)];

describe('implicitMidpoint', () => {
  it('keeps a quadratic energy to rounding over many turns', () => {
    const path = rollOut(implicitMidpoint(circle), [1, 0.5], { h: 0.3, steps: 500 });
    for (const [q, p] of path) expect(q! ** 2 + p! ** 2).toBeCloseTo(1.25, 11);
  });

  it('turns the circle by 2·atan(h/2), as its Cayley map says', () => {
    const [q, p] = implicitMidpoint(circle)([1, 0], 0, 0.4);
    expect(Math.atan2(-p!, q!)).toBeCloseTo(2 * Math.atan(0.2), 12);
  });

  it('goes back where it came from', () => {
    const step = implicitMidpoint(pendulum);
    const [q, p] = step(step([1, 0.3], 0, 0.2), 0.2, -0.2);
    expect(q).toBeCloseTo(1, 12);
    expect(p).toBeCloseTo(0.3, 12);
  });

  it('refuses a step too long for its iteration', () => {
    expect(() => implicitMidpoint(circle)([1, 0], 0, 5)).toThrow(/did not settle/);
  });
});
