/** The error function. */
import { erfEmit } from '../backends/wasm/functions/index.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import { type Unary, unary } from './apply.ts';
import { FLOATS, mul, neg } from './arithmetic.ts';
import { exp } from './exponential.ts';
import { elementwise, type None } from './makers.ts';
import { square } from './power.ts';

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

/** dz = 2/√π · exp(−x²) · dx. */
export const erfOp: Op<None> = /* @__PURE__ */ elementwise('erf', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, [x]) => mul(mul(TWO_OVER_ROOT_PI, exp(neg(square(x!)))), dx)],
  js: () => (x) => erfSeries(x!),
  wasm: erfEmit,
  isCheap: false,
});

/** erf x = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)): all terms have one sign, so nothing cancels. */
function erfSeries(x: number): number {
  if (Math.abs(x) >= 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_ROOT_PI * Math.exp(-x * x) * sum;
}

/** The error function, 2/√π · ∫₀ˣ exp(−t²) dt. */
export const erf: Unary = /* @__PURE__ */ unary(erfOp);

export const erfCheck: CheckRow = { name: 'erf', f: erf, args: [{ shape: [3, 7], domain: [-3, 3] }] };
