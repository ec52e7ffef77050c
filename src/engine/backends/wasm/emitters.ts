/**
 * Elementwise operations as vector emitters: each pops its operands and pushes the result.
 *
 * bool is a u32 that is 0 or 1. Beside f64 values a 4-byte value uses lanes 0 and 1 of its vector, which is what the wide comparisons, `where` and casts expect and leave.
 */
import type { Dtype, FloatDtype } from '../../dtype.ts';
import { DtypeError } from '../../errors.ts';
import type { FunctionWriter } from './assembler.ts';
import type { Emit } from './elementwise.ts';

function refuse(name: string, dtype: Dtype): never {
  throw new DtypeError(`${name} has no kernel for ${dtype}`, { help: 'cast the operands first', dtype });
}

const floats = (w: FunctionWriter, dtype: Dtype) => (dtype === 'f64' ? w.f64x2 : w.f32x4);

type FloatName = 'add' | 'sub' | 'mul' | 'div' | 'neg' | 'abs' | 'sqrt' | 'ceil' | 'floor' | 'trunc' | 'nearest';

const floatOnly =
  (name: FloatName): Emit =>
  (w, dtype) =>
    dtype === 'f32' || dtype === 'f64' ? floats(w, dtype)[name]() : refuse(name, dtype);

/** Floats in their own arithmetic, integers modulo 2³². */
const arithmetic =
  (name: 'add' | 'sub' | 'mul' | 'neg'): Emit =>
  (w, dtype) => {
    if (dtype === 'bool') refuse(name, dtype);
    return dtype === 'f32' || dtype === 'f64' ? floats(w, dtype)[name]() : w.i32x4[name]();
  };

const abs: Emit = (w, dtype) => {
  if (dtype === 'i32') w.i32x4.abs();
  else if (dtype !== 'u32') floatOnly('abs')(w, dtype, 'strict');
};

/** Integers truncate; x / 0 = 0, and INT_MIN / −1 wraps. Quotients of 32-bit integers are exact in f64. */
const div: Emit = (w, dtype) => {
  if (dtype === 'i32' || dtype === 'u32') return integerDivision(w, dtype, false);
  return floatOnly('div')(w, dtype, 'strict');
};

/** The remainder with the sign of the dividend; x % 0 = 0. Integers only. */
const rem: Emit = (w, dtype) => {
  if (dtype !== 'i32' && dtype !== 'u32') refuse('rem', dtype);
  return integerDivision(w, dtype, true);
};

function integerDivision(w: FunctionWriter, dtype: 'i32' | 'u32', wantsRemainder: boolean): FunctionWriter {
  return w.scope(() => {
    const b = w.pop('v128');
    const a = w.pop('v128');
    const upper = () => w.v128.zero().i32x4.shuffle([2, 3, 4, 4]);
    const convert = () => (dtype === 'i32' ? w.f64x2.convert_low_i32x4_s() : w.f64x2.convert_low_i32x4_u());
    const truncate = () => (dtype === 'i32' ? w.i32x4.trunc_sat_f64x2_s_zero() : w.i32x4.trunc_sat_f64x2_u_zero());
    const byZero = () => w.get(b).v128.zero().i32x4.eq();

    w.get(a);
    convert().get(b);
    convert().f64x2.div();
    truncate().get(a);
    upper();
    convert().get(b);
    upper();
    convert().f64x2.div();
    truncate().i32x4.shuffle([0, 1, 4, 5]);
    byZero().v128.andnot();
    if (dtype === 'i32') {
      const q = w.pop('v128');
      w.get(a).get(q).get(a).i32x4.const(INT_MIN).i32x4.eq().get(b).i32x4.const(-1).i32x4.eq();
      w.v128.and().v128.bitselect();
    }
    if (!wantsRemainder) return w;
    const q = w.pop('v128');
    w.get(a).get(q).get(b).i32x4.mul().i32x4.sub();
    return byZero().v128.andnot();
  });
}

const INT_MIN = -(2 ** 31);

/** −1, 0 or 1; keeps ±0 and NaN. */
const sign: Emit = (w, dtype) => {
  if (dtype === 'i32') return w.i32x4.const(-1).i32x4.max_s().i32x4.const(1).i32x4.min_s();
  if (dtype === 'u32') return w.i32x4.const(1).i32x4.min_u();
  if (dtype === 'bool') refuse('sign', dtype);
  const lanes = floats(w, dtype);
  return w.scope(() => {
    const x = w.pop('v128');
    lanes.const(1).get(x);
    lanes.const(-0).v128.and().v128.or().get(x).get(x);
    lanes.abs().v128.zero();
    lanes.gt();
    return w.v128.bitselect();
  });
};

