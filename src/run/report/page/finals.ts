/** The closing charts of a report: final accuracy, accuracy against cost, and the costs. Inlined by source text, see start.ts. */
import type * as PlotModule from '@observablehq/plot';
import type { RuleView } from '../view.ts';
import type { Kit } from './start.ts';

function accuracyDots(kit: Kit, width: number): Element | null {
  const rules = rankedRules(kit);
  if (rules.length === 0) return null;
  return kit.plot.plot({
    width,
    height: 66 + 31 * rules.length,
    marginLeft: Math.min(0.52 * width, 18 + 7.2 * Math.max(...rules.map((r) => r.rule.length))),
    marginRight: 18,
    marginTop: 12,
    marginBottom: 42,
    ariaLabel: 'Final accuracy by rule: mean with 95 % interval, and every seed',
    x: {
      percent: true,
      grid: true,
      nice: true,
      label: 'accuracy (%)',
      labelArrow: 'none',
      labelOffset: 38,
      ticks: Math.max(3, Math.floor(width / 110)),
    },
    y: { domain: rules.map((r) => r.rule), label: null, tickSize: 0 },
    color: { type: 'identity' },
    marks: dotMarks(kit, rules),
  });
}

function dotMarks(kit: Kit, rules: readonly RuleView[]): PlotModule.Markish[] {
  const { plot, format } = kit;
  const runs = rules.flatMap((r) => r.runs.map((run) => ({ rule: r.rule, accuracy: run.accuracy, ink: ink(r) })));
  const title = (r: RuleView) =>
    `${r.rule}\n${format.formatPercentInterval(r.accuracy.mean, r.accuracy.ci95, 2)}\nmean over ${r.accuracy.n} ${r.accuracy.n === 1 ? 'seed' : 'seeds'}`;
  const bar = { strokeWidth: 6, strokeOpacity: 0.3, strokeLinecap: 'round' } as const;
  return [
    plot.ruleY(withInterval(rules), { x1: low, x2: high, y: 'rule', stroke: ink, ...bar }),
    plot.tickX(runs, { x: 'accuracy', y: 'rule', stroke: 'ink', strokeOpacity: 0.8, insetTop: 6, insetBottom: 6 }),
    plot.dot(rules, { x: mean, y: 'rule', r: 5, fill: ink, stroke: 'var(--surface)', strokeWidth: 1.5 }),
    plot.tip(rules, plot.pointerY({ x: mean, y: 'rule', title, lineHeight: 1.4 })),
  ];
}

function tradeoff(kit: Kit, width: number): Element | null {
  const rules = rankedRules(kit).filter((r) => r.flops > 0);
  if (rules.length === 0) return null;
  const costs = rules.map((r) => r.flops);
  const [lowest, highest] = [Math.min(...costs), Math.max(...costs)];
  const isLog = highest > 4 * lowest;
  // On a linear axis ticks lie about a sixth of the spread apart, and their labels must differ.
  const step = (highest - lowest || highest) / 6;
  const digits = isLog ? 2 : Math.max(2, Math.floor(Math.log10(highest)) - Math.floor(Math.log10(step)) + 1);
  const show = (v: number) => kit.format.formatSi(v, '', digits).trim();
  return kit.plot.plot({
    width,
    height: Math.max(250, 66 + 31 * Math.min(10, rules.length)),
    marginLeft: 46,
    marginRight: 24,
    marginTop: 24,
    marginBottom: 42,
    inset: 14,
    ariaLabel: 'Final accuracy against floating-point operations of a run',
    x: {
      type: isLog ? 'log' : 'linear',
      label: 'FLOP of a run',
      labelArrow: 'none',
      labelOffset: 38,
      ticks: isLog ? costTicks(lowest, highest) : Math.floor(width / 90),
      grid: true,
      tickFormat: show,
    },
    y: { percent: true, grid: true, nice: true, label: 'accuracy (%)', labelArrow: 'none' },
    color: { type: 'identity' },
    marks: tradeoffMarks(kit, rules),
  });
}

