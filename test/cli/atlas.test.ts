/** `atlas` as a child process: lines by their schemas, what it keeps. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lineSchemas } from '../../src/cli/lines.ts';
import { cotangent, linesOf, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const atlas = (...more: string[]) => cotangent(['atlas', '--out', 'atlas', ...more], { cwd: folder });

describe('atlas --costs', () => {
  it('measures rules beside backprop and keeps the table', async () => {
    const costs = ['--costs', '--rounds', '2', '--rules', 'dfa,ep'];
    const ended = await atlas(...costs, '--json');
    expect(ended.code).toBe(0);
    const lines = linesOf(ended).map((line) => lineSchemas.cost.parse(line));
    expect(lines.map(({ rule, input }) => `${rule} ${input.join('×')}`)).toEqual([
      'direct-feedback-alignment 1×8×8',
      'equilibrium-propagation 1×8×8',
      'direct-feedback-alignment 1×28×28',
      'equilibrium-propagation 1×28×28',
    ]);
    for (const { quotient, timeRatio, flopsRatio } of lines) expect(quotient).toBeCloseTo(timeRatio / flopsRatio, 10);
    const kept = readFileSync(join(folder, 'atlas/costs.jsonl'), 'utf8').trim().split('\n');
    expect(JSON.parse(kept[0]!)).toMatchObject({ type: 'costs', clock: 'wall', rounds: 2 });
    expect(kept.slice(1).map((line) => JSON.parse(line))).toEqual(lines);
  });
});
