/** Training of the last unit alone. */
import { describe, expect, it } from 'vitest';
import type { Tree } from '../nn/layer.ts';
import { backprop } from './backprop.ts';
import { lastUnit } from './last-unit.ts';
import { callOf, creditOf, distance, kinds, numbersOf, smallDecoder } from './testing/cases.ts';

describe('the last unit alone', () => {
  it.each(Object.entries({ ...kinds, decoder: smallDecoder }))(
    'has the gradient; nothing else moves: %s',
    (_, make) => {
      const call = callOf(lastUnit(), make());
      const credit = creditOf(lastUnit(), call).credit as readonly Tree[];
      const exact = creditOf(backprop(), call).credit as readonly Tree[];
      expect(distance(numbersOf(credit.at(-1)), numbersOf(exact.at(-1)))).toBeLessThan(1e-6);
      expect(numbersOf(credit.slice(0, -1)).every((v) => v === 0)).toBe(true);
      expect(numbersOf(exact.slice(0, -1)).some((v) => v !== 0)).toBe(true);
    },
  );
});
