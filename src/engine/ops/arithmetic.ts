/** Elementwise arithmetic that is linear in its operands, or a product of them. */
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import type { TensorLike } from './constant.ts';
import type { None } from './makers.ts';
import { elementwise, NONE } from './makers.ts';
import { asTensor, promote } from './promote.ts';

export const NUMERIC: readonly Dtype[] = ['f32', 'f64', 'i32', 'u32'];
export const FLOATS: readonly Dtype[] = ['f32', 'f64'];
export const INTEGERS: readonly Dtype[] = ['i32', 'u32'];

const isInt = (dtype: Dtype): boolean => dtype === 'i32' || dtype === 'u32';

export const addOp: Op<None> = /* @__PURE__ */ elementwise('add', {
  arity: 2,
  dtypes: NUMERIC,
  partials: [(dx) => dx, (dy) => dy],
  linearIn: { 0: (ct) => ct, 1: (ct) => ct },
  js: () => (x, y) => x! + y!,
  wasm: 'add',
});

export const subOp: Op<None> = /* @__PURE__ */ elementwise('sub', {
  arity: 2,
  dtypes: NUMERIC,
  partials: [(dx) => dx, (dy) => neg(dy)],
  linearIn: { 0: (ct) => ct, 1: (ct) => neg(ct) },
  js: () => (x, y) => x! - y!,
  wasm: 'sub',
});

export const mulOp: Op<None> = /* @__PURE__ */ elementwise('mul', {
  arity: 2,
  dtypes: NUMERIC,
  partials: [(dx, [, y]) => mul(dx, y!), (dy, [x]) => mul(x!, dy)],
  linearIn: { 0: (ct, [, y]) => mul(ct, y!), 1: (ct, [x]) => mul(x!, ct) },
  js: (dtype) => (isInt(dtype) ? (x, y) => Math.imul(x!, y!) : (x, y) => x! * y!),
  wasm: 'mul',
});

/** Integers truncate; x / 0 = 0 and the smallest i32 / −1 wraps. */
export const divOp: Op<None> = /* @__PURE__ */ elementwise('div', {
  arity: 2,
  dtypes: NUMERIC,
  partials: [(dx, [, y]) => div(dx, y!), (dy, [, y], z) => neg(mul(div(z, y!), dy))],
  linearIn: { 0: (ct, [, y]) => div(ct, y!) },
  js: (dtype) => (isInt(dtype) ? (x, y) => (y === 0 ? 0 : Math.trunc(x! / y!)) : (x, y) => x! / y!),
  wasm: 'div',
});

export const negOp: Op<None> = /* @__PURE__ */ elementwise('neg', {
  arity: 1,
  dtypes: NUMERIC,
  partials: [(dx) => neg(dx)],
  linearIn: { 0: (ct) => neg(ct) },
  js: () => (x) => -x!,
  wasm: 'neg',
});

const binary =
  (op: Op<None>) =>
  (x: TensorLike, y: TensorLike): Tensor =>
    bind1(op, promote(x, y), NONE);

/** x + y, with broadcasting. */
export const add: (x: TensorLike, y: TensorLike) => Tensor = /* @__PURE__ */ binary(addOp);
/** x − y, with broadcasting. */
export const sub: (x: TensorLike, y: TensorLike) => Tensor = /* @__PURE__ */ binary(subOp);
/** x · y element by element, with broadcasting. */
export const mul: (x: TensorLike, y: TensorLike) => Tensor = /* @__PURE__ */ binary(mulOp);
/** x / y; integers truncate towards zero. */
export const div: (x: TensorLike, y: TensorLike) => Tensor = /* @__PURE__ */ binary(divOp);
/** −x. */
export const neg = (x: TensorLike): Tensor => bind1(negOp, [asTensor(x)], NONE);

export const arithmeticChecks: readonly CheckRow[] = /* @__PURE__ */ arithmeticRows();

function arithmeticRows(): CheckRow[] {
  const rows = (name: string, f: CheckRow['f'], domain: readonly [number, number] = [-2, 2]): CheckRow[] => [
    { name, f: f, args: [{ shape: [3, 4] }, { shape: [3, 4], domain }] },
    { name: `${name}.broadcast`, f: f, args: [{ shape: [2, 1, 5] }, { shape: [3, 1], domain }] },
    { name: `${name}.scalar`, f: f, args: [{ shape: [7] }, { shape: [], domain }] },
    {
      name: `${name}.i32`,
      f: f,
      args: [
        { shape: [5], kind: 'i32', domain: [-9, 9] },
        { shape: [2, 5], kind: 'i32', domain: [-9, 9] },
      ],
    },
    {
      name: `${name}.u32`,
      f: f,
      args: [
        { shape: [5], kind: 'u32' },
        { shape: [5], kind: 'u32' },
      ],
    },
  ];
  return [
    ...rows('add', add),
    ...rows('sub', sub),
    ...rows('mul', mul),
    ...rows('div', div, [0.5, 3]),
    { name: 'neg', f: neg, args: [{ shape: [2, 3] }] },
    { name: 'neg.i32', f: neg, args: [{ shape: [5], kind: 'i32', domain: [-9, 9] }] },
  ];
}
