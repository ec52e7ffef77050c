/** Sine, cosine and the angle of a point. */
import { atan2Emit, cosEmit, sinEmit } from '../backends/wasm/functions/index.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { type Binary, binary, type Unary, unary } from './apply.ts';
import { add, div, FLOATS, mul, neg } from './arithmetic.ts';
import { elementwise, type None } from './makers.ts';
import { square } from './power.ts';

export const sinOp: Op<None> = /* @__PURE__ */ elementwise('sin', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, [x]) => mul(cos(x!), dx)],
  js: () => (x) => Math.sin(x!),
  wasm: sinEmit,
  isCheap: false,
});

export const cosOp: Op<None> = /* @__PURE__ */ elementwise('cos', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, [x]) => mul(neg(sin(x!)), dx)],
  js: () => (x) => Math.cos(x!),
  wasm: cosEmit,
  isCheap: false,
});

const norm2 = (y: Tensor, x: Tensor): Tensor => add(square(y), square(x));

/** dz = (x·dy − y·dx) / (x² + y²): NaN at the origin. */
export const atan2Op: Op<None> = /* @__PURE__ */ elementwise('atan2', {
  arity: 2,
  dtypes: FLOATS,
  partials: [(dy, [y, x]) => mul(div(x!, norm2(y!, x!)), dy), (dx, [y, x]) => mul(div(neg(y!), norm2(y!, x!)), dx)],
  js: () => (y, x) => Math.atan2(y!, x!),
  wasm: atan2Emit,
  isCheap: false,
});

/** The sine of x radians. */
export const sin: Unary = /* @__PURE__ */ unary(sinOp);
/** The cosine of x radians. */
export const cos: Unary = /* @__PURE__ */ unary(cosOp);
/** The angle of the point (x, y) in radians, from −π to π; the ordinate comes first. */
export const atan2: Binary = /* @__PURE__ */ binary(atan2Op);

export const trigonometricChecks: readonly CheckRow[] = [
  { name: 'sin', f: sin, args: [{ shape: [3, 7], domain: [-7, 7] }] },
  { name: 'cos', f: cos, args: [{ shape: [3, 7], domain: [-7, 7] }] },
  { name: 'atan2', f: atan2, args: [{ shape: [3, 7] }, { shape: [7], kinks: [0], apart: 0.1 }] },
  {
    name: 'atan2.above',
    f: atan2,
    args: [
      { shape: [9], domain: [0.5, 2] },
      { shape: [9], domain: [-2, 2] },
    ],
  },
];
