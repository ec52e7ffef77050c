/** Rounding to whole numbers; the derivative is a symbolic zero, at the jumps too. */
import type { EmitterName } from '../backends/wasm/emitters.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import { type Unary, unary } from './apply.ts';
import { FLOATS } from './arithmetic.ts';
import { elementwise, type None } from './makers.ts';

function rounding(name: string, js: (x: number) => number, wasm: EmitterName): Op<None> {
  return elementwise(name, { arity: 1, dtypes: FLOATS, js: () => (x) => js(x!), wasm });
}

export const floorOp: Op<None> = /* @__PURE__ */ rounding('floor', Math.floor, 'floor');
export const ceilOp: Op<None> = /* @__PURE__ */ rounding('ceil', Math.ceil, 'ceil');
export const truncOp: Op<None> = /* @__PURE__ */ rounding('trunc', Math.trunc, 'trunc');
export const roundOp: Op<None> = /* @__PURE__ */ rounding('round', roundToEven, 'round');

/** Math.round takes halves upwards: an odd result half a step above x is one too many. */
function roundToEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

/** The largest whole number that is not above x. */
export const floor: Unary = /* @__PURE__ */ unary(floorOp);
/** The smallest whole number that is not below x. */
export const ceil: Unary = /* @__PURE__ */ unary(ceilOp);
/** x without its fraction. */
export const trunc: Unary = /* @__PURE__ */ unary(truncOp);
/** The nearest whole number; halves go to the even one. */
export const round: Unary = /* @__PURE__ */ unary(roundOp);

export const roundingChecks: readonly CheckRow[] = /* @__PURE__ */ roundingRows();

function roundingRows(): CheckRow[] {
  const kinks = [-5, -4.5, -4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5];
  return Object.entries({ floor, ceil, trunc, round }).map(([name, f]) => ({
    name,
    f,
    args: [{ shape: [17], domain: [-5, 5], kinks }],
  }));
}
