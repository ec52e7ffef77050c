import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ClaimEvent } from '../../run/schema.ts';
import { definePaper } from './claim.ts';
import { recordsPage } from './page.ts';
import { emptyRecord, readRecord, readRecords, removeStrayFigures, withClaim, writeRecord } from './record.ts';
import { resultsPage } from './results.ts';

const folder = mkdtempSync(join(tmpdir(), 'cotangent-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

const paper = definePaper({
  slug: 'made-up',
  title: 'Made <up>',
  citation: { authors: 'Nobody', title: 'Made up', year: 2026 },
  summary: 'A paper for tests.',
  methods: [],
  claims: [],
});

const start = emptyRecord(paper, {
  scale: 'full',
  seed: 1,
  profile: 'fma',
  machine: { cpu: 'abacus', cores: 2, node: '24.0.0' },
  version: '0.0.0',
  load: 0.5,
});

const claim: ClaimEvent = {
  type: 'claim',
  paper: 'made-up',
  id: 'a',
  kind: 'identity',
  sentence: 'a | b < c.',
  published: 'about 4',
  measured: 3.5,
  unit: '%',
  threshold: { op: '>=', value: 4 },
  expected: 'not reproduced',
  holds: false,
  seconds: 2,
  why: 'Because it is made up.',
};
const figures = [{ name: 'curve', caption: 'A curve', svg: '<svg xmlns="http://www.w3.org/2000/svg"/>' }];
const tables = [{ name: 't', caption: 'Numbers', head: ['x', 'y'], rows: [[1, 'one']] }];
const record = withClaim(start, claim, { figures, tables });

describe('a record', () => {
  it('is read as it was written, pictures too', async () => {
    await writeRecord(folder, record, start);
    expect(readdirSync(join(folder, 'made-up'))).toEqual(['curve.svg']);
    expect(await readRecord(folder, 'made-up')).toEqual(record);
    expect(await readRecords(folder)).toEqual([record]);
    expect(await readRecord(folder, 'another')).toBeNull();
  });

  it('replaces claims, pictures and tables of the same name', () => {
    const again = withClaim(
      record,
      { ...claim, measured: 5 },
      { figures: [{ ...figures[0]!, caption: 'New' }], tables },
    );
    expect(again.claims.map((c) => c.measured)).toEqual([5]);
    expect(again.figures.map((f) => f.caption)).toEqual(['New']);
    expect(again.tables).toHaveLength(1);
  });

  it('leaves no picture behind that it does not name', async () => {
    writeFileSync(join(folder, 'made-up/old.svg'), '<svg/>');
    await removeStrayFigures(folder, record);
    expect(existsSync(join(folder, 'made-up/old.svg'))).toBe(false);
    expect(existsSync(join(folder, 'made-up/curve.svg'))).toBe(true);
  });

  it('that is none is refused by its path', async () => {
    writeFileSync(join(folder, 'broken.json'), '{"format":');
    await expect(readRecord(folder, 'broken')).rejects.toThrow('broken.json is not a record of a paper');
  });
});

describe('the pages of records', () => {
  it('tell every claim, what did not reproduce with its reason, in Markdown', () => {
    const page = resultsPage([record]);
    expect(page).toContain('0 of 1 claims of 1 paper hold');
    expect(page).toContain('| `a` a \\| b < c. | identity | about 4 | 3.50 % | ≥ 4.00 % | not reproduced |');
    expect(page).toContain('- `a`: Because it is made up.');
    expect(page).toContain('![A curve](results/made-up/curve.svg)');
    expect(page).toContain('| 1 | one |');
  });

  it('and as HTML, escaped', () => {
    const page = recordsPage([record]);
    expect(page).toContain('Made &#60;up&#62;');
    expect(page).toContain('a | b &#60; c.');
    expect(page).toContain(figures[0]!.svg);
  });
});
