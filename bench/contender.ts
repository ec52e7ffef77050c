/** One side of a benchmark: work that can be done again and again. */
import type { Timed } from '../src/run/index.ts';

export interface Contender {
  /** `ours`, or the peer's name. */
  readonly name: string;
  readonly work: Timed;
  /** Bytes that the plan holds at the highest point, where that is known. */
  readonly peakBytes?: number | undefined;
  /** What must be known beside the number. */
  readonly note?: string | undefined;
}

/** What a peer offers: the workloads it can do, by name. */
export interface Peer {
  readonly name: string;
  /** Prepares a workload; null where the peer cannot do it. */
  prepare(workload: string): Promise<Contender | null>;
  close?(): void;
}

/** The same numbers for every contender: a fixed sequence in (−1, 1) scaled by `scale`. */
export function numbers(n: number, seed: number, scale = 1): Float32Array {
  const out = new Float32Array(n);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < n; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = (state / 2 ** 31 - 1) * scale;
  }
  return out;
}

/** Class labels 0 … classes − 1. */
export const labels = (n: number, classes: number): Int32Array =>
  Int32Array.from({ length: n }, (_, i) => (i * 7 + 3) % classes);
