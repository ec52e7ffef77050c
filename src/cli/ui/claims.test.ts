import { describe, expect, it } from 'vitest';
import type { ClaimEvent } from '../../run/schema.ts';
import { claimBoard, ledgerTables, type PaperState } from './claims.ts';
import { style } from './text.ts';

const plain = { width: 100, style: style(false) };

const claim: ClaimEvent = {
  type: 'claim',
  paper: 'one',
  id: 'learns',
  kind: 'learning',
  sentence: 'It learns.',
  published: 2.1,
  measured: 3,
  unit: '%',
  threshold: { op: '<=', value: 3 },
  expected: 'holds',
  holds: true,
  seconds: 12,
};

describe('the tables of the ledger', () => {
  it('stand paper by paper, with the same reason told once and every why below', () => {
    const failed = { ...claim, measured: null, holds: false, failure: 'no data' };
    const lines = ledgerTables(
      [claim, { ...failed, id: 'b' }, { ...failed, id: 'c' }, { ...claim, paper: 'two', why: 'As printed there.' }],
      plain,
    );
    expect(lines[0]).toBe('one  1 of 3 claims hold');
    expect(lines).toContain('could not be measured: b, c: no data');
    expect(lines.indexOf('two  1 of 1 claims hold')).toBeGreaterThan(
      lines.indexOf('could not be measured: b, c: no data'),
    );
    expect(lines.at(-1)).toBe('learns: As printed there.');
  });

  it('are wrapped to the width', () => {
    const why = 'word '.repeat(60).trim();
    for (const line of ledgerTables([{ ...claim, why }], { ...plain, width: 60 }))
      expect(line.length).toBeLessThanOrEqual(62);
  });
});

describe('the board of a running ledger', () => {
  const paper = (name: string, over: Partial<PaperState> = {}): PaperState => ({
    paper: name,
    claims: 4,
    measured: 0,
    hold: 0,
    unexpected: 0,
    now: null,
    ...over,
  });

  it('shows papers at work first, and no more lines than there is room', () => {
    const papers = [
      paper('waits'),
      paper('ended', { measured: 4, hold: 3, unexpected: 1 }),
      paper('works', { measured: 1, hold: 1, now: 'training 30 %' }),
    ];
    const look = { columns: 100, style: style(false), seconds: 61 };
    const board = claimBoard(papers, { ...look, rows: 24 });
    expect(board.map((line) => line.trim().split(' ')[0])).toEqual(['works', 'ended', 'waits', '5']);
    expect(board[0]).toContain('1 of 4, 1 hold  training 30 %');
    expect(board[1]).toContain('4 of 4, 3 hold, 1 unexpected');
    expect(board[3]).toBe('  5 of 12 claims in 1 min 01 s');
    const small = claimBoard(papers, { ...look, rows: 4, columns: 30 });
    expect(small).toHaveLength(2);
    for (const line of small) expect(line.length).toBeLessThan(30);
  });
});
