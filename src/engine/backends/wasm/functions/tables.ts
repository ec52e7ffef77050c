/** The constants of one dtype, and the few that follow from its format. */
import type { FloatDtype } from '../../../dtype.ts';
import * as wide from '../../../portable/coefficients.ts';
import * as narrow from './coefficients.ts';

export interface Tables {
  readonly LOG2_E: number;
  readonly LN2_HIGH: number;
  readonly LN2_LOW: number;
  readonly EXP: readonly number[];
  readonly LOG: readonly number[];
  readonly SIN: readonly number[];
  readonly COS: readonly number[];
  readonly TANH: readonly number[];
  readonly TANH_SPLIT: number;
  readonly ATAN: readonly number[];
  readonly ERF_HEAD: number;
  readonly ERF_NEAR: readonly number[];
  readonly ERFC_LOG: readonly number[];
  readonly QUANTILE_CENTRE: readonly number[];
  readonly QUANTILE_CENTRE_LIMIT: number;
}

export const tablesOf = (dtype: FloatDtype): Tables => (dtype === 'f32' ? narrow : wide);

export interface Format {
  /** Bits of the stored significand. */
  readonly fraction: number;
  /** Adding and subtracting it rounds to the nearest integer. */
  readonly rounder: number;
  /** The bits of 1. */
  readonly one: bigint;
  /** The smallest normal number. */
  readonly normal: number;
  /** Below it eˣ − 1 and x round alike. */
  readonly tiny: number;
  /** exp is 0 below the first and infinite above the second. */
  readonly expRange: readonly [number, number];
  /** From here on exp is a normal number. */
  readonly expNormal: number;
}

const FORMATS: Readonly<Record<FloatDtype, Format>> = {
  f32: {
    fraction: 23,
    rounder: 1.5 * 2 ** 23,
    one: 127n << 23n,
    normal: 2 ** -126,
    tiny: 2 ** -25,
    expRange: [-105, 89],
    expNormal: -87.33654,
  },
  f64: {
    fraction: 52,
    rounder: 1.5 * 2 ** 52,
    one: 1023n << 52n,
    normal: 2 ** -1022,
    tiny: 2 ** -54,
    expRange: [-746, 710],
    expNormal: -708.3964185322641,
  },
};

export const formatOf = (dtype: FloatDtype): Format => FORMATS[dtype];
