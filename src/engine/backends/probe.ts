/** What watches tracing and compiled programs: nothing, unless somebody asked (debug.ts). */
import type { Graph } from '../graph.ts';
import type { MemoryPlan } from './wasm/plan.ts';
import type { Profile } from './wasm/profile.ts';

/** A program as it was compiled: the graph with its chains fused, and its plan. */
export interface CompiledProgram {
  readonly graph: Graph;
  readonly plan: MemoryPlan;
  readonly profile: Profile;
}

export interface Probe {
  /** A call of a compiled function had to be traced, and why. */
  traced(name: string, why: string): void;
  compiled(program: CompiledProgram): void;
  /** When given, programs run call by call on one thread, and the milliseconds of each call of the plan come here. */
  readonly ran: ((program: CompiledProgram, ms: readonly number[]) => void) | null;
}

let current: Probe | null = null;

export const probe = (): Probe | null => current;

/** Replaces what watches; null for nothing. */
export function setProbe(next: Probe | null): void {
  current = next;
}
