/** Everything that src/engine/ops exports: the ops, and the rows that exercise them. */
import { readdirSync } from 'node:fs';
import type { CheckRow } from '../../src/engine/check-row.ts';
import type { Op } from '../../src/engine/op.ts';

const FOLDER = new URL('../../src/engine/ops/', import.meta.url);

export interface Collected {
  /** Sorted by name. */
  readonly rows: readonly CheckRow[];
  /** Each with the file that exports it. */
  readonly ops: readonly { readonly op: Op; readonly file: string }[];
}

/** Imports every file of ops and gathers exports named …Op, …Check and …Checks. */
export async function collect(): Promise<Collected> {
  const rows: CheckRow[] = [];
  const ops = new Map<Op, string>();
  for (const file of readdirSync(FOLDER).filter((name) => /(?<!\.test)\.ts$/.test(name))) {
    const module = (await import(new URL(file, FOLDER).pathname)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (name.endsWith('Op')) ops.set(value as Op, file);
      else if (/Checks?$/.test(name)) rows.push(...[value as CheckRow | CheckRow[]].flat());
    }
  }
  rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { rows, ops: [...ops].map(([op, file]) => ({ op, file })) };
}

/** The op that a row exercises: its name up to the first dot. */
export const opNameOf = (row: CheckRow): string => row.name.split('.')[0]!;