const square: Emit = (w, dtype, profile) =>
  w.scope(() => {
    const x = w.local('v128');
    w.tee(x).get(x);
    return arithmetic('mul')(w, dtype, profile);
  });

/** 1 / √x, two roundings. */
const rsqrt: Emit = (w, dtype, profile) =>
  w.scope(() => {
    floatOnly('sqrt')(w, dtype, profile);
    const root = w.pop('v128');
    floats(w, dtype).const(1).get(root);
    return floats(w, dtype).div();
  });

/** NaN wins over numbers; max(+0, −0) = +0 and min(+0, −0) = −0. */
const extremum =
  (name: 'max' | 'min'): Emit =>
  (w, dtype) => {
    if (dtype === 'i32') return w.i32x4[`${name}_s`]();
    if (dtype === 'u32') return w.i32x4[`${name}_u`]();
    if (dtype === 'bool') refuse(`${name}imum`, dtype);
    return floats(w, dtype)[name]();
  };

/** max(x, 0): what is ≤ 0 becomes +0, and NaN stays NaN. */
const relu: Emit = (w, dtype, profile) => {
  if (dtype !== 'f32' && dtype !== 'f64') {
    w.v128.zero();
    return extremum('max')(w, dtype, profile);
  }
  return w.scope(() => {
    const x = w.local('v128');
    w.tee(x).get(x).v128.zero();
    floats(w, dtype).le();
    return w.v128.andnot();
  });
};

/** (x, n) → the larger, or the smaller, where n is a number other than 0 and NaN: zeros of both signs never meet, so one instruction does. */
const bound =
  (name: 'max' | 'min'): Emit =>
  (w, dtype, profile) => {
    if (dtype !== 'f32' && dtype !== 'f64') return extremum(name)(w, dtype, profile);
    return floats(w, dtype)[`p${name}`]();
  };

type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** Leaves all ones where it holds, in lanes as wide as the operands'. */
const maskOf =
  (name: Comparison): Emit =>
  (w, dtype) => {
    if (dtype === 'f64') return w.f64x2[name]();
    if (dtype === 'f32') return w.f32x4[name]();
    if (name === 'eq' || name === 'ne') return w.i32x4[name]();
    return dtype === 'i32' ? w.i32x4[`${name}_s`]() : w.i32x4[`${name}_u`]();
  };

/** A mask as a bool; `dtype` is that of what was compared. */
export const boolOfMask: Emit = (w, dtype) => {
  if (dtype === 'f64') w.v128.zero().i32x4.shuffle([0, 2, 4, 4]);
  return w.i32x4.neg();
};

const compare =
  (name: Comparison): Emit =>
  (w, dtype, profile) => {
    maskOf(name)(w, dtype, profile);
    return boolOfMask(w, dtype, profile);
  };

const logical =
  (name: 'and' | 'or' | 'xor'): Emit =>
  (w, dtype) =>
    dtype === 'bool' ? w.v128[name]() : refuse(name, dtype);

const not: Emit = (w, dtype) => (dtype === 'bool' ? w.i32x4.const(1).v128.xor() : refuse('not', dtype));

const bitwise =
  (name: 'and' | 'or' | 'xor'): Emit =>
  (w, dtype) =>
    dtype === 'i32' || dtype === 'u32' ? w.v128[name]() : refuse(`bit ${name}`, dtype);

const bitNot: Emit = (w, dtype) => (dtype === 'i32' || dtype === 'u32' ? w.v128.not() : refuse('bitNot', dtype));

/** (bool, a, b) → a where true, else b. */
const where: Emit = (w, dtype, profile) =>
  w.scope(() => {
    const b = w.pop('v128');
    const a = w.pop('v128');
    w.v128.zero().i32x4.ne();
    if (dtype === 'f64') w.i64x2.extend_low_i32x4_s();
    w.get(a).get(b);
    return select(w, dtype, profile);
  });

/** (mask, a, b) → a where the mask is set, else b. */
const select: Emit = (w) =>
  w.scope(() => {
    const b = w.pop('v128');
    const a = w.pop('v128');
    const mask = w.pop('v128');
    return w.get(a).get(b).get(mask).v128.bitselect();
  });

