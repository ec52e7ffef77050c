import { describe, expect, it } from 'vitest';
import { jit, mul, neg, sub, type Tensor, tensor } from '../../engine/index.ts';
import { relax } from './relax.ts';

const spring = (s: { x: Tensor }): { x: Tensor } => ({ x: sub(3, s.x) });
const at = (...xs: number[]): { x: Tensor } => ({ x: tensor(Float64Array.from(xs)) });

describe('relax', () => {
  it('is the geometric approach of a linear force', () => {
    const { state, residual, moves, isSettled } = relax(spring, at(0, 5), { steps: 7, rate: 0.25 });
    const left = 0.75 ** 7;
    expect(state.x.toArray()).toEqual([expect.closeTo(3 - 3 * left, 14), expect.closeTo(3 + 2 * left, 14)]);
    expect(residual.item()).toBeCloseTo(3 * left, 14);
    expect(moves.item()).toBe(7);
    expect(isSettled.item()).toBe(0);
  });

  it('stops where the force is within the tolerance, and says so', () => {
    const { state, moves, isSettled } = relax(spring, at(0), { steps: 40, rate: 0.5, tolerance: 0.1 });
    expect(moves.item()).toBe(5); // 3·2⁻⁵ < 0.1 < 3·2⁻⁴
    expect(state.x.item()).toBe(3 - 3 / 32);
    expect(isSettled.item()).toBe(1);
  });

  it('counts a force against a bound as none', () => {
    const confine = ({ x }: { x: Tensor }): { x: Tensor } => ({ x: mul(x, 0) });
    const { residual, state } = relax(spring, at(0), { steps: 3, rate: 0.5, confine });
    expect([residual.item(), state.x.item()]).toEqual([0, 0]);
  });

  it('keeps what it is asked to of every step, before the move', () => {
    const { records } = relax(spring, at(0), { steps: 3, rate: 0.5, record: (s, f) => ({ x: s.x, f: f.x }) });
    expect(records!.x.toArray()).toEqual([[0], [1.5], [2.25]]);
    expect(records!.f.toArray()).toEqual([[3], [1.5], [0.75]]);
  });

  it('compiles to the same bits', () => {
    const run = (x: Tensor): Tensor => relax((s: Tensor) => neg(s), x, { steps: 9, rate: 0.3, tolerance: 1e-2 }).state;
    const x = tensor(Float32Array.of(1, -2, 3));
    expect(jit(run)(x).toArray()).toEqual(run(x).toArray());
  });

  it('refuses options that mean nothing', () => {
    expect(() => relax(spring, at(0), { steps: 0, rate: 1 })).toThrow(/steps is 0/);
    expect(() => relax(spring, at(0), { steps: 1.5, rate: 1 })).toThrow(/steps is 1.5/);
    expect(() => relax(spring, at(0), { steps: 1, rate: -1 })).toThrow(/rate is -1/);
    expect(() => relax(spring, at(0), { steps: 1, rate: 1, tolerance: -1 })).toThrow(/tolerance is -1/);
  });
});
