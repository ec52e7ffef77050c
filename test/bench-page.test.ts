/** docs/BENCH.md says what the records say, and every workload of the bench has a side of ours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ours } from '../bench/ours/index.ts';
import { workloads } from '../bench/workloads.ts';
import { benchPage } from '../scripts/bench-page.ts';
import { repository } from '../scripts/entries.ts';

it('docs/BENCH.md is what the records in docs/bench say (npm run bench-page writes it)', () => {
  expect(readFileSync(join(repository, 'docs/BENCH.md'), 'utf8')).toBe(benchPage());
});

it('the small workloads can be prepared', async () => {
  const names = workloads.map((w) => w.name).filter((name) => /^(matmul-64|mlp-16|eager|jit-call|lstm)/.test(name));
  expect(names).toHaveLength(5);
  for (const name of names) expect((await ours.prepare(name))?.name).toBe('ours');
});
