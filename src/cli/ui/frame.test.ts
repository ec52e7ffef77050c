import { describe, expect, it } from 'vitest';
import type { Event } from '../../run/schema.ts';
import { frame } from './frame.ts';
import { plainLine } from './plain.ts';
import { advance, emptyState, type History, remainingMs, remember, totalFraction } from './state.ts';
import { style, textWidth } from './text.ts';

const start = (rules: string[], seeds = [0, 1]): Event => ({
  type: 'start',
  task: 'digits',
  model: 'mlp 64-32-10',
  budget: { kind: 'epochs', value: 4 },
  rules,
  seeds,
  layers: ['dense 0'],
  profile: 'fma',
  machine: { cpu: 'c', cores: 2, node: '24' },
  version: '0',
});
const tick = (rule: string, seed: number, step: number, loss: number | null): Event => ({
  type: 'progress',
  rule,
  seed,
  epoch: 0,
  step,
  steps: 100,
  loss,
});
const epoch = (rule: string, seed: number, at: number): Event => ({
  type: 'epoch',
  rule,
  seed,
  epoch: at,
  step: 1,
  samples: 1,
  trainLoss: 1,
  loss: 0.5,
  accuracy: 0.9,
  angleDeg: [],
  normRatio: [],
  flops: 1,
  seconds: 2.5,
});
const result = (rule: string, seed: number, accuracy: number | null, loss: number | null): Event => ({
  type: 'result',
  rule,
  seed,
  accuracy,
  loss,
  angleDeg: [],
  flops: 2e9,
  peakBytes: 1024,
  seconds: 3,
});
const play = (events: [number, Event][]) => events.reduce((state, [now, e]) => advance(state, e, now), emptyState(0));
const view = (columns: number, now: number, rows = 24) => ({ columns, rows, now, style: style(false) });

const story: [number, Event][] = [
  [0, start(['backprop', 'dfa', 'perturb', 'tied'])],
  [10, { type: 'skip', rule: 'tied', reason: 'two weights\nare one' }],
  ...[2, 1.5, 1, 0.5].map((loss, i): [number, Event] => [1000 + i, tick('backprop', 0, 25 * (i + 1), loss)]),
  [2000, result('backprop', 0, 0.96, 0.2)],
  [3000, result('backprop', 1, 0.98, 0.1)],
  [3500, tick('dfa', 0, 50, 0.75)],
];

describe('frame', () => {
  it('shows every rule: done, running, waiting, skipped', () => {
    const line = (name: string, bar: string, percent: string, spark: string, accuracy: string, status: string) =>
      `  ${name.padEnd(8)}  ${bar.padEnd(24, '─')} ${percent.padStart(5)}  ${spark.padEnd(16)}  ${accuracy.padStart(7)}  ${status}`;
    expect(frame(play(story), view(100, 4000))).toEqual([
      'digits mlp 64-32-10',
      line('backprop', '━'.repeat(24), '100 %', '█▆▃▁', '97.0 %', 'done in 6.0 s'), // (96 + 98) / 2; two runs of 3 s
      line('dfa', '━'.repeat(6), '25 %', '▁', '', 'seed 1 of 2, loss 0.750'), // half of one of two seeds
      line('perturb', '', '0 %', '', '', 'waiting'),
      '  tied      skipped: two weights are one',
      '  2 of 6 runs, 41 % in 4.0 s, about 5.6 s left', // (1 + ¼ + 0) / 3 in 4 s
    ]);
  });

  it('draws the loss of the run that moved last', () => {
    const state = play(story.slice(0, 6));
    expect(frame(state, view(100, 1500))[1]).toContain('█▆▃▁'); // 2, 1.5, 1, 0.5 on the eight levels 0 … 7: 7, 4.67, 2.33, 0
  });

  it('fits any terminal in width and height', () => {
    const many = Array.from({ length: 40 }, (_, i) => `rule-${i}-with-a-rather-long-name`);
    const state = play([
      [0, start(many)],
      [1, tick(many[30]!, 0, 50, 1)],
      [2, result(many[0]!, 0, 0.5, 1)],
      [3, result(many[0]!, 1, 0.5, 1)],
    ]);
    for (const columns of [20, 40, 66, 84, 200]) {
      for (const rows of [4, 10, 24, 60]) {
        const lines = frame(state, view(columns, 10, rows));
        expect(lines.length).toBeLessThan(rows);
        for (const line of lines) expect(textWidth(line)).toBeLessThan(columns);
      }
    }
    const short = frame(state, view(90, 10, 10)).join('\n');
    expect(short).toContain('rule-30-with'); // what runs is never hidden
    expect(short).toContain('… and 35 more');
  });

  it('tells a run that diverged', () => {
    const state = play([
      [0, start(['dfa'], [0])],
      [100, tick('dfa', 0, 10, null)],
      [200, result('dfa', 0, null, null)],
    ]);
    expect(frame(state, view(100, 300))[1]).toMatch(/100 % .*diverged$/);
  });
});

describe('state', () => {
  it('goes by epochs where these are the budget, by ticks elsewhere', () => {
    const state = play([
      [0, start(['a'], [0])],
      [1, epoch('a', 0, 1)],
    ]);
    expect(totalFraction(state)).toBe(0.25); // one of four epochs
    expect(totalFraction(advance(state, tick('a', 0, 60, 1), 2))).toBe(0.6);
  });

  it('guesses the time left by the pace so far', () => {
    const state = play([
      [0, start(['a', 'b'], [0])],
      [5000, tick('a', 0, 50, 1)],
    ]);
    expect(remainingMs(state, 5000)).toBe(15000); // a quarter took 5 s
    expect(remainingMs(emptyState(0), 5000)).toBeNull();
  });

  it('keeps a long history short, without losing its mean or its order', () => {
    let history: History = { values: [], stride: 1, pending: [] };
    for (let i = 0; i < 1536; i++) history = remember(history, i);
    const values = history.values as number[];
    expect(values.length).toBeLessThan(96);
    expect([...values].sort((a, b) => a - b)).toEqual(values);
    const covered = values.length * history.stride;
    expect(values.reduce((a, b) => a + b, 0) / values.length).toBeCloseTo((covered - 1) / 2, 9); // mean of 0 … covered − 1
  });
});

describe('plainLine', () => {
  it.each([
    [start(['a', 'b']), 'digits, mlp 64-32-10: 2 rules × 2 seeds, profile fma'],
    [epoch('a', 1, 3), 'a seed 1 epoch 3: accuracy 90.0 %, loss 0.500, 2.5 s'],
    [result('a', 0, 0.5, null), 'a seed 0 done: accuracy 50.0 %, diverged, 2.00 GFLOP, 1.00 KiB, 3.0 s'],
    [{ type: 'skip', rule: 'a', reason: 'no\u001b[31m' } as Event, 'a skipped: no[31m'],
    [{ type: 'error', code: 'ShapeError', message: '(2) and (3)' } as Event, 'ShapeError: (2) and (3)'],
    [tick('a', 0, 1, 1), null],
  ])('of %j is %j', (event, line) => expect(plainLine(event)).toBe(line));
});
