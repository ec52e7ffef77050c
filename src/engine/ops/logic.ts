/** Logic on bool tensors, and selection by one. */
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import { DtypeError } from '../errors.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { type Binary, binary, type Unary, unary } from './apply.ts';
import type { TensorLike } from './constant.ts';
import { elementwise, NONE, type None } from './makers.ts';
import { promote } from './promote.ts';

const BOOL: readonly Dtype[] = ['bool'];

export const andOp: Op<None> = /* @__PURE__ */ elementwise('and', {
  arity: 2,
  dtypes: BOOL,
  js: () => (x, y) => x! & y!,
  wasm: 'and',
});
export const orOp: Op<None> = /* @__PURE__ */ elementwise('or', {
  arity: 2,
  dtypes: BOOL,
  js: () => (x, y) => x! | y!,
  wasm: 'or',
});
export const xorOp: Op<None> = /* @__PURE__ */ elementwise('xor', {
  arity: 2,
  dtypes: BOOL,
  js: () => (x, y) => x! ^ y!,
  wasm: 'xor',
});
export const notOp: Op<None> = /* @__PURE__ */ elementwise('not', {
  arity: 1,
  dtypes: BOOL,
  js: () => (x) => 1 - x!,
  wasm: 'not',
});

/** Whether both hold. */
export const and: Binary = /* @__PURE__ */ binary(andOp);
/** Whether at least one holds. */
export const or: Binary = /* @__PURE__ */ binary(orOp);
/** Whether exactly one holds. */
export const xor: Binary = /* @__PURE__ */ binary(xorOp);
/** Whether x does not hold. */
export const not: Unary = /* @__PURE__ */ unary(notOp);

/** Selection never multiplies: what stands in the other branch, NaN too, reaches neither value nor derivative. */
export const whereOp: Op<None> = /* @__PURE__ */ elementwise('where', {
  arity: 3,
  dtypes: ['f32', 'f64', 'i32', 'u32', 'bool'],
  check: checkWhere,
  result: (ins) => ins[1]!,
  partials: [null, (da, [c]) => where(c!, da, 0), (db, [c]) => where(c!, 0, db)],
  linearIn: { 1: (ct, [c]) => where(c!, ct, 0), 2: (ct, [c]) => where(c!, 0, ct) },
  js: () => (c, a, b) => (c !== 0 ? a! : b!),
  wasm: 'where',
});

function checkWhere([condition, a, b]: readonly Dtype[]): void {
  if (condition !== 'bool')
    throw new DtypeError(`where: the condition has dtype ${condition}, not bool`, {
      dtype: condition,
      help: 'compare first: where(gt(x, 0), a, b)',
    });
  if (a !== b)
    throw new DtypeError(`where: the branches have dtypes ${a} and ${b}`, {
      dtypes: [a, b],
      help: `cast one of them, for example cast(b, '${a}')`,
    });
}

/** a where the condition holds, else b, with broadcasting; both branches are computed, and only the selected one gets a derivative. */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  return bind1(whereOp, [condition, ...promote(a, b)], NONE);
}

export const logicChecks: readonly CheckRow[] = /* @__PURE__ */ logicRows();

function logicRows(): CheckRow[] {
  const bool = { shape: [3, 4], kind: 'bool' } as const;
  const select: CheckRow['f'] = (c, a, b) => where(c!, a!, b!);
  return [
    { name: 'and', f: and, args: [bool, bool] },
    { name: 'or', f: or, args: [bool, bool] },
    { name: 'xor', f: xor, args: [bool, { ...bool, shape: [4] }] },
    { name: 'not', f: not, args: [bool] },
    { name: 'where', f: select, args: [bool, { shape: [3, 4] }, { shape: [3, 4] }] },
    { name: 'where.broadcast', f: select, args: [{ ...bool, shape: [3, 1] }, { shape: [4] }, { shape: [2, 1, 1] }] },
    { name: 'where.number', f: (c, a) => where(c!, a!, -1), args: [bool, { shape: [3, 4] }] },
    { name: 'where.i32', f: select, args: [bool, { shape: [4], kind: 'i32' }, { shape: [3, 4], kind: 'i32' }] },
  ];
}
