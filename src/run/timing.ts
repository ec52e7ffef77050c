/**
 * Interleaved timing: candidates take turns, so that a machine that heats up, slows down or is shared does the same to all of them.
 *
 * Design   a round times every candidate twice, once in order and once in reverse (a b b a): a drift that is linear in log time cancels within the round.
 * Ratio    the median over rounds of the geometric mean of a round's two ratios, with a percentile bootstrap interval over rounds.
 * Honest   load averages before and after, rounds that lie far off and the calls per sample stand in the report; nothing is left out of it.
 */
import { ConfigError } from '../engine/index.ts';
import { type KeyWords, keyFrom } from '../engine/threefry.ts';
import { breathe } from '../methods/breathe.ts';
import { bootstrapInterval, type Interval, median } from '../stats/index.ts';

export interface TimingOptions {
  /** Rounds; each times every candidate twice. 15 unless said. */
  readonly rounds?: number;
  /** Milliseconds that a sample lasts at least: short functions are called as often as that takes. 5 unless said. */
  readonly minMs?: number;
  /** Milliseconds that each candidate runs before anything counts; 50 unless said. */
  readonly warmUpMs?: number;
  /** Milliseconds; the performance clock unless said. */
  readonly clock?: () => number;
  /** Load average of the last minute, null where there is none; the operating system's unless said. */
  readonly load?: () => Promise<number | null> | number | null;
  /** Load before the run above which the machine counts as busy; half of the cores unless said. */
  readonly busyAbove?: number;
  /** Of the bootstrap. */
  readonly key?: KeyWords;
  /** Of the interval; 0.95 unless said. */
  readonly level?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Timing {
  /** Milliseconds a call: the median over samples, the quartiles, the least. */
  readonly ms: number;
  readonly quartilesMs: readonly [number, number];
  readonly leastMs: number;
  /** Calls in one sample. */
  readonly calls: number;
  /** Milliseconds a call, sample by sample. */
  readonly samples: readonly number[];
}

export interface TimeRatio extends Interval {
  /** One a round. */
  readonly ratios: readonly number[];
  /** Rounds whose ratio lies more than five deviations (by the median absolute one) from the median; they count all the same. */
  readonly outliers: readonly number[];
}

export interface TimingReport<Name extends string = string> {
  readonly times: Readonly<Record<Name, Timing>>;
  /** Time of `a` over time of `b`: above 1 where `b` is faster. */
  ratio(a: Name, b: Name): TimeRatio;
  readonly loadBefore: number | null;
  readonly loadAfter: number | null;
  /** Whether the load left room for the run before it, and for little else after it; null where the load is not known. */
  readonly isIdle: boolean | null;
  /** One sentence for each reason to distrust the figures; empty where there is none. */
  readonly warnings: readonly string[];
}

/** A function, which may return a promise; or work in another process, which holds its own clock and says how many milliseconds so many calls took. */
export type Timed = (() => unknown) | { readonly elapsed: (calls: number) => Promise<number> };

/** Times functions and what times itself, in turns; returns their times and the ratio of any two. */
export async function timeInterleaved<Name extends string>(
  candidates: Readonly<Record<Name, Timed>>,
  options: TimingOptions = {},
): Promise<TimingReport<Name>> {
  const { rounds = 15, minMs = 5, warmUpMs = 50, clock = () => performance.now(), load = systemLoad, signal } = options;
  const names = Object.keys(candidates) as Name[];
  requireSense(names, rounds, minMs);
  const loadBefore = await load();
  const calls = new Map<Name, number>();
  for (const name of names) calls.set(name, await prepared(candidates[name], { clock, warmUpMs, minMs }));
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  const order = [...names, ...names.toReversed()];
  for (let round = 0; round < rounds; round++) {
    for (const name of order) {
      signal?.throwIfAborted();
      await breathe();
      const n = calls.get(name)!;
      samples[name].push((await elapsed(candidates[name], n, clock)) / n);
    }
  }
  const loadAfter = await load();
  const times = mapNames(names, (name) => timingOf(samples[name], calls.get(name)!));
  const busyAbove = options.busyAbove ?? (await cores()) / 2;
  const about = { loadBefore, loadAfter, isIdle: isIdle(loadBefore, loadAfter, busyAbove) };
  const ratio = (a: Name, b: Name) => ratioOf(samples[a], samples[b], options);
  return { times, ratio, ...about, warnings: warningsOf(names, ratio, { ...about, busyAbove }) };
}

function requireSense(names: readonly string[], rounds: number, minMs: number): void {
  if (names.length > 0 && Number.isInteger(rounds) && rounds >= 2 && minMs > 0) return;
  throw new ConfigError(`${names.length} functions in ${rounds} rounds of ${minMs} ms cannot be timed`, {
    names,
    rounds,
    minMs,
    help: 'give at least one function, two rounds and a time above 0',
  });
}

interface Preparation {
  readonly clock: () => number;
  readonly warmUpMs: number;
  readonly minMs: number;
}

/** Warms a function up and returns how many calls last `minMs`. */
async function prepared(run: Timed, { clock, warmUpMs, minMs }: Preparation): Promise<number> {
  const start = clock();
  do await elapsed(run, 1, clock);
  while (clock() - start < warmUpMs);
  let calls = 1;
  while (true) {
    await breathe();
    const ms = await elapsed(run, calls, clock);
    if (ms >= minMs) return calls;
    // Half as much again as seems needed, so that one more try settles it; a clock that has not moved says nothing.
    calls = ms > 0 ? Math.max(calls + 1, Math.ceil((1.5 * calls * minMs) / ms)) : calls * 10;
  }
}

async function elapsed(run: Timed, calls: number, clock: () => number): Promise<number> {
  if (typeof run !== 'function') return run.elapsed(calls);
  const before = clock();
  for (let i = 0; i < calls; i++) {
    const result = run();
    if (result instanceof Promise) await result;
  }
  return clock() - before;
}

function timingOf(samples: readonly number[], calls: number): Timing {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return { ms: median(samples), quartilesMs: [at(0.25), at(0.75)], leastMs: sorted[0]!, calls, samples };
}

const FAR = 5;
/** Differences of logarithms below this are rounding of the clock. */
const ROUNDING = 1e-9;
/** The median absolute deviation of a normal distribution is its deviation over this. */
const MAD_TO_DEVIATION = 1.4826;

function ratioOf(
  a: readonly number[],
  b: readonly number[],
  { key = keyFrom(0), level = 0.95 }: TimingOptions,
): TimeRatio {
  const each = a.map((v, i) => v / b[i]!);
  const ratios = Array.from({ length: each.length / 2 }, (_, r) => Math.sqrt(each[2 * r]! * each[2 * r + 1]!));
  const interval = bootstrapInterval(ratios, median, { key, level, method: 'percentile' });
  const logs = ratios.map(Math.log);
  const centre = median(logs);
  const deviation = MAD_TO_DEVIATION * median(logs.map((v) => Math.abs(v - centre)));
  const outliers = logs.flatMap((v, round) =>
    Math.abs(v - centre) > Math.max(FAR * deviation, ROUNDING) ? [round] : [],
  );
  return { ...interval, ratios, outliers };
}

// The run itself keeps one core busy, which the load after it shows.
const isIdle = (before: number | null, after: number | null, busyAbove: number): boolean | null =>
  before === null || after === null ? null : before <= busyAbove && after <= busyAbove + 1;

function warningsOf<Name extends string>(
  names: readonly Name[],
  ratio: (a: Name, b: Name) => TimeRatio,
  about: { loadBefore: number | null; loadAfter: number | null; isIdle: boolean | null; busyAbove: number },
): string[] {
  const { loadBefore, loadAfter, busyAbove } = about;
  const far = names.slice(1).flatMap((name) => {
    const { outliers, ratios } = ratio(names[0]!, name);
    return outliers.length === 0
      ? []
      : [`${outliers.length} of ${ratios.length} rounds of ${names[0]} and ${name} lie far from the others`];
  });
  if (about.isIdle !== false) return far;
  const load = `the machine was busy: load ${loadBefore!.toFixed(2)} before and ${loadAfter!.toFixed(2)} after, idle is up to ${busyAbove}`;
  return [load, ...far];
}

const mapNames = <Name extends string, T>(names: readonly Name[], of: (name: Name) => T): Record<Name, T> =>
  Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;

const os = async (): Promise<typeof import('node:os') | null> =>
  typeof process === 'object' && process.versions?.node !== undefined ? import('node:os') : null;

async function systemLoad(): Promise<number | null> {
  return (await os())?.loadavg()[0] ?? null;
}

const cores = async (): Promise<number> => (await os())?.availableParallelism() ?? 2;
