import { describe, expect, it } from 'vitest';
import type { RuleCost } from './costs.ts';
import type { AtlasView } from './folder.ts';
import { atlasPage } from './page.ts';
import type { AtlasHead, AtlasRecord, AtlasRun } from './records.ts';
import { atlasReport } from './report.ts';
import { taskView } from './view.ts';

const head: AtlasHead = {
  ...{ type: 'atlas', formatVersion: 1, task: 'two', title: 'Two classes', rows: { train: 100, test: 50 } },
  ...{ data: '0', trials: 2, budget: { kind: 'samples', value: 64 }, most: 8, batch: 8, optimizer: 'momentum' },
  ...{ metric: 'loss', seed: 1, points: 1, probe: 16, profile: 'fma', version: '0.1.0' },
  machine: { cpu: 'a | b', cores: 2, node: '24' },
};

/** A run that ends at an accuracy, and whose credit is at an angle. */
const run = (rule: string, model: string, seed: number, accuracy: number | null, angle: number | null): AtlasRun => ({
  ...{ type: 'run', rule, model, run: seed, hyper: { learningRate: 0.01 }, budget: head.budget, key: [0, seed] },
  ...{ loss: accuracy === null ? null : 1, accuracy, flops: rule === 'backprop' ? 2e6 : 5e6, seconds: 0.5 },
  ...{ peakBytes: 2048, status: accuracy === null ? 'diverged' : 'ok', layers: ['dense0', 'dense1'] },
  isEdge: rule !== 'backprop',
  points: [
    { samples: 0, loss: 2, accuracy: 0.5, angleDeg: [90, 0], normRatio: [1, 1] },
    { samples: 64, loss: 1, accuracy: accuracy ?? 0.5, angleDeg: [angle, 0], normRatio: [1, 1] },
  ],
});

const records: AtlasRecord[] = [
  run('backprop', 'mlp', 0, 0.9, 0),
  run('backprop', 'mlp', 1, 0.92, 0),
  run('feedback-alignment', 'mlp', 0, 0.8, 60),
  run('feedback-alignment', 'mlp', 1, 0.86, 40),
  run('burstprop', 'mlp-sigmoid', 0, null, null),
  { type: 'refusal', rule: 'vsml', reason: 'a sample takes 99 times' },
  { type: 'refusal', rule: 'burstprop', reason: 'of an earlier run' },
];

const cost = (rule: string, quotient: number, iteration: RuleCost['iteration'] = null): RuleCost => ({
  ...{ type: 'cost', rule, model: 'mlp', input: [1, 8, 8], batch: 32, ms: 0.25, flops: 3e6, peakBytes: 4096 },
  ...{ timeRatio: 1.5 * quotient, timeRange: [1, 4], flopsRatio: 1.5, bytesRatio: 1, quotient, iteration },
});

const view: AtlasView = {
  tasks: [taskView({ head, records })],
  costs: {
    ...{ clock: 'cpu', rounds: 15, profile: 'fma', load: 0.5, machine: head.machine, version: '0.1.0' },
    rows: [cost('slow', 2.5), cost('relaxing', 1, { moves: 20, timeRatio: 0.3, flopsRatio: 0.1, quotient: 3 })],
  },
};

/** The cells of the table row that begins with a rule. */
const cellsOf = (page: string, rule: string): string[] =>
  page
    .split('\n')
    .find((line) => line.startsWith(`| ${rule}`))!
    .split(/(?<!\\) \| |^\| | \|$/)
    .filter((cell) => cell !== '');

describe('the page of an atlas', () => {
  const page = atlasPage(view, 'atlas');

  it('tells accuracy, the difference to backprop, angles and costs', () => {
    // Means 0.91 and 0.83; t(0.975, 1) = 12.706: 12.706·0.01 = 12.7 points for backprop, 38.1 for the other;
    // paired differences −10 and −6: mean −8, ± 12.706·2 = 25.4.
    expect(cellsOf(page, 'backprop')).toEqual([
      ...[
        'backprop',
        'mlp',
        '91.0 ± 12.7 %',
        '–',
        '0.010',
        '45°',
        '0°',
        '64',
        '2.00 MFLOP',
        '1.00',
        '2.00 KiB',
        '500 ms',
      ],
    ]);
    expect(cellsOf(page, 'feedback-alignment')).toEqual([
      ...['feedback-alignment', 'mlp', '83.0 ± 38.1 %', '−8.00 (−33.4 … +17.4)', '0.010 (end)', '45°', '25°', '64'],
      ...['5.00 MFLOP', '2.50', '2.00 KiB', '500 ms'],
    ]);
    expect(page.indexOf('| backprop')).toBeLessThan(page.indexOf('| feedback-alignment'));
  });

  it('tells what diverged and what was not run, but not what ran after all', () => {
    expect(page).toContain('| burstprop (1 of 1 diverged) | mlp-sigmoid | – |');
    expect(page).toContain('- vsml: a sample takes 99 times');
    expect(page).not.toContain('of an earlier run');
  });

  it('marks quotients above 2, of steps and of moves', () => {
    expect(page).toContain('Above 2: slow, relaxing.');
    expect(cellsOf(page, 'slow')[7]).toBe('2.50 ⚠');
    expect(cellsOf(page, 'relaxing').slice(7)).toEqual(['1.00', '0.300', '0.100', '3.00 ⚠']);
  });

  it('names its pictures, and the report holds them without loading anything', () => {
    expect(page).toContain('](atlas/two-accuracy.svg)');
    expect(page).toContain('](atlas/two-angle.svg)');
    const html = atlasReport(view);
    expect(html.match(/<svg/g)).toHaveLength(2);
    expect(html).toContain('−8.00');
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|@import|url\(/);
  });

  it('is as it was', async () => {
    await expect(page).toMatchFileSnapshot('./testing/page.md');
  });
});
