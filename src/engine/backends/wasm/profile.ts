/** The two ways a multiply-add is rounded, and how to find out which one this engine offers. */
import { ModuleBuilder } from './assembler.ts';

/** `fma`: one rounding, by relaxed SIMD. `strict`: a product and a sum, each rounded; the same bits on every engine. */
export type Profile = 'fma' | 'strict';

let detected: Profile | undefined;

/** The profile of this engine, found by running a multiply-add once; `strict` where relaxed SIMD is missing or does not fuse. */
export function detectProfile(): Profile {
  detected ??= fuses() ? 'fma' : 'strict';
  return detected;
}

// x = 1 + 2⁻¹²: x·x = 1 + 2⁻¹¹ + 2⁻²⁴ needs 25 bits, so only a fused x·x − (1 + 2⁻¹¹) leaves 2⁻²⁴.
function fuses(): boolean {
  const m = new ModuleBuilder();
  m.func(
    'probe',
    ['f32', 'f32'],
    ['f32'],
    (w, x, c) => {
      w.get(x).f32x4.splat().get(x).f32x4.splat().get(c).f32x4.splat();
      w.madd('f32', 'fma').f32x4.extract_lane(0);
    },
    { export: 'probe' },
  );
  const bytes = m.bytes();
  if (!WebAssembly.validate(bytes)) return false;
  const { probe } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  const x = 1 + 2 ** -12;
  return (probe as (x: number, c: number) => number)(x, -(1 + 2 ** -11)) === 2 ** -24;
}
