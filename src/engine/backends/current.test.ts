import { afterAll, describe, expect, it } from 'vitest';
import { mul } from '../ops/arithmetic.ts';
import { tensor } from '../ops/create.ts';
import type { Tensor } from '../tensor.ts';
import { jit } from '../transforms/jit.ts';
import { backend, setBackend, withBackend } from './current.ts';

afterAll(() => setBackend('wasm'));

describe('backends', () => {
  it('are one of a kind for each rounding profile, and come back after withBackend', () => {
    setBackend('wasm', { profile: 'strict' });
    const strict = backend();
    expect(strict.profile).toBe('strict');
    expect(withBackend('js', () => backend().name)).toBe('js');
    expect(backend()).toBe(strict);
    expect(() =>
      withBackend('js', () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(backend()).toBe(strict);
  });

  it('move tensors over, and compile a jitted function anew for each of them', () => {
    const double = jit((x: Tensor) => mul(2, x));
    const x = withBackend('js', () => tensor([1, 2, 3]));
    for (let run = 0; run < 2; run++) {
      expect(withBackend('wasm', () => Array.from(double(x).readSync()), { profile: 'strict' })).toEqual([2, 4, 6]);
      expect(withBackend('js', () => Array.from(double(x).readSync()))).toEqual([2, 4, 6]);
    }
  });
});
