/** Our transcendental functions as vector emitters: four lanes of f32 or two of f64. */
import { isFloat } from '../../../dtype.ts';
import { DtypeError } from '../../../errors.ts';
import type { Emit } from '../elementwise.ts';
import { exp, expm1, expShare, logistic, softplus, tanh } from './exponential.ts';
import { Lanes, type Value } from './lanes.ts';
import { log, log1p } from './logarithm.ts';
import { pow } from './power.ts';
import { erf, normalQuantile } from './probability.ts';
import { atan2, cos, sin } from './trigonometry.ts';

type Formula = (l: Lanes, ...operands: Value[]) => Value;

/** An emitter that takes its operands from the stack, the last one on top, and leaves the result there. */
function emitter(name: string, formula: (l: Lanes, a: Value, b: Value) => Value, arity: 1 | 2 = 1): Emit {
  return (w, dtype, profile) => {
    if (!isFloat(dtype))
      throw new DtypeError(`${name} is defined for f32 and f64, not ${dtype}`, { help: 'cast the operand first' });
    w.scope(() => {
      const l = new Lanes(w, dtype, profile);
      const operands = Array.from({ length: arity }, () => l.pop()).reverse();
      l.emit((formula as Formula)(l, ...operands));
    });
  };
}

// One name each, so that a bundle holds only the functions that its ops use.
export const expEmit: Emit = /* @__PURE__ */ emitter('exp', exp);
/** eˣ of x ≤ 0 or ∞, without subnormal results: the numerators of softmax. */
export const expShareEmit: Emit = /* @__PURE__ */ emitter('expShare', expShare);
export const expm1Emit: Emit = /* @__PURE__ */ emitter('expm1', expm1);
export const logEmit: Emit = /* @__PURE__ */ emitter('log', log);
export const log1pEmit: Emit = /* @__PURE__ */ emitter('log1p', log1p);
export const tanhEmit: Emit = /* @__PURE__ */ emitter('tanh', tanh);
export const logisticEmit: Emit = /* @__PURE__ */ emitter('logistic', logistic);
export const softplusEmit: Emit = /* @__PURE__ */ emitter('softplus', softplus);
export const sinEmit: Emit = /* @__PURE__ */ emitter('sin', sin);
export const cosEmit: Emit = /* @__PURE__ */ emitter('cos', cos);
export const erfEmit: Emit = /* @__PURE__ */ emitter('erf', erf);
export const powEmit: Emit = /* @__PURE__ */ emitter('pow', pow, 2);
export const atan2Emit: Emit = /* @__PURE__ */ emitter('atan2', atan2, 2);
export const normalQuantileEmit: Emit = /* @__PURE__ */ emitter('normalQuantile', normalQuantile);

/** Every function by name; the notes say how accurate each is. */
export const functions = {
  exp: expEmit,
  expm1: expm1Emit,
  log: logEmit,
  log1p: log1pEmit,
  tanh: tanhEmit,
  logistic: logisticEmit,
  softplus: softplusEmit,
  sin: sinEmit,
  cos: cosEmit,
  erf: erfEmit,
  pow: powEmit,
  atan2: atan2Emit,
  normalQuantile: normalQuantileEmit,
} satisfies Record<string, Emit>;

export type FunctionName = keyof typeof functions;
