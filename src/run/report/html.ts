/** The page of a report as text: everything that can be read without a script, and the places where the charts go. */
import {
  formatBytes,
  formatDegrees,
  formatInterval,
  formatNumber,
  formatPercentInterval,
  formatSeconds,
  formatSi,
} from '../../plot/units.ts';
import type { Budget, Interval, StartEvent } from '../schema.ts';
import type { ReportView, RuleView } from './view.ts';

/** Text made safe for HTML content and quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** The visible page: header, legend, summary table, figures, configuration. */
export function reportBody(view: ReportView): string {
  return `<div class="page">
${header(view)}
${legendBar(view)}
<main>
${summarySection(view)}
${curveSection()}
${layerSection(view)}
${costSection()}
${configurationSection(view)}
</main>
<footer>Written by cotangent${view.start === null ? '' : ` ${escapeHtml(view.start.version)}`}. This file is complete: it loads nothing from anywhere.</footer>
</div>`;
}

function header(view: ReportView): string {
  const { task, model, start, budget } = view;
  const seeds = start?.seeds.length ?? Math.max(0, ...view.rules.map((r) => r.runs.length));
  const facts = [
    `${view.rules.length} rules`,
    `${seeds} ${seeds === 1 ? 'seed' : 'seeds'} each`,
    ...(budget === null ? [] : [`budget ${budgetText(budget)} a run`]),
    ...(start === null ? [] : [`profile ${start.profile}`, start.machine.cpu]),
  ];
  return `<header>
<p class="kind">cotangent compare</p>
<h1>${escapeHtml(task)} <span class="model">${escapeHtml(model)}</span></h1>
<p class="lead">${headline(view)}</p>
<p class="facts">${facts.map(escapeHtml).join(' · ')}</p>
</header>`;
}

/** One sentence that says how the comparison came out. */
function headline(view: ReportView): string {
  const [best, second] = ranked(view.rules).filter((r) => r.accuracy.mean !== null);
  if (best === undefined) return 'No run has finished with an accuracy yet.';
  const tell = (r: RuleView) =>
    `<strong>${escapeHtml(r.rule)}</strong> ${escapeHtml(formatPercentInterval(r.accuracy.mean, r.accuracy.ci95))}`;
  if (second === undefined) return `${tell(best)} accuracy.`;
  const close = intervalsOverlap(best.accuracy, second.accuracy) ? '; their intervals overlap' : '';
  return `Most accurate: ${tell(best)}. Next: ${tell(second)}${close}.`;
}

function intervalsOverlap(a: Interval, b: Interval): boolean {
  if (a.mean === null || b.mean === null || a.ci95 === null || b.ci95 === null) return false;
  return Math.abs(a.mean - b.mean) <= a.ci95 + b.ci95;
}

function legendBar(view: ReportView): string {
  const chips = view.rules.map(
    (r) =>
      `<button type="button" class="chip" data-rule="${escapeHtml(r.rule)}" aria-pressed="true">${swatch(r)}${escapeHtml(r.rule)}</button>`,
  );
  return `<div class="bar${chips.length > 14 ? ' tall' : ''}">
<div class="legend" role="group" aria-label="Rules shown">${chips.join('')}
<button type="button" class="plain" id="show-all">all</button><button type="button" class="plain" id="show-none">none</button></div>
<div class="controls">
<label>against <select id="x-axis"><option value="epoch">epochs</option><option value="samples">samples</option><option value="flops">FLOPs</option><option value="seconds">seconds</option></select></label>
<label>theme <select id="theme"><option>system</option><option>light</option><option>dark</option></select></label>
</div></div>`;
}

const swatch = (r: RuleView): string =>
  `<svg class="swatch" width="20" height="8" aria-hidden="true"><line x1="1" x2="19" y1="4" y2="4" stroke="var(--series-${r.color})" stroke-width="3"${r.dash === '' ? ' stroke-linecap="round"' : ` stroke-dasharray="${r.dash}"`}/></svg>`;

const ranked = (rules: readonly RuleView[]): RuleView[] =>
  [...rules].sort((a, b) => (b.accuracy.mean ?? -1) - (a.accuracy.mean ?? -1));

