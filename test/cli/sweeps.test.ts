/** `graph --at` as a child process: numbers, steps, pictures, refusals. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lineSchemas } from '../../src/cli/lines.ts';
import { cotangent, linesOf, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const graph = (...args: string[]) => cotangent(['graph', ...args], { cwd: folder });
const numbers = ['(a*b + c)*f', '--at', 'a=2,b=-3,c=10,f=-2'];

describe('graph --at', () => {
  it('gives values, gradients and steps by their schemas, and a picture of each step', async () => {
    const run = await graph(...numbers, '--steps', '--json', '--out', 'steps');
    expect(run.code).toBe(0);
    const lines = linesOf(run).map((line) => lineSchemas[line.type as keyof typeof lineSchemas].parse(line));
    const grads = lines.flatMap((line) => (line.type === 'value' ? [[line.label, line.data, line.grad]] : []));
    expect(grads).toEqual([
      ['a', 2, 6],
      ['b', -3, -4],
      ['c', 10, -2],
      ['f', -2, 4],
      ['v1', -6, -2],
      ['v2', 4, -2],
      ['v3', -8, 1],
    ]);
    const steps = lines.filter((line) => line.type === 'step');
    expect(steps[4]).toMatchObject({
      step: 5,
      from: 'v1',
      to: 'a',
      arrived: -2,
      local: -3,
      product: 6,
      before: 0,
      after: 6,
    });
    expect(lines.at(-1)).toMatchObject({ type: 'sweeps', forward: 3, backward: 10, forwardMode: 31 });
    expect(readdirSync(join(folder, 'steps/steps'))).toHaveLength(steps.length);
    expect(readFileSync(join(folder, 'steps/graph.dot'), 'utf8')).toContain('a | data\\ 2.0000 | grad\\ 6.0000');
    const third = readFileSync(join(folder, 'steps/steps/003.svg'), 'utf8');
    expect(third).toContain('step 3 of 6: 0.0000 + -2.0000 · 1.0000 = -2.0000');
    expect(third).toContain('>grad ?<'); // not yet reached
  });

  it('prints a table for people', async () => {
    const { stdout } = await graph(...numbers, '--out', 'table');
    expect(stdout).toMatch(/^v2 +\+ of v1 and c +4\.0000 +-2\.0000$/m);
    expect(stdout).toContain('3 operations, 10 more for all gradients (4.33 × together); by forward mode 31 in all');
  });

  it.each([
    [['a + b', '--at', 'a=1'], 'the input "b" has no number'],
    [['a + 1', '--at', 'a=1,b=2'], '--at names "b", which the expression does not use'],
    [['a + 1', '--at', 'a'], '"a" is not a list of numbers by name'],
    [['a + 1', '--steps'], '--steps needs numbers'],
    [['a + 1', '--at', 'a=1', '--shape', 'a=3'], '--at is for an expression of numbers'],
    [['stack([a, a])', '--at', 'a=1'], 'makes a tensor of shape'],
    [['1 + 2', '--at', 'a=1'], '--at names "a"'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await graph(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
