/** One frame of the live display, as lines of text: a title, a line per rule, and how far everything is. */
import { meter, sparkline } from '../../plot/terminal.ts';
import { formatNumber, formatPercent, formatSeconds } from '../../plot/units.ts';
import {
  accuracyOf,
  type RuleState,
  remainingMs,
  ruleFraction,
  seedsOf,
  totalFraction,
  type UiState,
} from './state.ts';
import { clean, pad, type Style, truncate } from './text.ts';

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds, by the clock that the state was advanced with. */
  readonly now: number;
  readonly style: Style;
}

interface Layout {
  readonly name: number;
  readonly meter: number;
  readonly spark: number;
}

/** The lines of a frame, each at most `columns` wide and all together at most `rows` − 1, so that the terminal never scrolls. */
export function frame(state: UiState, options: FrameOptions): string[] {
  const { columns, rows, style } = options;
  const shown = visibleRules(state.rules, Math.max(1, rows - 5));
  const layout = layoutFor(shown, columns);
  const hidden = state.rules.length - shown.length;
  const lines = [
    ...title(state, style),
    ...shown.map((r) => ruleLine(state, r, layout, options)),
    ...(hidden > 0 ? [style.dim(`  … and ${hidden} more`)] : []),
    totalLine(state, options),
  ];
  return lines.slice(0, Math.max(1, rows - 1)).map((line) => truncate(line, columns - 1));
}

function title({ start }: UiState, style: Style): string[] {
  return start === null ? [] : [`${style.bold(clean(start.task))} ${style.dim(clean(start.model))}`];
}

/** Where not all fit: what moved last, then of the latest that ended twice as many as of the next that wait; in their usual order. */
function visibleRules(rules: readonly RuleState[], room: number): RuleState[] {
  if (rules.length <= room) return [...rules];
  const active = rules
    .filter((r) => r.startedAt !== null && r.endedAt === null)
    .sort((a, b) => b.movedAt! - a.movedAt!);
  const ended = rules.filter((r) => r.endedAt !== null).sort((a, b) => b.endedAt! - a.endedAt!);
  const waiting = rules.filter((r) => r.startedAt === null && r.skipped === null);
  const ranks = new Map<RuleState, number>([
    ...ended.map((r, i) => [r, 1 + i] as const),
    ...waiting.map((r, i) => [r, 1 + 2 * i] as const),
    ...active.map((r, i) => [r, i / 2] as const), // all of them where rules take turns
  ]);
  const rank = (r: RuleState) => ranks.get(r) ?? Number.POSITIVE_INFINITY; // skipped rules are told again below the table
  const chosen = new Set(
    [...rules].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0)).slice(0, room),
  );
  return rules.filter((r) => chosen.has(r));
}

function layoutFor(rules: readonly RuleState[], columns: number): Layout {
  const longest = Math.max(8, ...rules.map((r) => r.rule.length));
  const name = Math.min(longest, Math.max(10, Math.floor(columns * 0.34)));
  const spark = columns >= 84 ? 16 : columns >= 66 ? 8 : 0;
  const left = columns - 1 - 2 - name - (spark === 0 ? 0 : spark + 2) - 2 - 5 - 2 - 7 - 2;
  return { name, spark, meter: Math.max(8, Math.min(24, left - 18)) };
}

function ruleLine(state: UiState, rule: RuleState, layout: Layout, { style, now }: FrameOptions): string {
  const name = pad(truncate(clean(rule.rule), layout.name), layout.name);
  if (rule.skipped !== null) return style.dim(`  ${name}  skipped: ${clean(rule.skipped)}`);
  const fraction = ruleFraction(state, rule);
  const bar = meter(fraction, layout.meter);
  const color = hasDiverged(rule) ? style.red : rule.endedAt === null ? style.cyan : style.green;
  const spark = layout.spark === 0 ? '' : `  ${style.yellow(pad(lossPicture(rule, layout.spark), layout.spark))}`;
  const accuracy = pad(accuracyOf(rule) === null ? '' : formatPercent(accuracyOf(rule)), 7, 'right');
  const percent = pad(`${Math.floor(100 * fraction)} %`, 5, 'right');
  return `  ${name}  ${color(bar.done)}${style.dim(bar.left)} ${percent}${spark}  ${style.bold(accuracy)}  ${style.dim(status(state, rule, now))}`;
}

const hasDiverged = (rule: RuleState): boolean => rule.runs.some((run) => run.isDone && run.loss === null);

const lossPicture = (rule: RuleState, width: number): string =>
  sparkline(rule.runs.findLast((run) => run.losses.values.length > 0)?.losses.values ?? [], { width });

function status(state: UiState, rule: RuleState, now: number): string {
  if (rule.startedAt === null && rule.trials > 0)
    return `${rule.trials} of ${state.start?.trials ?? rule.trials} trials`;
  if (rule.startedAt === null) return 'waiting';
  if (hasDiverged(rule) && rule.endedAt !== null) return 'diverged';
  if (rule.endedAt !== null) return `done in ${formatSeconds(rule.runs.reduce((sum, run) => sum + run.seconds, 0))}`;
  const seeds = seedsOf(state);
  const run = rule.runs.at(-1)!;
  const where =
    seeds > 1
      ? `seed ${Math.min(seeds, rule.runs.filter((r) => r.isDone).length + 1)} of ${seeds}`
      : `${formatSeconds((now - rule.startedAt) / 1000)}`;
  return run.loss === null ? where : `${where}, loss ${formatNumber(run.loss)}`;
}

function totalLine(state: UiState, { style, now }: FrameOptions): string {
  const counted = state.rules.filter((r) => r.skipped === null);
  const runs = counted.length * seedsOf(state);
  const done = counted.reduce((sum, r) => sum + r.runs.filter((run) => run.isDone).length, 0);
  const elapsed = (now - state.startedAt) / 1000;
  const left = remainingMs(state, now);
  const eta =
    left === null || totalFraction(state) >= 1 ? '' : `, about ${formatSeconds(Math.max(1, left / 1000))} left`;
  return style.dim(
    `  ${done} of ${runs} runs, ${Math.floor(100 * totalFraction(state))} % in ${formatSeconds(elapsed)}${eta}`,
  );
}
