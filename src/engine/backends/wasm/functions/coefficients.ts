/** Constants of the f32 functions, printed by scripts/coefficients.py from 60-digit minimax fits; do not edit. */

export const LOG2_E = 1.4426950216293335;

/** ln 2 in two parts; the first is short, so that its product with an exponent is exact. */
export const LN2_HIGH = 0.693145751953125;

export const LN2_LOW = 1.428606765330187e-6;

/** From here on tanh is 1 − 2/(e²ˣ + 1). */
export const TANH_SPLIT = 0.625;

/** 2/√π − 1. */
export const ERF_HEAD = 0.12837916612625122;

export const QUANTILE_CENTRE_LIMIT = 5.0;

/** (eʳ − 1 − r)/r² on ±ln2/2; relative error of the result 2^−28.2. */
export const EXP: readonly number[] = [
  0.4999999403953552, 0.16666516661643982, 0.04166810214519501, 0.008369190618395805, 0.001383883529342711,
];

/** (2·atanh(s)/s − 2)/z, z = s², s ≤ tan²(π/8); relative error of the result 2^−30.1. */
export const LOG: readonly number[] = [0.6666677594184875, 0.39977580308914185, 0.2987155020236969];

/** (sin r − r)/r³ in z = r², r ≤ π/4; relative error of the result 2^−32.5. */
export const SIN: readonly number[] = [
  -0.1666666716337204, 0.008333379402756691, -0.00019853065896313637, 2.832548489095643e-6,
];

/** (cos r − 1 + z/2)/z² in z = r², r ≤ π/4; relative error of the result 2^−32.9. */
export const COS: readonly number[] = [0.04166664555668831, -0.0013887309469282627, 2.4432287318632007e-5];

/** (tanh x − x)/x³ in z = x², x ≤ 0.625; relative error of the result 2^−27.7. */
export const TANH: readonly number[] = [
  -0.3333328068256378, 0.13331405818462372, -0.05373650789260864, 0.02062809281051159, -0.005692117847502232,
];

/** (atan q − q)/q³ in z = q², q ≤ tan(π/8); relative error of the result 2^−30.4. */
export const ATAN: readonly number[] = [
  -0.33333316445350647, 0.19998528063297272, -0.14244391024112701, 0.10599168390035629, -0.060900524258613586,
];

/** (erf(x)/x − ERF_HEAD)/z in z = x², x ≤ 1; relative error of the result 2^−29.4. */
export const ERF_NEAR: readonly number[] = [
  -0.3761262595653534, 0.11283578723669052, -0.026853347197175026, 0.005187162198126316, -0.0007997853099368513,
  7.806907524354756e-5,
];

/** −ln erfc(1 + t), until erf rounds to 1; relative error of the result 2^−25.0. */
export const ERFC_LOG: readonly number[] = [
  1.8496055603027344, 2.6389617919921875, 0.8432021141052246, 0.04104473814368248, -0.00893358513712883,
  0.0010223594726994634, 2.381270496698562e-5, 1.3089259482512716e-5,
];

/** Φ⁻¹(½ + d)/d − 2.5 in w = −ln 4p(1−p), w ≤ 5; relative error of the result 2^−27.2. */
export const QUANTILE_CENTRE: readonly number[] = [
  0.0066282604821026325, 0.6562342047691345, 0.032664310187101364, -0.006601844914257526, -0.00036121855373494327,
  0.0001264704915229231, 1.1107843420177232e-5, -5.555933512368938e-6, 6.211905656527961e-7, -2.467409920825503e-8,
];

/** (2·atanh(s)/s − 2)/z, z = s², s ≤ tan²(π/8); relative error of the result 2^−44.9. */
export const SHORT_LOG: readonly number[] = [
  0.6666666667580434, 0.3999999562075685, 0.28572109265173645, 0.22176184526910925, 0.19584207700083275,
];

/** (eʳ − 1 − r)/r² on ±ln2/2; relative error of the result 2^−39.7. */
export const SHORT_EXP: readonly number[] = [
  0.5000000000427199, 0.1666666678451966, 0.04166666440353302, 0.00833328178545267, 0.0013889197268277661,
  0.0001990895370459355, 2.470826845371678e-5,
];
