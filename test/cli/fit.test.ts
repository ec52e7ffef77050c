/** `fit hamiltonian` as a child process: a table in, a model, roll-outs and pictures out; refusals. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { lineSchemas } from '../../src/cli/lines.ts';
import { tensor } from '../../src/index.ts';
import { energyAt, hamiltonianFromDocument } from '../../src/methods/hamiltonian/index.ts';
import { cotangent, linesOf, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const hamiltonian = (...args: string[]) => cotangent(['fit', 'hamiltonian', ...args], { cwd: folder });
const read = (path: string) => readFileSync(join(folder, path), 'utf8');

/** Circles of five radii, the exact motion of H = (q² + p²)/2. */
function circles(header: string, row: (run: number, t: number, q: number, p: number) => string): string {
  const rows = [0.4, 0.7, 1, 1.3, 1.6].flatMap((r, run) =>
    Array.from({ length: 70 }, (_, i) => row(run, i / 10, r * Math.cos(i / 10), -r * Math.sin(i / 10))),
  );
  return `${[header, ...rows].join('\n')}\n`;
}

beforeAll(() => {
  writeFileSync(
    join(folder, 'pairs.csv'),
    circles('run,t,q,p', (...row) => row.join(',')),
  );
  writeFileSync(
    join(folder, 'rates.csv'),
    circles('id,x,mx,vx,fx', (run, _, q, p) => [`r${run}`, q, p, p, -q].join(',')),
  );
  writeFileSync(join(folder, 'bare.csv'), 'q,p\n1,0\n0,1\n');
  writeFileSync(join(folder, 'head.csv'), 't,q,p\n');
  writeFileSync(join(folder, 'gap.csv'), 't,q,p,remark\n0,1,0,\n1,,1,windy\n2,1,0,\n');
  writeFileSync(join(folder, 'text.csv'), 't,q,p\n0,1,0\n1,half,1\n');
});

describe('fit hamiltonian', () => {
  it('learns an energy from pairs of states and writes what it found', async () => {
    const run = await hamiltonian('pairs.csv', '--json', '--out', 'fitted', '--steps', '200');
    expect(run.code).toBe(0);
    const [line, ...others] = linesOf(run).map((l) => lineSchemas.fit.parse(l));
    expect(others).toEqual([]);
    expect(line).toMatchObject({ freedoms: 1, runs: 5, rolledOut: 5, from: 'pairs of states', points: 276, held: 69 });
    expect(line!.heldError).toBeLessThan(1e-3);
    expect(line!.energyDrift).toBeLessThan(1e-3);
    const model = hamiltonianFromDocument(JSON.parse(read('fitted/model.json')));
    const states = tensor(
      [
        [0, 0.5],
        [1.5, 0],
        [0.4, 0],
      ],
      { dtype: 'f64' },
    );
    const [low, high, first] = energyAt(model, states).readSync() as Float64Array;
    expect(high! - low!).toBeCloseTo(1, 2);
    expect(first).toBeCloseTo(0, 6);
    const [head, ...rows] = read('fitted/predictions.csv').trim().split('\n');
    expect(head).toBe('run,t,q,p,energy');
    expect(rows).toHaveLength(5 * 201);
    expect(read('fitted/report.html')).toContain('Phase portrait of q and p');
  });

  it('takes measured velocities and columns of any name', async () => {
    const run = await hamiltonian(
      'rates.csv',
      '--q',
      'x',
      '--p',
      'mx',
      '--dq',
      'vx',
      '--dp',
      'fx',
      '--run',
      'id',
      '--json',
    );
    const line = lineSchemas.fit.parse(linesOf(run)[0]);
    expect(line).toMatchObject({ runs: 5, from: 'measured velocities', points: 280, held: 70 });
    expect(line.heldError).toBeLessThan(1e-3);
  });

  it('says what a table lacks', async () => {
    const lacking = await hamiltonian('bare.csv');
    expect(lacking.code).toBe(2);
    expect(lacking.stderr).toContain('bare.csv has neither velocities nor a time');
    expect((await hamiltonian('pairs.csv', '--q', 'q,t')).stderr).toContain('positions q, t; momenta p');
    expect((await hamiltonian('rates.csv', '--q', 'x', '--p', 'mx', '--dq', 'vx')).stderr).toContain('give both');
    expect((await hamiltonian('nowhere.csv')).stderr).toContain('cannot be read: ENOENT');
    expect((await cotangent(['fit', 'lagrangian', 'pairs.csv'], { cwd: folder })).stderr).toContain(
      'knows no kind "lagrangian"',
    );
  });

  it('says where a table cannot be used, and only minds the columns that it needs', async () => {
    expect((await hamiltonian('head.csv')).stderr).toContain('head.csv has a header and no rows');
    expect((await hamiltonian('gap.csv')).stderr).toContain('row 2 of the data has no value in column "q"');
    expect((await hamiltonian('text.csv')).stderr).toContain('column "q" holds text, such as "half"');
  });
});
