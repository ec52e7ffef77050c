/** Our transcendental functions as vector emitters: four lanes of f32 or two of f64. */
import { isFloat } from '../../../dtype.ts';
import { DtypeError } from '../../../errors.ts';
import type { Emit } from '../elementwise.ts';
import { exp, expm1, logistic, softplus, tanh } from './exponential.ts';
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

/** Every function by name; the notes say how accurate each is. */
export const functions = {
  exp: emitter('exp', exp),
  expm1: emitter('expm1', expm1),
  log: emitter('log', log),
  log1p: emitter('log1p', log1p),
  tanh: emitter('tanh', tanh),
  logistic: emitter('logistic', logistic),
  softplus: emitter('softplus', softplus),
  sin: emitter('sin', sin),
  cos: emitter('cos', cos),
  erf: emitter('erf', erf),
  pow: emitter('pow', pow, 2),
  atan2: emitter('atan2', atan2, 2),
  normalQuantile: emitter('normalQuantile', normalQuantile),
} satisfies Record<string, Emit>;

export type FunctionName = keyof typeof functions;
