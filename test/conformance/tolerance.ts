/** What a measured row may be off by. */
import type { CheckRow } from '../../src/engine/check-row.ts';
import type { Measured } from './measure.ts';

/** Relative errors allowed where a row says nothing. */
export const TOLERANCE = {
  /** Values and derivatives in f32 against js in f64. */
  f32: 2e-6,
  /** Derivatives against differences in f64. */
  f64: 1e-8,
  /** ⟨ct, J·v⟩ against ⟨Jᵀ·ct, v⟩ in f64. */
  adjoint: 1e-12,
  /** f64 on wasm against js. */
  wasm: 1e-13,
} as const;

/** Derivatives of f32 chains lose a little more than values. */
const DERIVATIVE_FACTOR = 8;

/** One sentence for each thing that is wrong; empty for a good row. */
export function judge(row: CheckRow, measured: Measured): string[] {
  const wrong = [...measured.differences];
  const { f32 = TOLERANCE.f32, f64 = TOLERANCE.f64 } = row.tol ?? {};
  const within = (what: string, error: number | null, limit: number) => {
    if (error !== null && !(error <= limit)) wrong.push(`${what}: error ${error} is above ${limit}`);
  };
  for (const [setting, error] of measured.values)
    within(`value on ${setting}`, error, setting.endsWith('f32') ? f32 : TOLERANCE.wasm);
  for (const [setting, error] of measured.derivatives)
    within(
      `derivatives on ${setting}`,
      error,
      setting.endsWith('f32') ? f32 * DERIVATIVE_FACTOR : TOLERANCE.wasm * DERIVATIVE_FACTOR,
    );
  if (measured.checks === null) return wrong;
  within('forward against differences', measured.checks.forward, f64);
  within('reverse against forward', measured.checks.reverse, TOLERANCE.adjoint);
  within('forward over reverse against differences', measured.checks.forwardOverReverse, f64);
  within('reverse over reverse against forward over reverse', measured.checks.reverseOverReverse, TOLERANCE.adjoint);
  return wrong;
}
