/** What a test function of optimisation is, and the guards that give it a finite derivative everywhere. */
import { arange, gt, sliceAxis, sqrt, squeeze, type Tensor, where } from '../../../engine/index.ts';

export interface TestFunction {
  /** Kebab case. */
  readonly id: string;
  readonly title: string;
  /** Whether it is defined for two coordinates only. */
  readonly isPlanar: boolean;
  /** Bounds of every coordinate of a start. */
  box(d: number): readonly [low: number, high: number];
  /** f*, the least value. */
  minimum(d: number): number;
  /** A point where the least value is taken. */
  minimiser(d: number): readonly number[];
  /** Whether it is defined inside its box only, so that steps are projected back. */
  readonly isBounded: boolean;
  /** f of one point (d), a scalar. */
  value(x: Tensor): Tensor;
}

export interface FunctionSpec {
  readonly title?: string;
  readonly box: readonly [number, number] | ((d: number) => readonly [number, number]);
  readonly minimum?: number | ((d: number) => number);
  readonly at?: readonly number[] | ((d: number) => readonly number[]);
  readonly isBounded?: boolean;
  readonly f: (x: Tensor, d: number) => Tensor;
}

const orConstant = <T>(value: T | ((d: number) => T)): ((d: number) => T) =>
  typeof value === 'function' ? (value as (d: number) => T) : () => value;

/** A test function from what is special about it; the minimum is 0 at 0 unless said. */
export function testFunction(id: string, isPlanar: boolean, spec: FunctionSpec): TestFunction {
  const { title = titleOf(id), box, minimum = 0, at = (d) => Array.from({ length: d }, () => 0), f } = spec;
  return {
    id,
    title,
    isPlanar,
    box: orConstant(box),
    minimum: orConstant(minimum),
    minimiser: orConstant(at),
    isBounded: spec.isBounded ?? false,
    value: (x) => f(x, x.shape[0]!),
  };
}

const titleOf = (id: string): string => id.charAt(0).toUpperCase() + id.slice(1).replaceAll('-', ' ');

/** ±r in every coordinate. */
export const around = (r: number): readonly [number, number] => [-r, r];

/** 1 … d beside the coordinates of x. */
export const counting = (x: Tensor): Tensor => arange(1, x.shape[0]! + 1, 1, x.dtype);

/** The points x₂ … x_d and x₁ … x_{d−1}. */
export const neighbours = (x: Tensor): [later: Tensor, earlier: Tensor] => [
  sliceAxis(x, 0, 1),
  sliceAxis(x, 0, 0, x.shape[0]! - 1),
];

/** The coordinate i, a scalar. */
export const coordinate = (x: Tensor, i: number): Tensor => squeeze(sliceAxis(x, 0, i, i + 1), 0);

/** f(q) for q > 0 and 0 elsewhere, where the derivative of f would not be finite. */
export function positivePart(q: Tensor, f: (q: Tensor) => Tensor): Tensor {
  const isPositive = gt(q, 0);
  return where(isPositive, f(where(isPositive, q, 1)), 0);
}

/** √q with the derivative 0 at 0. */
export const rootOf = (q: Tensor): Tensor => positivePart(q, sqrt);