/** Shift counts differ by lane, which the SIMD shifts cannot do; scalar shifts take the count modulo 32. */
const shift =
  (pick: (dtype: Dtype) => 'shl' | 'shr_s' | 'shr_u'): Emit =>
  (w, dtype) => {
    if (dtype !== 'i32' && dtype !== 'u32') refuse('a shift', dtype);
    return w.scope(() => {
      const counts = w.pop('v128');
      const x = w.pop('v128');
      w.get(x);
      for (const lane of [0, 1, 2, 3]) {
        w.get(x).i32x4.extract_lane(lane).get(counts).i32x4.extract_lane(lane);
        w.i32[pick(dtype)]().i32x4.replace_lane(lane);
      }
      return w;
    });
  };

const popcount: Emit = (w, dtype) => {
  if (dtype !== 'i32' && dtype !== 'u32') refuse('popcount', dtype);
  return w.i8x16.popcnt().i16x8.extadd_pairwise_i8x16_u().i32x4.extadd_pairwise_i16x8_u();
};

/** Converts: float → integer truncates, saturates and sends NaN to 0; anything → bool is x ≠ 0. */
export function castEmit(from: Dtype, to: Dtype): Emit {
  return (w) => {
    if (from === to) return w;
    if (to === 'bool') return toBool(w, from);
    if (to === 'f32' || to === 'f64') return toFloat(w, from, to);
    return toInteger(w, from, to === 'i32');
  };
}

function toBool(w: FunctionWriter, from: Dtype): unknown {
  w.v128.zero();
  return compare('ne')(w, from, 'strict');
}

function toFloat(w: FunctionWriter, from: Dtype, to: FloatDtype): FunctionWriter {
  if (from === 'f32') return w.f64x2.promote_low_f32x4();
  if (from === 'f64') return w.f32x4.demote_f64x2_zero();
  if (to === 'f32') return from === 'i32' ? w.f32x4.convert_i32x4_s() : w.f32x4.convert_i32x4_u();
  return from === 'i32' ? w.f64x2.convert_low_i32x4_s() : w.f64x2.convert_low_i32x4_u();
}

function toInteger(w: FunctionWriter, from: Dtype, isSigned: boolean): FunctionWriter {
  if (from === 'f32') return isSigned ? w.i32x4.trunc_sat_f32x4_s() : w.i32x4.trunc_sat_f32x4_u();
  if (from === 'f64') return isSigned ? w.i32x4.trunc_sat_f64x2_s_zero() : w.i32x4.trunc_sat_f64x2_u_zero();
  return w; // between integers and bool the bits stay
}

/** The emitters by name; casts are made by `castEmit`. */
export const emitters = {
  copy: (w) => w,
  add: arithmetic('add'),
  sub: arithmetic('sub'),
  mul: arithmetic('mul'),
  neg: arithmetic('neg'),
  div,
  rem,
  abs,
  sign,
  square,
  sqrt: floatOnly('sqrt'),
  rsqrt,
  floor: floatOnly('floor'),
  ceil: floatOnly('ceil'),
  round: floatOnly('nearest'),
  trunc: floatOnly('trunc'),
  maximum: extremum('max'),
  minimum: extremum('min'),
  relu,
  eq: compare('eq'),
  ne: compare('ne'),
  lt: compare('lt'),
  le: compare('le'),
  gt: compare('gt'),
  ge: compare('ge'),
  and: logical('and'),
  or: logical('or'),
  xor: logical('xor'),
  not,
  where,
  bitAnd: bitwise('and'),
  bitOr: bitwise('or'),
  bitXor: bitwise('xor'),
  bitNot,
  shiftLeft: shift(() => 'shl'),
  shiftRight: shift((dtype) => (dtype === 'i32' ? 'shr_s' : 'shr_u')),
  popcount,
} satisfies Record<string, Emit>;

export type EmitterName = keyof typeof emitters;

/** Shorter forms inside of fused chains: comparisons that leave masks, selection by a mask, bounds that are numbers. */
export const masks: Partial<Record<EmitterName, Emit>> = {
  eq: maskOf('eq'),
  ne: maskOf('ne'),
  lt: maskOf('lt'),
  le: maskOf('le'),
  gt: maskOf('gt'),
  ge: maskOf('ge'),
};
export const selections: Partial<Record<EmitterName, Emit>> = { where: select };
export const bounds: Partial<Record<EmitterName, Emit>> = { maximum: bound('max'), minimum: bound('min') };
