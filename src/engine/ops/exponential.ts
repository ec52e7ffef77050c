/** Exponentials, logarithms and what is made of them: logistic, softplus, tanh. */
import {
  expEmit,
  expm1Emit,
  log1pEmit,
  logEmit,
  logisticEmit,
  softplusEmit,
  tanhEmit,
} from '../backends/wasm/functions/index.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import { type Unary, unary } from './apply.ts';
import { add, div, FLOATS, mul, sub } from './arithmetic.ts';
import { elementwise, type None } from './makers.ts';
import { square } from './power.ts';

/** dz = z·dx. */
export const expOp: Op<None> = /* @__PURE__ */ elementwise('exp', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, _, z) => mul(z, dx)],
  js: () => (x) => Math.exp(x!),
  wasm: expEmit,
  isCheap: false,
});

/** dz = eˣ·dx; z + 1 would cancel where x is far below 0. */
export const expm1Op: Op<None> = /* @__PURE__ */ elementwise('expm1', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, [x]) => mul(exp(x!), dx)],
  js: () => (x) => Math.expm1(x!),
  wasm: expm1Emit,
  isCheap: false,
});

export const logOp: Op<None> = /* @__PURE__ */ elementwise('log', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, [x]) => div(dx, x!)],
  js: () => (x) => Math.log(x!),
  wasm: logEmit,
  isCheap: false,
});

export const log1pOp: Op<None> = /* @__PURE__ */ elementwise('log1p', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, [x]) => div(dx, add(x!, 1))],
  js: () => (x) => Math.log1p(x!),
  wasm: log1pEmit,
  isCheap: false,
});

/** dz = z·(1 − z)·dx. */
export const logisticOp: Op<None> = /* @__PURE__ */ elementwise('logistic', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, _, z) => mul(mul(z, sub(1, z)), dx)],
  js: () => (x) => (x! >= 0 ? 1 / (1 + Math.exp(-x!)) : Math.exp(x!) / (1 + Math.exp(x!))),
  wasm: logisticEmit,
  isCheap: false,
});

/** log(1 + eˣ), which overflows nowhere: dz = logistic(x)·dx. */
export const softplusOp: Op<None> = /* @__PURE__ */ elementwise('softplus', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, [x]) => mul(logistic(x!), dx)],
  js: () => (x) => Math.max(x!, 0) + Math.log1p(Math.exp(-Math.abs(x!))),
  wasm: softplusEmit,
  isCheap: false,
});

/** dz = (1 − z²)·dx. */
export const tanhOp: Op<None> = /* @__PURE__ */ elementwise('tanh', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, _, z) => mul(sub(1, square(z)), dx)],
  js: () => (x) => Math.tanh(x!),
  wasm: tanhEmit,
  isCheap: false,
});

/** eˣ. */
export const exp: Unary = /* @__PURE__ */ unary(expOp);
/** eˣ − 1, accurate near 0. */
export const expm1: Unary = /* @__PURE__ */ unary(expm1Op);
/** The natural logarithm. */
export const log: Unary = /* @__PURE__ */ unary(logOp);
/** log(1 + x), accurate near 0. */
export const log1p: Unary = /* @__PURE__ */ unary(log1pOp);
/** 1 / (1 + e⁻ˣ). */
export const logistic: Unary = /* @__PURE__ */ unary(logisticOp);
/** log(1 + eˣ). */
export const softplus: Unary = /* @__PURE__ */ unary(softplusOp);
/** The hyperbolic tangent. */
export const tanh: Unary = /* @__PURE__ */ unary(tanhOp);

export const exponentialChecks: readonly CheckRow[] = [
  { name: 'exp', f: exp, args: [{ shape: [3, 7], domain: [-4, 4] }] },
  { name: 'expm1', f: expm1, args: [{ shape: [3, 7], domain: [-4, 4] }] },
  { name: 'expm1.small', f: expm1, args: [{ shape: [9], domain: [-0.01, 0.01] }] },
  { name: 'log', f: log, args: [{ shape: [3, 7], domain: [0.2, 5] }] },
  { name: 'log1p', f: log1p, args: [{ shape: [3, 7], domain: [-0.7, 5] }] },
  { name: 'log1p.small', f: log1p, args: [{ shape: [9], domain: [-0.01, 0.01] }] },
  { name: 'logistic', f: logistic, args: [{ shape: [3, 7], domain: [-6, 6] }] },
  { name: 'softplus', f: softplus, args: [{ shape: [3, 7], domain: [-6, 6] }] },
  { name: 'softplus.far', f: softplus, args: [{ shape: [2, 3], domain: [80, 120] }] },
  { name: 'tanh', f: tanh, args: [{ shape: [3, 7], domain: [-3, 3] }] },
  { name: 'tanh.small', f: tanh, args: [{ shape: [9], domain: [-0.01, 0.01] }] },
];
