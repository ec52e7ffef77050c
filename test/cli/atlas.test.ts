/** `atlas` as a child process: lines by their schemas, what it keeps. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lineSchemas } from '../../src/cli/lines.ts';
import { cotangent, linesOf, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const atlas = (...more: string[]) => cotangent(['atlas', '--out', 'atlas', ...more], { cwd: folder });

const keptIn = (path: string): Record<string, unknown>[] =>
  readFileSync(join(folder, path), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }));

describe('atlas', () => {
  const small = ['--tasks', 'digits', '--rules', 'dfa,ep', '--models', 'mlp:16,mlp-tanh:16', '--json'];
  const sizes = [
    '--train-rows',
    '200',
    '--test-rows',
    '100',
    '--budget',
    '128samples',
    '--points',
    '2',
    '--probe',
    '20',
  ];
  const counts = ['--trials', '2', '--seeds', '1', '--most', '1000'];
  const run = (out: string, more: Parameters<typeof cotangent>[1] = {}) =>
    cotangent(['atlas', '--out', out, ...small, ...sizes, ...counts], { cwd: folder, ...more });

  it('keeps what was measured when it is killed, and the same command measures the rest', async () => {
    let isSent = false;
    const stopped = await run('stopped', {
      onOutput(child, stdout) {
        if (isSent || !stdout.includes('mlp-tanh')) return;
        isSent = true;
        child.kill('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('the same command goes on');
    const before = keptIn('stopped/digits.jsonl').length;
    expect(before).toBeGreaterThanOrEqual(1 + 6);
    expect(before).toBeLessThan(1 + 12);
    const ended = await run('stopped');
    expect(ended.code).toBe(0);
    const lines = linesOf(ended).map((line) => lineSchemas[line.type as keyof typeof lineSchemas].parse(line));
    expect(lines.map(({ type }) => type)).toEqual(['cell', 'cell', 'cell', 'cell', 'report']);
    expect(existsSync(join(folder, 'stopped/report.html'))).toBe(true);
    expect((await run('whole')).code).toBe(0);
    expect(keptIn('stopped/digits.jsonl').sort(byText)).toEqual(keptIn('whole/digits.jsonl').sort(byText));
  });

  it('tells what it refuses', async () => {
    const absent = await cotangent(['atlas', '--tasks', 'mnist', '--out', 'none', '--json'], {
      cwd: folder,
      env: { COTANGENT_DATA: folder },
    });
    expect(absent.code).toBe(0);
    expect(lineSchemas.refusal.parse(linesOf(absent)[0])).toMatchObject({ task: 'mnist', rule: null });
    const seconds = await cotangent(['atlas', '--tasks', 'digits', '--budget', '3s', '--json'], { cwd: folder });
    expect(seconds.code).toBe(2);
    expect(seconds.stdout).toContain('3 seconds to every fit');
  });
});

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

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
