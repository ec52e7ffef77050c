/** A table of recorded motion: which columns are positions, momenta, velocities, time and run, and the trajectories they hold. */
import { type Column, columnOf, readCsv, type Table } from '../data/index.ts';
import { ConfigError, DataError } from '../engine/errors.ts';
import type { Trajectory } from '../methods/hamiltonian/index.ts';

/** Names of columns as the command line gives them; what is not given is found by its name. */
export interface MotionColumns {
  readonly q?: readonly string[] | undefined;
  readonly p?: readonly string[] | undefined;
  readonly dq?: readonly string[] | undefined;
  readonly dp?: readonly string[] | undefined;
  readonly time?: string | undefined;
  readonly run?: string | undefined;
}

export interface Motion {
  readonly trajectories: readonly Trajectory[];
  /** Names of positions and momenta. */
  readonly names: { readonly q: readonly string[]; readonly p: readonly string[] };
  /** What the velocities are taken from. */
  readonly from: 'measured velocities' | 'pairs of states';
}

/** Reads the trajectories of a csv or tsv file; runs in the order of their first row, rows in the order of the file. */
export function readMotion(
  file: { readonly name: string; readonly bytes: Uint8Array },
  columns: MotionColumns,
): Motion {
  // Gaps in columns that nobody asked for do no harm.
  const table = readCsv(file, { delimiter: /\.tsv$/i.test(file.name) ? '\t' : ',', onMissing: 'keep' });
  if (table.n === 0) throw new DataError(`${file.name} has a header and no rows`, { help: 'one row a state' });
  const names = table.columns.map((c) => c.name);
  const like = (pattern: RegExp): string[] => names.filter((name) => pattern.test(name));
  const q = columns.q ?? like(/^q_?\d*$/);
  const p = columns.p ?? like(/^p_?\d*$/);
  requirePairs(file.name, q, p, names);
  const velocities = velocityNames(q, p, columns, names);
  const time = columns.time ?? like(/^(t|time)$/i)[0];
  if (velocities === null && time === undefined)
    throw new ConfigError(`${file.name} has neither velocities nor a time`, {
      columns: names,
      help: 'name them: --time t, or --dq dq1,dq2 --dp dp1,dp2',
    });
  const states = rowsOf(table, [...q, ...p]);
  const rates = velocities === null ? null : rowsOf(table, velocities);
  const times = velocities === null ? [...numbersOf(table, time!)] : null;
  const trajectories = runsOf(table, columns.run ?? like(/^(run|trajectory)$/i)[0]).map((rows): Trajectory => {
    const pick = <T>(of: readonly T[]): T[] => rows.map((i) => of[i]!);
    return rates === null
      ? { states: pick(states), times: pick(times!) }
      : { states: pick(states), velocities: pick(rates) };
  });
  return { trajectories, names: { q, p }, from: rates === null ? 'pairs of states' : 'measured velocities' };
}

function requirePairs(file: string, q: readonly string[], p: readonly string[], names: readonly string[]): void {
  if (q.length > 0 && q.length === p.length) return;
  const found = (of: readonly string[]) => (of.length === 0 ? 'none' : of.join(', '));
  throw new ConfigError(`${file} has the columns ${names.join(', ')}: positions ${found(q)}; momenta ${found(p)}`, {
    columns: names,
    help: 'name as many of one as of the other: --q x,y --p px,py',
  });
}

/** Names of (q̇, ṗ): as given, or d and the name of each coordinate where all of these are there. */
function velocityNames(
  q: readonly string[],
  p: readonly string[],
  { dq, dp }: MotionColumns,
  names: readonly string[],
): string[] | null {
  if (dq === undefined && dp === undefined) {
    const usual = [...q, ...p].map((name) => `d${name}`);
    return usual.every((name) => names.includes(name)) ? usual : null;
  }
  if (dq?.length === q.length && dp?.length === p.length) return [...dq, ...dp];
  throw new ConfigError(
    `${dq?.length ?? 0} and ${dp?.length ?? 0} velocities for ${q.length} positions and ${p.length} momenta`,
    {
      help: 'give both: --dq as many names as --q, --dp as many as --p',
    },
  );
}

function numbersOf(table: Table, name: string): Float64Array {
  const column = columnOf(table, name);
  if (column.type !== 'number')
    throw new DataError(`${table.name}: column "${name}" holds text, such as "${firstText(column)}"`, {
      column: name,
      help: 'positions, momenta and times are numbers',
    });
  const row = column.values.findIndex((value) => !Number.isFinite(value));
  if (row < 0) return column.values;
  throw new DataError(`${table.name}: row ${row + 1} of the data has no value in column "${name}"`, {
    column: name,
    row: row + 1,
    help: 'fill it in, or leave the row out',
  });
}

/** The first text of a column that is no number. */
function firstText(column: Exclude<Column, { readonly type: 'number' }>): string {
  const texts = column.type === 'text' ? column.values : column.levels;
  return texts.find((t) => t.trim() === '' || Number.isNaN(Number(t))) ?? texts[0] ?? '';
}

function rowsOf(table: Table, names: readonly string[]): number[][] {
  const columns = names.map((name) => numbersOf(table, name));
  return Array.from({ length: table.n }, (_, i) => columns.map((c) => c[i]!));
}

/** Rows of each run; all of them where there is no such column. */
function runsOf(table: Table, name: string | undefined): number[][] {
  if (name === undefined) return [Array.from({ length: table.n }, (_, i) => i)];
  const labels = labelsOf(columnOf(table, name));
  const runs = new Map<string | number, number[]>();
  labels.forEach((label, i) => {
    const rows = runs.get(label) ?? [];
    rows.push(i);
    runs.set(label, rows);
  });
  return [...runs.values()];
}

const labelsOf = (column: Column): (string | number)[] =>
  column.type === 'category' ? [...column.codes] : [...column.values];
