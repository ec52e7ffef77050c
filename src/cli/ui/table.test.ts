import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BenchEvent, ClaimEvent, Event } from '../../run/schema.ts';
import { benchTable, claimTable, compareTable } from './results.ts';
import { table } from './table.ts';
import { style, textWidth } from './text.ts';

const plain = { width: 200, style: style(false) };
const columns = [
  { head: 'name' },
  { head: 'score', align: 'right' },
  { head: 'note', rank: 2 },
  { head: 'time', align: 'right', rank: 1 },
] as const;
const rows = [
  ['feedback-alignment', '7', 'slow', '12 s'],
  ['backprop', '10', 'exact', '9.1 s'],
];

describe('table', () => {
  it('aligns its columns', () => {
    expect(table(columns, rows, plain)).toEqual([
      'name                score  note    time',
      '───────────────────────────────────────',
      'feedback-alignment      7  slow    12 s',
      'backprop               10  exact  9.1 s',
    ]);
  });

  it('leaves out columns by rank, says so, and cuts names last', () => {
    expect(table(columns, rows, { ...plain, width: 34 })).toEqual([
      'name                score   time',
      '────────────────────────────────',
      'feedback-alignment      7   12 s',
      'backprop               10  9.1 s',
      'not shown for want of width: note',
    ]);
    expect(table(columns, rows, { ...plain, width: 20 })).toEqual([
      'name           score',
      '────────────────────',
      'feedback-ali…      7',
      'backprop          10',
      'not shown for want …',
    ]);
  });

  it('fits any width', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 80 }),
        fc.array(fc.tuple(fc.string(), fc.string(), fc.string(), fc.string())),
        (width, cells) => {
          for (const line of table(columns, cells, { ...plain, width }))
            expect(textWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

const rule = (id: string, mean: number | null, angleDeg: (number | null)[]) => ({
  rule: id,
  accuracy: { mean, ci95: 0.004, n: 3 },
  loss: { mean: mean === null ? null : 0.2134, ci95: 0.01, n: 3 },
  angleDeg,
  flops: 12.34e9,
  peakBytes: 4.1 * 2 ** 20,
  seconds: 3.24,
});

describe('compareTable', () => {
  const events: Event[] = [
    { type: 'skip', rule: 'kolen-pollack', reason: 'no dense\nlayers' },
    {
      type: 'summary',
      task: 'digits',
      model: 'mlp',
      budget: { kind: 'epochs', value: 1 },
      rules: [rule('dfa', 0.9512, [58.4, 3.14, null]), rule('broken', null, [91]), rule('backprop', 0.9731, [0, 0, 0])],
    },
  ];

  it('tells p-values where rules were tested, a star below 0.05', () => {
    const test = { rule: 'dfa', baseline: 'backprop', metric: 'accuracy', n: 3, difference: -0.02 } as const;
    const told = events.map((e) =>
      e.type === 'summary' && 'rules' in e
        ? { ...e, tests: [{ ...test, low: -0.03, high: -0.01, pRaw: 0.01, p: 0.0123 }] }
        : e,
    );
    const [head, , , row] = compareTable(told, plain);
    expect(head).toMatch(/accuracy +p +loss/);
    expect(row).toContain('0.012*');
  });

  it('tells everything with units, best first', () => {
    expect(compareTable(events, plain)).toEqual([
      'rule          accuracy           loss     ∠ per layer       FLOPs      peak   time',
      '──────────────────────────────────────────────────────────────────────────────────',
      'backprop  97.3 ± 0.4 %  0.213 ± 0.010    0°   0°   0°  12.3 GFLOP  4.10 MiB  3.2 s',
      'dfa       95.1 ± 0.4 %  0.213 ± 0.010   58° 3.1°    –  12.3 GFLOP  4.10 MiB  3.2 s',
      'broken               –       diverged             91°  12.3 GFLOP  4.10 MiB  3.2 s',
      'kolen-pollack skipped: no dense layers',
    ]);
  });

  it('shortens the angles of a deep model', () => {
    const deep: Event[] = [
      {
        ...(events[1] as Extract<Event, { type: 'summary' }>),
        rules: [rule('dfa', 0.9, [81, 72, 63, 54, 45, 36, 27])],
      } as Event,
    ];
    expect(compareTable(deep, plain).join('\n')).toContain(' 81°  72°  63° …  36°  27°');
  });

  it('tells bits and perplexity of text', () => {
    const text = { bitsPerCharacter: { mean: 3.5, ci95: 0.1, n: 3 }, perplexity: { mean: 11.3, ci95: 1, n: 3 } };
    const summary = events[1] as Extract<Event, { type: 'summary' }>;
    const [head, , row] = compareTable(
      [{ ...summary, rules: [{ ...rule('dfa', 0.3, [80]), ...text }] } as Event],
      plain,
    );
    expect(head).toMatch(/loss +bits\/char +perplexity/);
    expect(row).toMatch(/3\.50 +11\.3/);
  });

  it('is empty without a summary', () => expect(compareTable([events[0]!], plain)).toEqual([]));
});

describe('claimTable and benchTable', () => {
  const claim: ClaimEvent = {
    type: 'claim',
    paper: 'dfa',
    id: 'mnist-error',
    kind: 'learning',
    sentence: 'It learns.',
    published: 2.1,
    measured: 2.34,
    unit: '%',
    threshold: { op: '<=', value: 3 },
    expected: 'holds',
    holds: true,
    seconds: 12,
  };

  it('say what held, and mark what was not expected', () => {
    const marked = claimTable(
      [claim, { ...claim, holds: false }, { ...claim, holds: false, expected: 'not reproduced' }],
      { width: 200, style: style(true) },
    );
    expect(marked[2]).toMatch(/mnist-error {2}learning +2\.10 % +2\.34 % +<= 3\.00 %/);
    expect(marked[2]).toContain('\u001b[32mholds');
    expect(marked[3]).toContain('\u001b[31mnot reproduced (expected: holds)');
    expect(marked[4]).toContain('\u001b[33mnot reproduced');
  });

  it('show ratios above one where we are faster, and peers that cannot run it', () => {
    const line: BenchEvent = {
      type: 'bench',
      name: 'matmul 512',
      threads: 1,
      ours: { ms: 5.1 },
      peer: 'jax-js',
      theirs: { ms: 10.2 },
      ratio: 2,
      gflops: 52.4,
      share: 0.91,
    };
    const lines = benchTable([line, { ...line, peer: null, theirs: null, ratio: null }], plain);
    expect(lines[2]).toMatch(/^matmul 512 +1 +5\.10 ms +jax-js +10\.2 ms +2\.00 × +52\.4 +91 %$/);
    expect(lines[3]).toMatch(/^matmul 512 +1 +5\.10 ms +– +– +– +52\.4 +91 %$/);
  });
});
