/** How often derivative rules are called: the price of a transformation, counted while it traces or runs. */

/** Calls per op name. */
export interface RuleCalls {
  readonly jvp: Readonly<Record<string, number>>;
  readonly transpose: Readonly<Record<string, number>>;
}

export interface Counted<R> {
  readonly result: R;
  readonly calls: RuleCalls;
}

interface Tally {
  readonly jvp: Record<string, number>;
  readonly transpose: Record<string, number>;
}

let open: Tally | null = null;

/** Notes one call of an op's rule. */
export function noteRule(kind: keyof RuleCalls, name: string): void {
  if (open !== null) open[kind][name] = (open[kind][name] ?? 0) + 1;
}

/** Notes calls that were made once for a graph that is used again. */
export function repeatRules(calls: RuleCalls): void {
  if (open === null) return;
  for (const kind of ['jvp', 'transpose'] as const)
    for (const [name, count] of Object.entries(calls[kind])) open[kind][name] = (open[kind][name] ?? 0) + count;
}

/** Runs `body` and counts the derivative rules that it calls, per op; derived graphs that are remembered count as often as they are used. */
export function countRules<R>(body: () => R): Counted<R> {
  const before = open;
  const tally: Tally = { jvp: {}, transpose: {} };
  open = tally;
  try {
    return { result: body(), calls: tally };
  } finally {
    open = before;
    repeatRules(tally);
  }
}
