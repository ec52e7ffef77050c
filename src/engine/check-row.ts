/** The shape of a gradient-check row: how an op is exercised by the gradient table. Rows stand beside their ops and are not shipped. */
import type { Tensor } from './tensor.ts';

/** One argument of a row: its shape and where its elements are drawn from. */
export interface CheckArg {
  readonly shape: readonly number[];
  /** `float` follows the table's dtype (f32 or f64) and is differentiated; the others are fixed. */
  readonly kind?: 'float' | 'i32' | 'u32' | 'bool';
  /** Uniform between these bounds; integers inclusive. */
  readonly domain?: readonly [number, number];
  /** Drawn so that no two elements lie closer than this, and none closer than this to a kink listed below. */
  readonly apart?: number;
  /** Points at which the op has a kink or a jump. */
  readonly kinks?: readonly number[];
  /** Not differentiated although it is a float. */
  readonly isFixed?: boolean;
}

export interface CheckRow {
  /** Op, then the variant after a dot: `matmul.transposeX`. */
  readonly name: string;
  readonly f: (...xs: Tensor[]) => Tensor;
  readonly args: readonly CheckArg[];
  /** Highest derivative that is compared; 0 for ops that do not vary. 2 unless said. */
  readonly order?: 0 | 1 | 2;
  /** Largest relative error: of values in f32 against js in f64, and of derivatives in f64. */
  readonly tol?: { readonly f32?: number; readonly f64?: number };
}

/** Types a row. */
export const checkRow = (row: CheckRow): CheckRow => row;
