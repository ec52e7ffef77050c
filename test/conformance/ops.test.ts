/** The gradient table: every op that src/engine/ops exports, in every setting. */
import { afterAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/engine/backends/current.ts';
import { collect, opNameOf } from './collect.ts';
import { measure } from './measure.ts';
import { judge } from './tolerance.ts';

const { rows, ops } = await collect();

afterAll(() => setBackend('wasm'));

describe('every op', () => {
  const named = new Set(rows.map(opNameOf));
  it.each(ops.map(({ op, file }) => ({ name: op.name, file })))('$name ($file) has a row', ({ name }) => {
    expect(named).toContain(name);
  });

  it('has rows with names of their own', () => {
    expect(new Set(rows.map((r) => r.name)).size).toBe(rows.length);
  });
});

describe('the gradient table', () => {
  it.each(rows)('$name', (row) => {
    expect(judge(row, measure(row))).toEqual([]);
  });
});
