/** FEATURES.md is made from what is there: every op, every rule, every refusal. */
import { describe, expect, it } from 'vitest';
import { features } from '../scripts/features.ts';
import { opFeatures } from '../scripts/features-ops.ts';
import { factories } from '../src/methods/index.ts';
import { cases } from './conformance/rules.ts';

describe('the table of features', () => {
  it('has a line for every op, with the dtypes that are tested', async () => {
    const text = await features();
    const { ops } = await opFeatures();
    for (const { name, dtypes } of ops) {
      expect(dtypes, name).not.toBe('');
      expect(text).toContain(`| \`${name}\` | ${dtypes} |`);
    }
  });

  it('knows the derivatives of ops that everybody knows', async () => {
    const { ops, composites } = await opFeatures();
    const of = (name: string) => ops.find((op) => op.name === name);
    expect(of('tanh')).toMatchObject({ dtypes: 'f32 f64', wasm: 'kernel', order: 2 });
    expect(of('lt')).toMatchObject({ order: null });
    expect(of('lt')!.dtypes).toMatch(/^f32 f64 .*→ bool$/);
    expect(of('reshape')!.wasm).toBe('view');
    expect(composites).toContainEqual({ name: 'silu', order: 2 });
  });

  it('has a line for every rule and a reason for every refusal', async () => {
    const text = await features();
    for (const id of Object.keys(factories)) expect(text).toContain(`| \`${id}\` |`);
    const refusals = cases.filter(({ refusal }) => refusal !== null);
    expect(refusals.length).toBeGreaterThan(0);
    for (const { id, kind, refusal } of refusals) expect(text).toContain(`* \`${id}\`, ${kind}: ${refusal}.`);
  });
});
