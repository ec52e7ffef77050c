/** What a verb of the command line shows: progress while it runs, then its table; with --json people read stderr and programs stdout. */
import type { BenchEvent, ClaimEvent, Event } from '../../run/schema.ts';
import { ledgerTables } from './claims.ts';
import { frame } from './frame.ts';
import { type Live, liveBlock, type ProcessLike, type Terminal } from './live.ts';
import { plainLine, progressLine } from './plain.ts';
import { benchTable, compareTable } from './results.ts';
import { advance, emptyState, remainingMs } from './state.ts';
import { type Style, style, wantsColor } from './text.ts';

export interface UiOptions {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly json: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly process: ProcessLike;
  /** Milliseconds. */
  readonly now: () => number;
  readonly later?: (run: () => void, ms: number) => () => void;
}

/** How a live display may look. */
export interface Look {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
}

export interface Ui {
  /** Takes the next event: shows it, and writes it as a JSON line where these are asked for. */
  event(event: Event): void;
  /** Writes a line for people, above what is live. */
  say(line: string): void;
  /** Redraws lines in place, where there is a terminal; for verbs whose events are no comparison. */
  board(lines: (look: Look) => readonly string[]): void;
  /** Ends the live display and prints the closing table of whatever was seen; lines may still be said. */
  close(): void;
}

/** A log without a line for so long hears how far the run is. */
const QUIET_MS = 30_000;

/** Starts the display of one verb. */
export function openUi(options: UiOptions): Ui {
  const { stdout, stderr, json, env, now } = options;
  const people = json ? stderr : stdout;
  const paint = { people: style(wantsColor(people, env)), live: style(wantsColor(stderr, env)) };
  const isTerminal = stderr.isTTY === true && env.TERM !== 'dumb';
  const seen: Event[] = [];
  let state = emptyState(now());
  let live: Live | null = null;
  let isClosed = false;
  let saidAt = now();

  const begin = (): Live =>
    liveBlock({ process: options.process, now, later: options.later ?? later, terminal: stderr });
  const look = (): Look => ({ columns: stderr.columns || 80, rows: stderr.rows || 24, style: paint.live });
  let isBoard = false;

  const afterSilence = (event: Event): string | null =>
    event.type === 'progress' && now() - saidAt >= QUIET_MS ? progressLine(event, remainingMs(state, now())) : null;
  const show = (event: Event) => {
    state = advance(state, event, now());
    if (isTerminal && event.type === 'start') live = begin();
    const line = plainLine(event) ?? afterSilence(event);
    if (line !== null) saidAt = now();
    if (live === null) write(stderr, line === null ? [] : [line]);
    else if (event.type === 'error') live.above([paint.live.red(line!)]);
    if (!isBoard) live?.update(() => frame(state, { ...look(), now: now() }));
  };

  return {
    event(event) {
      if (json) stdout.write(`${JSON.stringify(event)}\n`);
      if (event.type !== 'progress' && event.type !== 'epoch') seen.push(event);
      show(event);
    },
    say(line) {
      if (live === null) write(people, [line]);
      else live.above([line]);
    },
    board(lines) {
      if (!isTerminal || isClosed) return;
      isBoard = true;
      live ??= begin();
      live.update(() => lines(look()));
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      live?.stop();
      live = null;
      write(people, closing(seen, { width: people.columns || Number.POSITIVE_INFINITY, style: paint.people }));
    },
  };
}

const write = (terminal: Terminal, lines: readonly string[]): void => {
  if (lines.length > 0) terminal.write(lines.map((line) => `${line}\n`).join(''));
};

function closing(seen: readonly Event[], options: Parameters<typeof compareTable>[1]): string[] {
  const claims = seen.filter((e): e is ClaimEvent => e.type === 'claim');
  const bench = seen.filter((e): e is BenchEvent => e.type === 'bench');
  const tables = [
    compareTable(seen, options),
    claims.length > 0 ? ledgerTables(claims, options) : [],
    bench.length > 0 ? benchTable(bench, options) : [],
  ];
  return tables.flatMap((lines) => (lines.length > 0 ? ['', ...lines] : []));
}

function later(run: () => void, ms: number): () => void {
  const timer = setTimeout(run, ms);
  timer.unref(); // a pending frame never keeps the process alive
  return () => clearTimeout(timer);
}