interface Column {
  readonly head: string;
  readonly title?: string;
  readonly value: (rule: RuleView) => number | string | null;
  readonly cell: (rule: RuleView) => string;
}

function summarySection(view: ReportView): string {
  const columns = summaryColumns(view);
  const heads = columns.map(
    (c) =>
      `<th data-sort scope="col"${c.title === undefined ? '' : ` title="${escapeHtml(c.title)}"`}><button type="button">${escapeHtml(c.head)}</button></th>`,
  );
  const rows = ranked(view.rules).map((r) => `<tr>${columns.map((c, i) => cell(c, r, i === 0)).join('')}</tr>`);
  return `<h2>Results</h2>
<p class="about">Means over the seeds; ± is the half-width of the 95 % interval. Angles are between a rule's credit and the true gradient: 0° is backprop, 90° carries no information.</p>
<noscript><p class="note warn">The charts need JavaScript, which is switched off here. All final numbers stand in this table.</p></noscript>
<div class="grid"><div class="card scroll"><table class="summary"><thead><tr>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div></div>
${troubles(view)}`;
}

function cell(column: Column, rule: RuleView, isHead: boolean): string {
  const value = column.value(rule);
  const tag = isHead ? 'th scope="row"' : 'td';
  return `<${tag} data-value="${escapeHtml(value === null ? '' : String(value))}">${column.cell(rule)}</${isHead ? 'th' : 'td'}>`;
}

const textColumns: readonly Column[] = [
  {
    head: 'bits/char',
    title: 'loss in bits',
    value: (r) => r.bitsPerCharacter?.mean ?? null,
    cell: (r) => formatNumber(r.bitsPerCharacter?.mean),
  },
  {
    head: 'perplexity',
    title: 'e to the loss in nats',
    value: (r) => r.perplexity?.mean ?? null,
    cell: (r) => formatNumber(r.perplexity?.mean),
  },
];

function summaryColumns(view: ReportView): Column[] {
  const angles = view.layers.map(
    (name, i): Column => ({
      head: `∠ ${name}`,
      title: `angle to the true gradient, ${name}`,
      value: (r) => r.angleDeg[i] ?? null,
      cell: (r) => formatDegrees(r.angleDeg[i]),
    }),
  );
  return [
    { head: 'rule', value: (r) => r.rule, cell: ruleCell },
    {
      head: 'accuracy',
      value: (r) => r.accuracy.mean,
      cell: (r) => quiet(formatPercentInterval(r.accuracy.mean, r.accuracy.ci95)),
    },
    { head: 'loss', value: (r) => r.loss.mean, cell: (r) => quiet(formatInterval(r.loss.mean, r.loss.ci95)) },
    ...(view.rules.some((r) => r.perplexity !== undefined) ? textColumns : []),
    ...angles.slice(0, 5), // more would push the costs out of sight; every layer has its own chart
    { head: 'FLOPs', value: (r) => r.flops, cell: (r) => formatSi(r.flops, 'FLOP') },
    { head: 'peak', title: 'peak arena bytes', value: (r) => r.peakBytes, cell: (r) => formatBytes(r.peakBytes) },
    { head: 'time', value: (r) => r.seconds, cell: (r) => formatSeconds(r.seconds) },
  ];
}

/** Sets the half-width of an interval back, so that the means can be read down the column. */
const quiet = (text: string): string => text.replace(/± [\d.]+/, '<span class="pm">$&</span>');

function ruleCell(r: RuleView): string {
  const note = r.diverged === 0 ? '' : ` <span class="warn">${r.diverged} of ${r.runs.length} diverged</span>`;
  return `${swatch(r)}${escapeHtml(r.rule)}${note}`;
}

function troubles(view: ReportView): string {
  const skipped = view.skipped.map(
    (s) => `<li><strong>${escapeHtml(s.rule)}</strong> was not run: ${escapeHtml(s.reason)}</li>`,
  );
  const errors = view.errors.map((e) => `<li><strong>${escapeHtml(e.code)}</strong>: ${escapeHtml(e.message)}</li>`);
  const all = [...skipped, ...errors];
  return all.length === 0 ? '' : `<ul class="note">${all.join('')}</ul>`;
}

