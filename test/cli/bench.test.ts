/** The verb `bench` as a user types it: real processes, our engine alone, one small workload. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../../scripts/entries.ts';
import { parseLines } from '../../src/run/schema.ts';

const bin = join(repository, 'bin/cotangent.js');

it('writes a line that the schema knows, with the share of the ceiling', () => {
  const out = execFileSync(
    process.execPath,
    [bin, 'bench', 'matmul-64', '--rounds', '2', '--peers', 'none', '--json'],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const [line] = parseLines(out);
  expect(line).toMatchObject({ type: 'bench', name: 'matmul-64', threads: 1, peer: null, ratio: null });
  expect((line as { share: number }).share).toBeGreaterThan(0);
}, 60_000);

it('refuses a workload it does not know, with those it knows', () => {
  const { status, stderr } = spawnSync(process.execPath, [bin, 'bench', 'matmil'], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toMatch(/no workload matmil[\s\S]*matmul-64/);
}, 60_000);
