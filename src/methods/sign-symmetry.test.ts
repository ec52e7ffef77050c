/** Sign symmetry knows the signs of the weights and one magnitude, nothing more. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { ConfigError, mapTree, mul, neg, sign } from '../engine/index.ts';
import { backprop } from './backprop.ts';
import { signSymmetry } from './sign-symmetry.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';
import type { Matrix } from './testing/oracle.ts';
import { plainCredit, product, transposed } from './testing/oracle.ts';
import { plainCall } from './testing/plain.ts';

const rms = (w: Matrix): number => Math.sqrt(w.flat().reduce((s, v) => s + v * v, 0) / w.flat().length);
const signed = (w: Matrix, m: number): Matrix => w.map((row) => row.map((v) => Math.sign(v) * m));

describe('sign symmetry', () => {
  it.each([
    ['init', (w: Matrix) => rms(w)],
    ['norm', (w: Matrix) => rms(w)],
    [0.7, () => 0.7],
  ] as const)('passes δ·(m·sign W)ᵀ to the layer below: magnitude %s', (magnitude, m) => {
    inF64(() => {
      const rule = signSymmetry({ magnitude });
      const call = callOf(rule, kinds.mlp!());
      const { layers, x, labels } = plainCall(call);
      const expected = plainCredit(layers, x, labels, (i, delta) =>
        product(delta, transposed(signed(layers[i + 1]!.w, m(layers[i + 1]!.w)))),
      );
      expect(distance(numbersOf(creditOf(rule, call).credit), expected)).toBeLessThan(1e-13);
    });
  });

  it('keeps the first magnitude with init and follows the present one with norm', () => {
    inF64(() => {
      const grown = (magnitude: 'init' | 'norm') => {
        const rule = signSymmetry({ magnitude });
        const call = callOf(rule, kinds.mlp!());
        const params = mapTree((p: Tensor) => mul(neg(p), 3), call.params);
        const moved = { ...call, params };
        const { layers, x, labels } = plainCall(moved);
        const factor = magnitude === 'init' ? 1 / 3 : 1;
        const expected = plainCredit(layers, x, labels, (i, delta) =>
          product(delta, transposed(signed(layers[i + 1]!.w, factor * rms(layers[i + 1]!.w)))),
        );
        return distance(numbersOf(creditOf(rule, moved).credit), expected);
      };
      expect(grown('init')).toBeLessThan(1e-13);
      expect(grown('norm')).toBeLessThan(1e-13);
    });
  });

  it.each(Object.keys(kinds))('is backprop where all weights of a tensor have one magnitude: %s', (kind) => {
    inF64(() => {
      const rule = signSymmetry({ magnitude: 0.5 });
      const call = callOf(rule, kinds[kind]!());
      const level = { ...call, params: mapTree((p: Tensor) => mul(sign(p), 0.5), call.params) };
      const exact = numbersOf(creditOf(backprop(), { ...level, state: null }).credit);
      expect(distance(numbersOf(creditOf(rule, level).credit), exact)).toBeLessThan(1e-12);
    });
  });

  it.each([0, -1, Number.NaN, 'rms'])('refuses the magnitude %s', (magnitude) => {
    expect(() => signSymmetry({ magnitude: magnitude as number })).toThrow(ConfigError);
  });
});