const figure = (chart: string, title: string, detail: string, place: string, data = ''): string =>
  `<figure class="card ${place}"><figcaption>${escapeHtml(title)}${detail === '' ? '' : ` <span>${detail}</span>`}</figcaption><div data-chart="${chart}"${data}></div></figure>`;

const controlsSpan = (inner: string): string => `<span class="controls screen">${inner}</span>`;

function curveSection(): string {
  const accuracyChoice =
    '<label>as <select id="accuracy-as"><option value="accuracy">share correct</option><option value="error">error, log scale</option></select></label>';
  const lossChoice =
    '<label>on <select id="loss-field" aria-label="Which loss"><option value="loss">held-out data</option><option value="trainLoss">training data</option></select></label> <label><input type="checkbox" id="log-loss"> log scale</label>';
  return `<h2>Learning</h2>
<p class="about">Lines are means over the seeds; the band reaches from the lowest to the highest seed.</p>
<div class="grid">
${figure('accuracy', 'Accuracy', controlsSpan(accuracyChoice), 'half')}
${figure('loss', 'Loss', controlsSpan(lossChoice), 'half')}
${figure('final', 'Final accuracy', 'dot: mean · bar: 95 % interval · tick: a seed', 'half')}
${figure('tradeoff', 'Accuracy against cost', 'bar: 95 % interval', 'half')}
</div>`;
}

function layerSection(view: ReportView): string {
  const known = (field: 'angleDeg' | 'normRatio') =>
    view.layers.flatMap((name, i) =>
      view.layerCurve.some((p) => p.layer === i && p[field] !== null) ? [{ name, i }] : [],
    );
  const charts = (field: 'angleDeg' | 'normRatio') =>
    known(field)
      .map(({ name, i }) => figure(field, name, `layer ${i}`, 'third', ` data-layer="${i}"`))
      .join('\n');
  const section = (title: string, about: string, body: string) =>
    body === '' ? '' : `<h2>${title}</h2>\n<p class="about">${about}</p>\n<div class="grid">\n${body}\n</div>`;
  return [
    section(
      'Angle to the true gradient',
      'One chart per layer, counted from the input. Below the dotted line at 90° a small step still goes downhill.',
      charts('angleDeg'),
    ),
    section(
      'Size beside the true gradient',
      'Norm of the credit divided by the norm of the true gradient, on a logarithmic axis; 1 is the dotted line.',
      charts('normRatio'),
    ),
  ].join('\n');
}

function costSection(): string {
  return `<h2>Cost</h2>
<p class="about">A multiply-add counts as two operations; bytes are the peak of the arena; time is wall-clock time on this machine, means over the seeds.</p>
<div class="grid">
${figure('flops', 'Floating-point operations', '', 'third')}
${figure('peakBytes', 'Peak memory', '', 'third')}
${figure('seconds', 'Time', '', 'third')}
</div>`;
}

function configurationSection(view: ReportView): string {
  const rows = view.start === null ? [] : configurationRows(view.start);
  return `<h2>Configuration</h2>
<div class="grid"><div class="card"><dl>${rows.map(([k, v]) => `<dt>${escapeHtml(k)}</dt><dd>${escapeHtml(v)}</dd>`).join('')}</dl>
<p class="note screen"><a id="download" href="#download" download="compare.jsonl">Download the data as JSON lines</a></p></div></div>`;
}

function configurationRows(start: StartEvent): [string, string][] {
  return [
    ['task', start.task],
    ['model', start.model],
    ['layers', start.layers.join(', ')],
    ['rules', start.rules.join(', ')],
    ['seeds', start.seeds.join(', ')],
    ['budget', `${budgetText(start.budget)} a run`],
    ['profile', start.profile],
    ['machine', `${start.machine.cpu}, ${start.machine.cores} cores, Node ${start.machine.node}`],
    ['version', start.version],
  ];
}

/** A budget in words: `5 epochs`, `1 step`, `12.0 GFLOP`, `30 s`. */
export function budgetText({ kind, value }: Budget): string {
  if (kind === 'flops') return formatSi(value, 'FLOP');
  if (kind === 'seconds') return formatSeconds(value);
  return `${value} ${value === 1 ? kind.slice(0, -1) : kind}`;
}
