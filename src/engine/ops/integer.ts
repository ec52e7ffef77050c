/** Integers: remainders, shifts and bits of i32 and u32, modulo 2³². */
import type { EmitterName } from '../backends/wasm/emitters.ts';
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import type { Op } from '../op.ts';
import { type Binary, binary, type Unary, unary } from './apply.ts';
import { INTEGERS } from './arithmetic.ts';
import { elementwise, type None, type ScalarFunction } from './makers.ts';

function integerOp(name: string, arity: 1 | 2, js: (dtype: Dtype) => ScalarFunction, wasm: EmitterName): Op<None> {
  return elementwise(name, { arity, dtypes: INTEGERS, js, wasm });
}

export const remOp: Op<None> = /* @__PURE__ */ integerOp('rem', 2, () => (x, y) => (y === 0 ? 0 : x! % y!), 'rem');
export const shiftLeftOp: Op<None> = /* @__PURE__ */ integerOp('shiftLeft', 2, () => (x, n) => x! << n!, 'shiftLeft');
export const shiftRightOp: Op<None> = /* @__PURE__ */ integerOp(
  'shiftRight',
  2,
  (dtype) => (dtype === 'i32' ? (x, n) => x! >> n! : (x, n) => x! >>> n!),
  'shiftRight',
);
export const bitAndOp: Op<None> = /* @__PURE__ */ integerOp('bitAnd', 2, () => (x, y) => x! & y!, 'bitAnd');
export const bitOrOp: Op<None> = /* @__PURE__ */ integerOp('bitOr', 2, () => (x, y) => x! | y!, 'bitOr');
export const bitXorOp: Op<None> = /* @__PURE__ */ integerOp('bitXor', 2, () => (x, y) => x! ^ y!, 'bitXor');
export const bitNotOp: Op<None> = /* @__PURE__ */ integerOp('bitNot', 1, () => (x) => ~x!, 'bitNot');
export const popcountOp: Op<None> = /* @__PURE__ */ integerOp('popcount', 1, () => (x) => ones(x!), 'popcount');

function ones(x: number): number {
  let count = 0;
  for (let rest = x >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The remainder of x / y with the sign of x; 0 where y = 0. */
export const rem: Binary = /* @__PURE__ */ binary(remOp);
/** x · 2ⁿ, bits above the 32nd lost; the count is taken modulo 32. */
export const shiftLeft: Binary = /* @__PURE__ */ binary(shiftLeftOp);
/** x shifted right by n modulo 32: i32 keeps its sign, u32 takes in zeros. */
export const shiftRight: Binary = /* @__PURE__ */ binary(shiftRightOp);
/** Bits set in both. */
export const bitAnd: Binary = /* @__PURE__ */ binary(bitAndOp);
/** Bits set in at least one. */
export const bitOr: Binary = /* @__PURE__ */ binary(bitOrOp);
/** Bits set in exactly one. */
export const bitXor: Binary = /* @__PURE__ */ binary(bitXorOp);
/** All bits turned. */
export const bitNot: Unary = /* @__PURE__ */ unary(bitNotOp);
/** The number of set bits. */
export const popcount: Unary = /* @__PURE__ */ unary(popcountOp);

export const integerChecks: readonly CheckRow[] = /* @__PURE__ */ integerRows();

function integerRows(): CheckRow[] {
  const wide = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;
  return (['i32', 'u32'] as const).flatMap((kind) => {
    const x = { shape: [3, 5], kind, domain: wide[kind] };
    const row = (name: string, f: CheckRow['f'], ...args: CheckRow['args']): CheckRow => ({
      name: `${name}.${kind}`,
      f,
      args,
    });
    return [
      row('rem', rem, x, { shape: [5], kind, domain: kind === 'i32' ? [-9, 9] : [0, 9] }),
      ...Object.entries({ shiftLeft, shiftRight }).map(([name, f]) =>
        row(name, f, x, { shape: [3, 1], kind, domain: [0, 40] }),
      ),
      ...Object.entries({ bitAnd, bitOr, bitXor }).map(([name, f]) => row(name, f, x, { ...x, shape: [5] })),
      row('bitNot', bitNot, x),
      row('popcount', popcount, x),
    ];
  });
}
