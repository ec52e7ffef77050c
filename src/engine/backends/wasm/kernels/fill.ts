/** Constants and counting: `fill` writes one value, `iota` writes the element's own index. */
import { BYTES, type Dtype } from '../../../dtype.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { SCALAR } from './scalar.ts';

const VECTOR = { f32: 'f32x4', f64: 'f64x2', i32: 'i32x4' } as const;

/** (out, value, begin, end): out[i] = value for i in [begin, end). The value is a number of the dtype. */
export function fillKernel(dtype: Dtype): KernelSpec {
  const scalar = SCALAR[dtype];
  return {
    key: `fill ${scalar}`,
    params: ['i32', scalar, 'i32', 'i32'],
    emit(w, _profile, out, value, begin, end) {
      const spread = w.local('v128');
      w.get(value);
      w[VECTOR[scalar]].splat().set(spread);
      overRange(w, out, begin, end, dtype, {
        vector: () => w.get(spread).v128.store(),
        single: () => w.get(value)[scalar].store(),
      });
    },
  };
}

/** (out, begin, end): out[i] = i for i in [begin, end); not for bool. */
export function iotaKernel(dtype: Exclude<Dtype, 'bool'>): KernelSpec {
  const scalar = SCALAR[dtype];
  return {
    key: `iota ${scalar}`,
    params: ['i32', 'i32', 'i32'],
    emit(w, _profile, out, begin, end) {
      overRange(w, out, begin, end, dtype, {
        vector: (i) => {
          w.get(i).i32x4.splat().i32x4.const([0, 1, 2, 3]).i32x4.add();
          if (scalar === 'f32') w.f32x4.convert_i32x4_u();
          if (scalar === 'f64') w.f64x2.convert_low_i32x4_u();
          w.v128.store();
        },
        single: (i) => {
          w.get(i);
          if (scalar === 'f32') w.f32.convert_i32_u();
          if (scalar === 'f64') w.f64.convert_i32_u();
          w[scalar].store();
        },
      });
    },
  };
}

/** Vectors while they fit, then single elements; each writer finds the address on the stack. */
function overRange(
  w: FunctionWriter,
  out: Local,
  begin: Local,
  end: Local,
  dtype: Dtype,
  write: { vector: (i: Local) => void; single: (i: Local) => void },
): void {
  const i = w.local('i32');
  const at = w.local('i32');
  const shift = Math.log2(BYTES[dtype]);
  const lanes = 16 >> shift;
  const lastFull = w.local('i32');
  w.assign(lastFull, () => w.get(begin).get(end).get(begin).i32.sub().i32.const(-lanes).i32.and().i32.add());
  w.address(out, begin, shift).set(at);
  w.for(i, begin, lastFull, lanes, () => {
    w.get(at);
    write.vector(i);
    w.advance(at, 16);
  });
  w.for(i, lastFull, end, 1, () => {
    w.get(at);
    write.single(i);
    w.advance(at, 1 << shift);
  });
}
