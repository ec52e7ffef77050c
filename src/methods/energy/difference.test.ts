import { describe, expect, it } from 'vitest';
import { add, sub, type Tensor, tensor, vjp } from '../../engine/index.ts';
import { type ActivationName, activationNamed } from '../../nn/index.ts';
import { changes } from './difference.ts';

const a = tensor(Float64Array.of(-3, -0.4, 0, 0.2, 2, -0.1, 0.1, 5));
const small = [1e-9, -2e-9, 3e-9, -1e-9, 2e-9, 1e-9, -4e-9, 1e-9];

describe.each(Object.keys(changes) as ActivationName[])('the change of %s', (name) => {
  const f = activationNamed(name);
  const change = changes[name]!;

  it('is f(a + b) − f(a), with its derivative, for large moves', () => {
    const b = tensor(Float64Array.of(1.5, 0.9, -0.3, -0.7, 3, 0.05, -0.05, -12));
    const [own, pull] = vjp((v: Tensor) => change(a, v), b);
    const [moved, pullMoved] = vjp((v: Tensor) => f(add(a, v)), b);
    const [got, want] = [own.readSync(), sub(moved, f(a)).readSync()];
    got.forEach((g, i) => {
      expect(g).toBeCloseTo(want[i]!, 13);
    });
    const ct = tensor(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const [slopes, wanted] = [pull(ct).readSync(), pullMoved(ct).readSync()];
    slopes.forEach((s, i) => {
      expect(s).toBeCloseTo(wanted[i]!, 12);
    });
  });

  it('keeps the digits of a small move in f32', () => {
    const [a32, b32] = [tensor(Float32Array.from(a.readSync())), tensor(Float32Array.from(small))];
    const got = change(a32, b32).readSync();
    const h = tensor(Float64Array.from(b32.readSync()));
    const [, pull] = vjp((v: Tensor) => change(tensor(Float64Array.from(a32.readSync())), v), h);
    const slopes = pull(tensor(new Float64Array(8).fill(1))).readSync(); // the move is small: b·f′(a)
    got.forEach((g, i) => {
      const want = slopes[i]! * b32.readSync()[i]!;
      expect(Math.abs(g - want)).toBeLessThan(3e-7 * Math.abs(small[i]!));
    });
  });
});
