/** `reproduce` as a child process: lines by their schemas, exit codes, an interrupted run that goes on, what is refused. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLine } from '../../src/run/schema.ts';
import { cotangent, type Ended, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const events = ({ stdout }: Pick<Ended, 'stdout'>) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => parseLine(line));

const reproduce = (...more: string[]) => cotangent(['reproduce', ...more], { cwd: folder });

describe('reproduce', () => {
  it('writes claims and a summary by their schemas, a record and a page that loads nothing', async () => {
    const run = await reproduce('backprop-basics', '--only', 'ratio-bound,crossover-sum', '--json', '--out', 'one');
    expect(run.code).toBe(0);
    const lines = events(run);
    expect(lines.map((line) => line.type)).toEqual(['claim', 'claim', 'summary']);
    expect(lines[0]).toMatchObject({ paper: 'backprop-basics', id: 'ratio-bound', holds: true, expected: 'holds' });
    expect(lines[2]).toEqual({
      type: 'summary',
      paper: 'backprop-basics',
      scale: 'quick',
      claims: 2,
      hold: 2,
      unexpected: 0,
    });
    expect(run.stderr).toContain('2 of 2 claims hold');
    const record = JSON.parse(readFileSync(join(folder, 'one/backprop-basics.json'), 'utf8'));
    expect(record).toMatchObject({ format: 'cotangent-record', scale: 'quick', seed: 1 });
    expect(record.claims).toHaveLength(2);
    const page = readFileSync(join(folder, 'one/report.html'), 'utf8');
    expect(page).toContain('ratio-bound');
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|@import|url\(/);
  });

  it.skipIf(process.env.COTANGENT_DATA === undefined)(
    'keeps what was measured when it is killed, and measures the rest on resume',
    async () => {
      let isSent = false;
      const interrupted = await cotangent(['reproduce', 'backprop-basics', '--json', '--out', 'stopped'], {
        cwd: folder,
        onOutput(child, stdout) {
          if (isSent || stdout.split('\n').length < 4) return;
          isSent = true;
          child.kill('SIGINT');
        },
      });
      expect(interrupted.code).toBe(130);
      expect(interrupted.stderr).toContain('go on with cotangent reproduce --resume stopped');
      const kept = JSON.parse(readFileSync(join(folder, 'stopped/backprop-basics.json'), 'utf8')).claims;
      expect(kept.length).toBeGreaterThan(0);
      expect(existsSync(join(folder, 'stopped/report.html'))).toBe(false);
      const resumed = await reproduce('--resume', 'stopped', '--json');
      expect(resumed.code).toBe(0);
      const claims = events(resumed).filter((line) => line.type === 'claim');
      expect(claims.slice(0, kept.length)).toEqual(kept); // the very lines, seconds too: they were not measured again
      expect(new Set(claims.map((c) => c.id)).size).toBe(claims.length);
      expect(events(resumed).at(-1)).toMatchObject({ type: 'summary', claims: claims.length });
    },
  );

  it('exits with 1 when a claim comes out other than expected, here for want of data', async () => {
    const args = ['reproduce', 'backprop-basics', '--only', 'blog-backwards,factor-three-least,iris-improved-mean'];
    const run = await cotangent([...args, '--json', '--out', 'dataless'], {
      cwd: folder,
      env: { COTANGENT_DATA: join(folder, 'none') },
    });
    expect(run.code).toBe(1);
    expect(events(run).at(-1)).toMatchObject({ claims: 3, hold: 1, unexpected: 2 });
    expect(run.stderr).toContain('could not be measured: iris-improved-mean, factor-three-least: iris:');
  });

  it.each([
    [['no-such-paper'], 'there is no paper "no-such-paper"'],
    [[], 'no paper was named'],
    [['--all', 'backprop-basics'], 'exclude one another'],
    [['backprop-basics', '--only', 'nothing'], 'there is no claim "nothing" at quick scale'],
    [['backprop-basics', '--save'], '--save records whole papers at full scale'],
    [['backprop-basics', '--out', 'one'], 'one already holds a run'],
    [['--resume', 'nowhere'], 'nowhere holds no run of reproduce'],
    [['--resume', 'one', '--scale', 'full'], '--scale cannot change when a run is resumed'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr, stdout } = await reproduce(...args);
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([2, '']);
  });
});