function tradeoffMarks(kit: Kit, rules: readonly RuleView[]): PlotModule.Markish[] {
  const { plot, format } = kit;
  const title = (r: RuleView) =>
    `${r.rule}\n${format.formatPercentInterval(r.accuracy.mean, r.accuracy.ci95)}\n${format.formatSi(r.flops, 'FLOP')}, ${format.formatSeconds(r.seconds)}`;
  const bar = { strokeWidth: 4, strokeOpacity: 0.35, strokeLinecap: 'round' } as const;
  return [
    plot.ruleX(withInterval(rules), { x: 'flops', y1: low, y2: high, stroke: ink, ...bar }),
    plot.dot(rules, { x: 'flops', y: mean, r: 5.5, fill: ink, stroke: 'var(--surface)', strokeWidth: 1.5 }),
    plot.tip(rules, plot.pointer({ x: 'flops', y: mean, title, lineHeight: 1.4 })),
  ];
}

/** 1, 2 and 5 times powers of ten that lie between the costs; the two nearest outside where fewer than two do. */
function costTicks(lowest: number, highest: number): number[] {
  const all: number[] = [];
  for (let e = Math.floor(Math.log10(lowest)); e <= Math.log10(highest) + 1; e++) {
    for (const d of [1, 2, 5]) all.push(Number(`${d}e${e}`));
  }
  const inside = all.filter((t) => t >= lowest * 0.8 && t <= highest * 1.25);
  return inside.length <= 7 ? inside : inside.filter((t) => String(t).startsWith('1'));
}

function flopsBars(kit: Kit, width: number): Element | null {
  return costBars(kit, 'flops', width, (v) => kit.format.formatSi(v, 'FLOP'));
}

function bytesBars(kit: Kit, width: number): Element | null {
  return costBars(kit, 'peakBytes', width, (v) => kit.format.formatBytes(v));
}

function secondsBars(kit: Kit, width: number): Element | null {
  return costBars(kit, 'seconds', width, (v) => kit.format.formatSeconds(v));
}

function costBars(
  kit: Kit,
  field: 'flops' | 'peakBytes' | 'seconds',
  width: number,
  show: (value: number) => string,
): Element | null {
  const rules = kit.shown().sort((a, b) => a[field] - b[field]);
  if (rules.length === 0 || rules.every((r) => r[field] === 0)) return null;
  const { plot } = kit;
  return plot.plot({
    width,
    height: 12 + 36 * rules.length,
    marginLeft: 1,
    marginRight: 1,
    marginTop: 10,
    marginBottom: 2,
    ariaLabel: `Cost by rule: ${field}`,
    x: { axis: null, domain: [0, Math.max(...rules.map((r) => r[field]))] },
    y: { axis: null, domain: rules.map((r) => r.rule), padding: 0 },
    color: { type: 'identity' },
    marks: [
      plot.barX(rules, { x: field, y: 'rule', fill: ink, insetTop: 19, insetBottom: 9, rx: 2 }),
      plot.text(rules, { y: 'rule', frameAnchor: 'left', text: 'rule', dy: -8 }),
      plot.text(rules, { y: 'rule', frameAnchor: 'right', text: (r) => show(r[field]), dy: -8, fill: 'var(--muted)' }),
    ],
  });
}

function rankedRules(kit: Kit): RuleView[] {
  const known = kit.shown().filter((r) => r.accuracy.mean !== null);
  return known.sort((a, b) => mean(b) - mean(a));
}

function withInterval(rules: readonly RuleView[]): RuleView[] {
  return rules.filter((r) => r.accuracy.ci95 !== null);
}

function mean(rule: RuleView): number {
  return rule.accuracy.mean!;
}

function low(rule: RuleView): number {
  return rule.accuracy.mean! - rule.accuracy.ci95!;
}

function high(rule: RuleView): number {
  return rule.accuracy.mean! + rule.accuracy.ci95!;
}

function ink(rule: RuleView): string {
  return `var(--series-${rule.color})`;
}

/** The charts by the name their place in the page carries. */
export const finalCharts = {
  final: accuracyDots,
  tradeoff,
  flops: flopsBars,
  peakBytes: bytesBars,
  seconds: secondsBars,
};
export const finalFunctions = [
  accuracyDots,
  dotMarks,
  tradeoff,
  tradeoffMarks,
  costTicks,
  flopsBars,
  bytesBars,
  secondsBars,
  costBars,
  rankedRules,
  withInterval,
  mean,
  low,
  high,
  ink,
] as const;
