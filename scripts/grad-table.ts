/** Writes docs/gradient-table.md: the measured errors of every row of the gradient table. */
import { writeFileSync } from 'node:fs';
import { collect } from '../test/conformance/collect.ts';
import { type Measured, measure } from '../test/conformance/measure.ts';
import { judge, TOLERANCE } from '../test/conformance/tolerance.ts';

const { rows, ops } = await collect();
const measured = rows.map((row) => ({ row, result: measure(row) }));
const failures = measured.flatMap(({ row, result }) =>
  judge(row, result).map((sentence) => `${row.name}: ${sentence}`),
);

const show = (error: number | null | undefined): string => {
  if (error === null || error === undefined) return '–';
  return error === 0 ? '0' : error.toExponential(0);
};

/** The largest error over the settings of one backend and dtype. */
function largest(errors: ReadonlyMap<string, number>, backend: string, dtype: string): number | null {
  const found = [...errors]
    .filter(([setting]) => setting.startsWith(backend) && setting.endsWith(dtype))
    .map(([, e]) => e);
  return found.length === 0 ? null : Math.max(...found);
}

function line({ name, order, values, derivatives, checks, differences }: Measured): string {
  const slopes =
    order === 0 ? [null, null] : [largest(derivatives, 'wasm', 'f64'), largest(derivatives, 'wasm', 'f32')];
  const bits = differences.length === 0 ? 'equal' : `${differences.length} differ`;
  const cells = [
    largest(values, 'wasm', 'f64'),
    largest(values, 'wasm', 'f32'),
    checks?.forward,
    checks?.reverse,
    checks?.forwardOverReverse,
    checks?.reverseOverReverse,
    ...slopes,
  ];
  return `| ${name} | ${order} | ${cells.map(show).join(' | ')} | ${bits} |`;
}

const text = `# The gradient table

Written by \`npm run grad-table\`; tested, with tolerances, by \`test/conformance/ops.test.ts\`. ${ops.length} ops, ${rows.length} rows.

Largest relative errors. *Values* on wasm against js in f64. *Forward*: jvp against extrapolated central differences, js in f64. *Reverse*: ⟨ct, J·v⟩ against ⟨Jᵀ·ct, v⟩. *fr* and *rr*: the same two of x ↦ Jᵀ(x)·c, forward over reverse and reverse over reverse. *Derivatives* on wasm, all orders, against js in f64.
*Bits*: eager, jit interpreted, jit compiled and vmap against its loop are equal to the last bit in f32 and f64, in every rounding profile of the machine, and no memory stays behind. Limits unless a row says otherwise: values ${TOLERANCE.wasm} and ${TOLERANCE.f32}, differences ${TOLERANCE.f64}, inner products ${TOLERANCE.adjoint}.

| row | order | value f64 | value f32 | forward | reverse | fr | rr | derivatives f64 | derivatives f32 | bits |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|
${measured.map(({ result }) => line(result)).join('\n')}
`;

writeFileSync(new URL('../docs/gradient-table.md', import.meta.url), text);
for (const sentence of failures) console.error(sentence);
console.log(`${rows.length} rows of ${ops.length} ops, ${failures.length} outside their tolerance`);
process.exitCode = failures.length === 0 ? 0 : 1;
