/** Backprop is the chain rule, as written out in plain loops. */
import { describe, expect, it } from 'vitest';
import { backprop } from './backprop.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';
import { plainCredit, product, transposed } from './testing/oracle.ts';
import { plainCall } from './testing/plain.ts';

describe('backprop', () => {
  it('is the chain rule', () => {
    inF64(() => {
      const call = callOf(backprop(), kinds.mlp!());
      const { layers, x, labels } = plainCall(call);
      const expected = plainCredit(layers, x, labels, (i, delta) => product(delta, transposed(layers[i + 1]!.w)));
      expect(distance(numbersOf(creditOf(backprop(), call).credit), expected)).toBeLessThan(1e-14);
    });
  });
});
