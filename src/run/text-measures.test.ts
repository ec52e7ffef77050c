/** Bits and perplexity belong to tasks of text, and say what the loss says. */
import { describe, expect, it } from 'vitest';
import { textMeasures } from './text-measures.ts';

const text = { train: { x: new Int32Array(1) } } as never;

describe('measures of text', () => {
  it('of a uniform guess among eight characters are three bits and eight', () => {
    const { bitsPerCharacter, perplexity } = textMeasures(text, Math.log(8));
    expect(bitsPerCharacter).toBeCloseTo(3, 12);
    expect(perplexity).toBeCloseTo(8, 12);
  });

  it('are null for a diverged run and absent for other tasks', () => {
    expect(textMeasures(text, null)).toEqual({ bitsPerCharacter: null, perplexity: null });
    expect(textMeasures({ train: { x: new Float32Array(1) } } as never, 1)).toEqual({});
  });
});
