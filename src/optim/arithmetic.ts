/** Scalar arithmetic in two kinds, so that a schedule is written once and works on a number and, under jit, on a tensor. */

import type { Tensor } from '../engine/index.ts';
import { add, cast, cos, div, floor, maximum, minimum, mul, pow, sqrt, sub } from '../engine/index.ts';
import * as portable from '../engine/portable.ts';

export interface Arithmetic<T> {
  /** A constant. */
  of(value: number): T;
  add(x: T, y: T): T;
  sub(x: T, y: T): T;
  mul(x: T, y: T): T;
  div(x: T, y: T): T;
  min(x: T, y: T): T;
  max(x: T, y: T): T;
  floor(x: T): T;
  sqrt(x: T): T;
  cos(x: T): T;
  pow(x: T, y: T): T;
}

/** On plain numbers; equal bits on every engine. */
export const onNumbers: Arithmetic<number> = {
  of: (value) => value,
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  floor: (x) => Math.floor(x),
  sqrt: (x) => Math.sqrt(x),
  cos: portable.cos,
  pow: portable.pow,
};

/** On f64 scalar tensors. */
export const onTensors: Arithmetic<Tensor> = {
  of: (value) => cast(value, 'f64'),
  add,
  sub,
  mul,
  div,
  min: minimum,
  max: maximum,
  floor,
  sqrt,
  cos,
  pow,
};
