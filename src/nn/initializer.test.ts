import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { ConfigError, random, setDefaultDtype } from '../engine/index.ts';
import { dense } from './dense.ts';
import type { Initializer } from './initializer.ts';
import { drawInitial } from './initializer.ts';

const fans = { fanIn: 50, fanOut: 150 };
const draw = (init: Initializer): Float64Array =>
  Float64Array.from(drawInitial(init, random.key(7), [200, 100], fans).readSync());

afterEach(() => setDefaultDtype('f32'));

describe('initialisers', () => {
  // variances from the papers: He 2/fanIn, Glorot 2/(fanIn + fanOut), LeCun 1/fanIn, PyTorch 1/(3·fanIn)
  const variances: [Initializer, number][] = [
    ['heNormal', 2 / 50],
    ['heUniform', 2 / 50],
    ['glorotNormal', 2 / 200],
    ['glorotUniform', 2 / 200],
    ['lecunNormal', 1 / 50],
    ['pytorchDefault', 1 / 150],
    [{ distribution: 'normal', mode: 'fanOut', gain: 3 }, 9 / 150],
  ];
  for (const [init, variance] of variances) {
    it(`${JSON.stringify(init)} has mean 0 and variance ${variance.toFixed(5)}`, () => {
      const x = draw(init);
      const n = x.length; // 20,000: the standard error of the variance is at most √(2/n) of it
      expect(Math.abs(x.reduce((a, b) => a + b) / n)).toBeLessThan(5 * Math.sqrt(variance / n));
      expect(Math.abs(x.reduce((a, b) => a + b * b, 0) / n / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    });
  }

  it('uniform laws stay within their published bounds and come near them', () => {
    for (const [init, bound] of [
      ['pytorchDefault', 1 / Math.sqrt(50)],
      ['glorotUniform', Math.sqrt(6 / 200)],
    ] as const) {
      const largest = draw(init).reduce((a, b) => Math.max(a, Math.abs(b)));
      expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-7));
      expect(largest).toBeGreaterThan(0.999 * bound);
    }
  });

  it('f64 runs start from the numbers of f32 runs', () => {
    const single = draw('heNormal');
    setDefaultDtype('f64');
    expect(drawInitial('heNormal', random.key(7), [200, 100], fans).dtype).toBe('f64');
    expect(draw('heNormal')).toEqual(single);
  });

  it('biases are 0, except under PyTorch’s law', () => {
    const bias = (init: Initializer): number[] =>
      (dense({ units: 40, init }).init(random.key(1), [9]).params as { b: Tensor }).b.toArray() as number[];
    expect(bias('heNormal').every((b) => b === 0)).toBe(true);
    expect(bias('pytorchDefault').every((b) => Math.abs(b) <= 1 / 3)).toBe(true);
    expect(bias('pytorchDefault').some((b) => b !== 0)).toBe(true);
  });

  it('refuses an unknown name with the list of names', () => {
    expect(() => draw('xavier' as never)).toThrow(ConfigError);
    expect(() => draw('xavier' as never)).toThrow(/glorotUniform/);
  });
});
