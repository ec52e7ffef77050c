/** Times several contenders in turns, so that whatever disturbs the machine disturbs all of them. */
import { median } from '../src/stats/index.ts';
import type { Contender } from './contender.ts';

export interface Timing {
  readonly name: string;
  /** Median over the rounds of the milliseconds of one call. */
  readonly ms: number;
  /** Median over the rounds of this contender's time by that of the first one. */
  readonly ratio: number;
  readonly note?: string | undefined;
}

/** Milliseconds that one turn of one contender takes at least. */
const TURN = 40;

async function warmed(contender: Contender): Promise<number> {
  let ms = await contender.time(1);
  const until = performance.now() + 3 * TURN;
  while (performance.now() < until) ms = await contender.time(Math.max(1, Math.min(1e6, Math.round(TURN / ms))));
  return Math.max(1, Math.min(1e6, Math.round(TURN / ms)));
}

/** Warms every contender, then gives each a turn a round, in alternating order. */
export async function interleave(contenders: readonly Contender[], rounds: number): Promise<Timing[]> {
  const counts: number[] = [];
  for (const contender of contenders) counts.push(await warmed(contender));
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const order = contenders.map((_, i) => i);
    if (round % 2 === 1) order.reverse();
    for (const i of order) times[i]!.push(await contenders[i]!.time(counts[i]!));
  }
  return contenders.map(({ name, note }, i) => ({
    name,
    note,
    ms: median(times[i]!),
    ratio: median(times[i]!.map((t, round) => t / times[0]![round]!)),
  }));
}
