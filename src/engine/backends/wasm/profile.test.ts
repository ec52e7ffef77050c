import { expect, it } from 'vitest';
import { ModuleBuilder } from './assembler.ts';
import { detectProfile } from './profile.ts';

it('says fma exactly where a multiply-add of f64 lanes keeps 2⁻⁶⁰ as well', () => {
  const m = new ModuleBuilder();
  m.func(
    'f',
    ['f64', 'f64'],
    ['f64'],
    (w, x, c) => {
      w.get(x).f64x2.splat().get(x).f64x2.splat().get(c).f64x2.splat();
      w.madd('f64', detectProfile()).f64x2.extract_lane(0);
    },
    { export: 'f' },
  );
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes())).exports;
  const x = 1 + 2 ** -30;
  const left = (f as (x: number, c: number) => number)(x, -(1 + 2 ** -29));
  expect(left).toBe(detectProfile() === 'fma' ? 2 ** -60 : 0);
});
