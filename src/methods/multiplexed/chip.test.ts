/** The example of a chip in the loop, as its reader would run it. */
import { expect, it } from 'vitest';
import train from '../../../examples/chip-in-the-loop.ts';

it('solves XOR on a bench that only says what a sample costs', async () => {
  const means = await train(1, 20_000);
  expect(means).toHaveLength(4);
  expect(means[0]).toBeGreaterThan(0.1); // half of the samples wrong cost a quarter
  expect(means.at(-1)).toBeLessThan(0.02);
}, 120_000);
