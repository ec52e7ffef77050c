/**
 * The WebAssembly instructions we use, by namespace, with the names of the specification.
 *
 * A code below 0x100 is one byte; 0xfc00 + n, 0xfd_0000 + n and 0xfe00 + n are the prefixed groups (saturating and bulk, SIMD, atomics).
 */

type Names<S extends string> = S extends `${infer Head} ${infer Rest}` ? Head | Names<Rest> : S;
type Run<S extends string> = { readonly [K in Names<S>]: number };

/** Consecutive opcodes from `first`, one per word; the word `_` leaves a number out. */
function run<S extends string>(first: number, names: S): Run<S> {
  return Object.fromEntries(names.split(' ').map((name, i) => [name, first + i])) as Run<S>;
}

const SIMD = 0xfd0000;
const simd = <S extends string>(first: number, names: S): Run<S> => run(SIMD + first, names);

const integerMath = 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const integerCompare = 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const floatMath = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign';
const floatCompare = 'eq ne lt gt le ge';
const laneCompare = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';

/** Instructions without immediates. */
export const PLAIN = {
  i32: {
    ...run(0x45, integerCompare),
    ...run(0x67, integerMath),
    ...run(0xa7, 'wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
    ...run(0xbc, 'reinterpret_f32'),
    ...run(0xc0, 'extend8_s extend16_s'),
    ...run(0xfc00, 'trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u'),
  },
  i64: {
    ...run(0x50, integerCompare),
    ...run(0x79, integerMath),
    ...run(0xac, 'extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
    ...run(0xbd, 'reinterpret_f64'),
    ...run(0xc2, 'extend8_s extend16_s extend32_s'),
    ...run(0xfc04, 'trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u'),
  },
  f32: {
    ...run(0x5b, floatCompare),
    ...run(0x8b, floatMath),
    ...run(0xb2, 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64'),
    ...run(0xbe, 'reinterpret_i32'),
  },
  f64: {
    ...run(0x61, floatCompare),
    ...run(0x99, floatMath),
    ...run(0xb7, 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32'),
    ...run(0xbf, 'reinterpret_i64'),
  },
  v128: simd(77, 'not and andnot or xor bitselect any_true'),
  i8x16: {
    ...simd(14, 'swizzle splat'),
    ...simd(35, laneCompare),
    ...simd(96, 'abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u'),
    ...simd(107, 'shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u'),
    ...simd(118, 'min_s min_u max_s max_u'),
    ...simd(123, 'avgr_u'),
  },
  i16x8: {
    ...simd(16, 'splat'),
    ...simd(45, laneCompare),
    ...simd(124, 'extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u'),
    ...simd(128, 'abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u'),
    ...simd(135, 'extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u'),
    ...simd(139, 'shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u'),
    ...simd(149, 'mul min_s min_u max_s max_u'),
  },
  i32x4: {
    ...simd(17, 'splat'),
    ...simd(55, laneCompare),
    ...simd(126, 'extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u'),
    ...simd(160, 'abs neg'),
    ...simd(163, 'all_true bitmask'),
    ...simd(167, 'extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u'),
    ...simd(171, 'shl shr_s shr_u add'),
    ...simd(177, 'sub'),
    ...simd(181, 'mul min_s min_u max_s max_u dot_i16x8_s'),
    ...simd(248, 'trunc_sat_f32x4_s trunc_sat_f32x4_u'),
    ...simd(252, 'trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero'),
  },
  i64x2: {
    ...simd(18, 'splat'),
    ...simd(192, 'abs neg'),
    ...simd(195, 'all_true bitmask'),
    ...simd(199, 'extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u'),
    ...simd(203, 'shl shr_s shr_u add'),
    ...simd(209, 'sub'),
    ...simd(213, 'mul eq ne lt_s gt_s le_s ge_s'),
    ...simd(220, 'extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u'),
  },
  f32x4: {
    ...simd(19, 'splat'),
    ...simd(65, floatCompare),
    ...simd(94, 'demote_f64x2_zero'),
    ...simd(103, 'ceil floor trunc nearest'),
    ...simd(224, 'abs neg'),
    ...simd(227, 'sqrt add sub mul div min max pmin pmax'),
    ...simd(250, 'convert_i32x4_s convert_i32x4_u'),
    ...simd(0x105, 'relaxed_madd relaxed_nmadd'),
  },
  f64x2: {
    ...simd(20, 'splat'),
    ...simd(71, floatCompare),
    ...simd(95, 'promote_low_f32x4'),
    ...simd(116, 'ceil floor'),
    ...simd(122, 'trunc'),
    ...simd(148, 'nearest'),
    ...simd(236, 'abs neg'),
    ...simd(239, 'sqrt add sub mul div min max pmin pmax'),
    ...simd(254, 'convert_low_i32x4_s convert_low_i32x4_u'),
    ...simd(0x107, 'relaxed_madd relaxed_nmadd'),
  },
} as const;

/** Loads and stores: one immediate, the byte offset. */
export const MEMORY = {
  i32: {
    ...run(0x28, 'load'),
    ...run(0x2c, 'load8_s load8_u load16_s load16_u'),
    ...run(0x36, 'store'),
    ...run(0x3a, 'store8 store16'),
  },
  i64: {
    ...run(0x29, 'load'),
    ...run(0x30, 'load8_s load8_u load16_s load16_u load32_s load32_u'),
    ...run(0x37, 'store'),
    ...run(0x3c, 'store8 store16 store32'),
  },
  f32: { ...run(0x2a, 'load'), ...run(0x38, 'store') },
  f64: { ...run(0x2b, 'load'), ...run(0x39, 'store') },
  v128: {
    ...simd(0, 'load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u'),
    ...simd(7, 'load8_splat load16_splat load32_splat load64_splat store'),
    ...simd(92, 'load32_zero load64_zero'),
  },
} as const;

/** One immediate, the lane. */
export const LANE = {
  i8x16: simd(21, 'extract_lane_s extract_lane_u replace_lane'),
  i16x8: simd(24, 'extract_lane_s extract_lane_u replace_lane'),
  i32x4: simd(27, 'extract_lane replace_lane'),
  i64x2: simd(29, 'extract_lane replace_lane'),
  f32x4: simd(31, 'extract_lane replace_lane'),
  f64x2: simd(33, 'extract_lane replace_lane'),
} as const;

/** Two immediates, the lane and the byte offset. */
export const MEMORY_LANE = {
  v128: simd(84, 'load8_lane load16_lane load32_lane load64_lane store8_lane store16_lane store32_lane store64_lane'),
} as const;

/** Atomics on i32 in shared memory; the address must be a multiple of four. */
export const ATOMIC = {
  ...run(0xfe00, 'notify wait32'),
  ...run(0xfe10, 'load'),
  ...run(0xfe17, 'store'),
  ...run(0xfe1e, 'add'),
  ...run(0xfe25, 'sub'),
  ...run(0xfe2c, 'and'),
  ...run(0xfe33, 'or'),
  ...run(0xfe3a, 'xor'),
  ...run(0xfe41, 'exchange'),
  ...run(0xfe48, 'cmpxchg'),
} as const;

export const BYTE_OF_TYPE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

/** A WebAssembly value type. */
export type ValType = keyof typeof BYTE_OF_TYPE;

/** Opcodes of the structured instructions, written by the function writer itself. */
export const CONTROL = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  memorySize: 0x3f,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  v128Const: SIMD + 12,
  shuffle: SIMD + 13,
  fence: 0xfe03,
} as const;
