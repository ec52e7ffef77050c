/**
 * How the calls of a plan are divided among threads, and where the threads wait for one another.
 *
 * A call is cut into ranges, entered as a team, or left to the first thread. Threads wait before a call that touches what another thread may still be writing, or that writes what another may still be reading.
 */
import { roundUp } from '../arena.ts';
import { baseOf, type MemoryPlan, type PlannedCall } from '../plan.ts';

export type Division = 'ranges' | 'team' | 'first';

export interface DividedCall {
  readonly call: PlannedCall;
  readonly how: Division;
  /** Whether the threads meet before it. */
  readonly waits: boolean;
}

/** Microseconds of one thread's work from which dividing pays. */
export interface Worth {
  /** A call: a barrier costs about half a microsecond, uneven shares more. */
  readonly cutting: number;
  /** All work of a program that can be divided: waking a thread costs up to 40. */
  readonly waking: number;
}

let worth: Worth = { cutting: 4, waking: 200 };

/** Replaces the limits for programs compiled from now on, and returns those before: tests divide everything. */
export function setWorth(next: Worth): Worth {
  const before = worth;
  worth = next;
  return before;
}

/** How a call runs on several threads. */
export function divisionOf({ spec, share, micros }: PlannedCall): Division {
  if (spec.host !== undefined) return 'first';
  if (spec.team !== undefined) return isWorthEntering(spec.team.plan) ? 'team' : 'first';
  return micros >= worth.cutting && share > (spec.grain ?? 1) ? 'ranges' : 'first';
}

/** Microseconds of a plan's work that more threads make shorter. */
export const divisibleMicros = ({ calls }: MemoryPlan): number =>
  calls.reduce((sum, call) => sum + (divisionOf(call) === 'first' ? 0 : call.micros), 0);

export const isWorthDividing = (plan: MemoryPlan): boolean => divisibleMicros(plan) >= worth.waking;

/** Whether a loop over this plan is worth entering together: each of its steps is. */
const isWorthEntering = (plan: MemoryPlan): boolean => divisibleMicros(plan) >= 4 * worth.cutting;

/** Bytes of memory that a call touches. */
interface Region {
  readonly base: number;
  readonly from: number;
  readonly to: number;
  /** The block, if every thread has its own. */
  readonly own: number | null;
}

interface Touched {
  readonly reads: readonly Region[];
  readonly writes: readonly Region[];
}

/** Divides the calls of a plan. */
export function divide(plan: MemoryPlan): DividedCall[] {
  let [first, others]: [Touched[], Touched[]] = [[], []];
  return plan.calls.map((call) => {
    const how = divisionOf(call);
    const touched = touchedBy(plan, call);
    const rivals = how === 'first' ? others : [...others, ...first];
    const waits = rivals.some((earlier) => isOrdered(earlier, touched));
    if (waits) [first, others] = [[], []];
    (how === 'first' ? first : others).push(touched);
    return { call, how, waits };
  });
}

function touchedBy(plan: MemoryPlan, { args, writes: written }: PlannedCall): Touched {
  const [reads, writes]: [Region[], Region[]] = [[], []];
  for (const arg of args) {
    if (typeof arg === 'number') continue;
    const { place, bytes, helperOffset } = plan.blocks[arg.block]!;
    const region = {
      base: baseOf(place, plan.inputs),
      from: place.offset,
      to: place.offset + roundUp(bytes),
      own: helperOffset === null ? null : arg.block,
    };
    (written.has(arg.block) ? writes : reads).push(region);
  }
  return { reads, writes };
}

const isOrdered = (a: Touched, b: Touched): boolean =>
  meet(a.writes, b.reads) || meet(a.writes, b.writes) || meet(a.reads, b.writes);

const meet = (xs: readonly Region[], ys: readonly Region[]): boolean =>
  xs.some((x) =>
    ys.some((y) => x.base === y.base && x.from < y.to && y.from < x.to && (x.own === null || x.own !== y.own)),
  );
