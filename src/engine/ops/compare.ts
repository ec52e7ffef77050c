/** Comparisons: two operands of one dtype to bool. Nothing is equal to NaN, not even NaN. */
import type { EmitterName } from '../backends/wasm/emitters.ts';
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import type { Op } from '../op.ts';
import { type Binary, binary } from './apply.ts';
import { elementwise, type None } from './makers.ts';

const ALL: readonly Dtype[] = ['f32', 'f64', 'i32', 'u32', 'bool'];

function comparison(name: string, holds: (x: number, y: number) => boolean, wasm: EmitterName): Op<None> {
  return elementwise(name, {
    arity: 2,
    dtypes: ALL,
    result: () => 'bool',
    js: () => (x, y) => Number(holds(x!, y!)),
    wasm,
  });
}

export const eqOp: Op<None> = /* @__PURE__ */ comparison('eq', (x, y) => x === y, 'eq');
export const neOp: Op<None> = /* @__PURE__ */ comparison('ne', (x, y) => x !== y, 'ne');
export const ltOp: Op<None> = /* @__PURE__ */ comparison('lt', (x, y) => x < y, 'lt');
export const leOp: Op<None> = /* @__PURE__ */ comparison('le', (x, y) => x <= y, 'le');
export const gtOp: Op<None> = /* @__PURE__ */ comparison('gt', (x, y) => x > y, 'gt');
export const geOp: Op<None> = /* @__PURE__ */ comparison('ge', (x, y) => x >= y, 'ge');

/** Whether x = y, element by element. */
export const eq: Binary = /* @__PURE__ */ binary(eqOp);
/** Whether x ≠ y; true wherever one of them is NaN. */
export const ne: Binary = /* @__PURE__ */ binary(neOp);
/** Whether x < y. */
export const lt: Binary = /* @__PURE__ */ binary(ltOp);
/** Whether x ≤ y. */
export const le: Binary = /* @__PURE__ */ binary(leOp);
/** Whether x > y. */
export const gt: Binary = /* @__PURE__ */ binary(gtOp);
/** Whether x ≥ y. */
export const ge: Binary = /* @__PURE__ */ binary(geOp);

export const compareChecks: readonly CheckRow[] = /* @__PURE__ */ compareRows();

function compareRows(): CheckRow[] {
  return Object.entries({ eq, ne, lt, le, gt, ge }).flatMap(([name, f]) => [
    { name, f, args: [{ shape: [3, 5] }, { shape: [5] }] },
    ...(['i32', 'u32', 'bool'] as const).map(
      (kind): CheckRow => ({
        name: `${name}.${kind}`,
        f,
        args: [
          { shape: [2, 9], kind, domain: kind === 'i32' ? [-1, 1] : [0, 1] },
          { shape: [9], kind, domain: [0, 1] },
        ],
      }),
    ),
  ]);
}
