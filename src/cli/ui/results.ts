/** The closing tables of the verbs: rules of a comparison, claims of a paper, timings of a benchmark. */

import { isUnexpected } from '../../papers/ledger/runner.ts';
import { figureOf, verdictOf } from '../../papers/ledger/words.ts';
import {
  formatBytes,
  formatDegrees,
  formatInterval,
  formatNumber,
  formatPercentInterval,
  formatSeconds,
  formatSi,
} from '../../plot/units.ts';
import type { BenchEvent, ClaimEvent, CompareSummary, Event } from '../../run/schema.ts';
import { type Column, type TableOptions, table } from './table.ts';
import { clean, type Style } from './text.ts';

/** The table of a comparison, best accuracy first, with the rules that were skipped below it. */
export function compareTable(events: readonly Event[], options: TableOptions): string[] {
  const summary = events.findLast((e): e is CompareSummary => e.type === 'summary' && 'rules' in e);
  if (summary === undefined) return [];
  const ranked = [...summary.rules].sort((a, b) => (b.accuracy.mean ?? -1) - (a.accuracy.mean ?? -1));
  const hasTests = (summary.tests ?? []).length > 0;
  const isText = summary.rules.some(({ perplexity }) => perplexity !== undefined);
  const left = [...(hasTests ? [] : ['p']), ...(isText ? [] : ['bits/char', 'perplexity'])];
  const columns = compareColumns.filter(({ head }) => !left.includes(head));
  const rows = ranked.map((r, i) => [
    i === 0 ? options.style.bold(clean(r.rule)) : clean(r.rule),
    formatPercentInterval(r.accuracy.mean, r.accuracy.ci95),
    ...(hasTests ? [significance(summary, r.rule)] : []),
    r.loss.mean === null ? 'diverged' : formatInterval(r.loss.mean, r.loss.ci95),
    ...(isText ? [r.bitsPerCharacter, r.perplexity].map((v) => formatNumber(v?.mean ?? null)) : []),
    angles(r.angleDeg),
    formatSi(r.flops, 'FLOP'),
    formatBytes(r.peakBytes),
    formatSeconds(r.seconds),
  ]);
  return [...table(columns, rows, options), ...skips(events, options.style)];
}

const compareColumns: readonly Column[] = [
  { head: 'rule' },
  { head: 'accuracy', align: 'right' },
  { head: 'p', align: 'right', rank: 4 },
  { head: 'loss', align: 'right', rank: 3 },
  { head: 'bits/char', align: 'right', rank: 3 },
  { head: 'perplexity', align: 'right', rank: 4 },
  { head: '∠ per layer', align: 'right', rank: 2 },
  { head: 'FLOPs', align: 'right', rank: 4 },
  { head: 'peak', align: 'right', rank: 5 },
  { head: 'time', align: 'right', rank: 1 },
];

/** The adjusted p-value of the difference to the baseline over the seeds; a star below 0.05. */
function significance({ tests = [] }: CompareSummary, rule: string): string {
  const test = tests.find((t) => t.rule === rule);
  if (test === undefined) return '';
  const p = test.p < 0.001 ? '<0.001' : test.p.toFixed(3);
  return test.p < 0.05 ? `${p}*` : p;
}

/** The angle to the true gradient of each layer from the input; of a deep model the first three and the last two. */
function angles(perLayer: readonly (number | null)[]): string {
  const texts = perLayer.map((a) => formatDegrees(a).padStart(4));
  return texts.length <= 6 ? texts.join(' ') : [...texts.slice(0, 3), '…', ...texts.slice(-2)].join(' ');
}

const skips = (events: readonly Event[], style: Style): string[] =>
  events.filter((e) => e.type === 'skip').map((e) => style.dim(`${clean(e.rule)} skipped: ${clean(e.reason)}`));

/** The table of the claims of a paper: published, measured, threshold, and whether each holds. */
export function claimTable(claims: readonly ClaimEvent[], options: TableOptions): string[] {
  const { style } = options;
  const columns: Column[] = [
    { head: 'claim' },
    { head: 'kind', rank: 3 },
    { head: 'published', align: 'right', rank: 1 },
    { head: 'measured', align: 'right' },
    { head: 'threshold', align: 'right' },
    { head: 'holds' },
    { head: 'time', align: 'right', rank: 2 },
  ];
  const rows = claims.map((c) => [
    clean(c.id),
    c.kind,
    clean(figureOf(c.published, c)),
    figureOf(c.measured, c),
    `${c.threshold.op} ${figureOf(c.threshold.value, c)}`,
    verdict(c, style),
    formatSeconds(c.seconds),
  ]);
  return table(columns, rows, options);
}

function verdict(claim: ClaimEvent, style: Style): string {
  const paint = isUnexpected(claim) ? style.red : claim.holds ? style.green : style.yellow;
  return paint(verdictOf(claim));
}

/** The table of a benchmark; the ratio is above 1 where we are faster. */
export function benchTable(lines: readonly BenchEvent[], options: TableOptions): string[] {
  const columns: Column[] = [
    { head: 'what' },
    { head: 'threads', align: 'right', rank: 3 },
    { head: 'ours', align: 'right' },
    { head: 'peer', rank: 1 },
    { head: 'theirs', align: 'right', rank: 1 },
    { head: 'ratio', align: 'right' },
    { head: 'GFLOP/s', align: 'right', rank: 2 },
    { head: 'share', align: 'right', rank: 2 },
  ];
  const rows = lines.map((b) => [
    clean(b.name),
    String(b.threads),
    formatSeconds(b.ours.ms / 1000, 3),
    clean(b.peer ?? '–'),
    b.theirs === null ? '–' : formatSeconds(b.theirs.ms / 1000, 3),
    b.ratio === null ? '–' : `${formatNumber(b.ratio)} ×`,
    formatNumber(b.gflops),
    b.share === null ? '–' : `${Math.round(100 * b.share)} %`,
  ]);
  return table(columns, rows, options);
}
