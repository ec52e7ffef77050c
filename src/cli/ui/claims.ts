/** What people read of the ledger: the board of a run while it measures, and a table for each paper at the end. */
import { meter } from '../../plot/terminal.ts';
import { formatSeconds } from '../../plot/units.ts';
import type { ClaimEvent } from '../../run/schema.ts';
import { claimTable } from './results.ts';
import type { TableOptions } from './table.ts';
import { clean, pad, type Style, textWidth, truncate, wrap } from './text.ts';

/** How far one paper is. */
export interface PaperState {
  readonly paper: string;
  /** Number of claims to be measured. */
  readonly claims: number;
  readonly measured: number;
  readonly hold: number;
  readonly unexpected: number;
  /** What is being done; null before and after. */
  readonly now: string | null;
}

export interface BoardOptions {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  readonly seconds: number;
}

/** The lines of a running ledger, at most `rows` − 1: papers at work first, then those that ended, then those that wait. */
export function claimBoard(papers: readonly PaperState[], { columns, rows, style, seconds }: BoardOptions): string[] {
  const rank = (p: PaperState) => (p.now !== null ? 0 : p.measured > 0 ? 1 : 2);
  const shown = [...papers].sort((a, b) => rank(a) - rank(b)).slice(0, Math.max(1, rows - 3));
  const name = Math.min(32, Math.max(...papers.map((p) => textWidth(p.paper))));
  const total = papers.reduce((sum, p) => sum + p.claims, 0);
  const measured = papers.reduce((sum, p) => sum + p.measured, 0);
  const hidden = papers.length - shown.length;
  const foot = `  ${measured} of ${total} claims in ${formatSeconds(seconds)}${hidden > 0 ? `, ${hidden} more papers` : ''}`;
  return [...shown.map((p) => boardLine(p, name, style)), style.dim(foot)].map((line) => truncate(line, columns - 1));
}

function boardLine(p: PaperState, name: number, style: Style): string {
  const bar = meter(p.measured / Math.max(1, p.claims), 16);
  const color = p.unexpected > 0 ? style.red : p.measured === p.claims ? style.green : style.cyan;
  const counts = `${p.measured} of ${p.claims}, ${p.hold} hold${p.unexpected > 0 ? `, ${style.red(`${p.unexpected} unexpected`)}` : ''}`;
  const head = `  ${pad(truncate(clean(p.paper), name), name)}  ${color(bar.done)}${style.dim(bar.left)}  ${counts}`;
  return p.now === null ? head : `${head}  ${style.dim(clean(p.now))}`;
}

/** One table a paper, with what must be known beside the numbers under it. */
export function ledgerTables(claims: readonly ClaimEvent[], options: TableOptions): string[] {
  const papers = [...new Set(claims.map((c) => c.paper))];
  return papers.flatMap((paper, i) => {
    const own = claims.filter((c) => c.paper === paper);
    const head = `${options.style.bold(clean(paper))}  ${verdicts(own)}`;
    return [...(i > 0 ? [''] : []), head, ...claimTable(own, options), ...noteLines(own, options)];
  });
}

function verdicts(claims: readonly ClaimEvent[]): string {
  const holding = claims.filter((c) => c.holds).length;
  return `${holding} of ${claims.length} claims hold`;
}

/** What stands under a table: claims that failed, together where the reason is the same, then what must be known beside the numbers. */
function noteLines(claims: readonly ClaimEvent[], { width, style }: TableOptions): string[] {
  const failures = [...new Set(claims.flatMap((c) => c.failure ?? []))].map((failure) => {
    const ids = claims.filter((c) => c.failure === failure).map((c) => clean(c.id));
    return `${style.red('could not be measured')}: ${ids.join(', ')}: ${clean(failure)}`;
  });
  const whys = claims.flatMap(({ id, why }) => (why === undefined ? [] : [`${clean(id)}: ${clean(why)}`]));
  return [...failures, ...whys].flatMap((text) =>
    wrap(text, Math.min(width, 120)).map((line, i) => (i === 0 ? line : `  ${line}`)),
  );
}
