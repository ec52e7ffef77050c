/** Reader of csv and tsv tables into typed columns: numbers, categories, text, and a policy for missing values. */
import { ConfigError, DataError } from '../engine/errors.ts';
import { decodeUtf8, type NamedBytes } from './bytes.ts';
import { type DelimitedOptions, type Field, type RecordLine, readRecords } from './delimited.ts';

export type ColumnType = 'number' | 'category' | 'text';

export interface CsvOptions extends DelimitedOptions {
  /** Whether the first record holds the names; otherwise they are c0, c1, … */
  readonly header?: boolean;
  /** Columns to keep, by name or index from 0, in this order; default all. */
  readonly columns?: readonly (string | number)[];
  /** Types by name; the others are numbers where every value is one, categories where not. */
  readonly types?: Readonly<Record<string, ColumnType>>;
  /** Unquoted texts that mean "no value"; default '', '?', 'NA', 'NaN', 'nan', 'null'. */
  readonly missing?: readonly string[];
  /** `error` refuses, `drop` leaves the record out, `keep` stores NaN, code −1 or ''. */
  readonly onMissing?: 'error' | 'drop' | 'keep';
}

export type Column =
  | { readonly name: string; readonly type: 'number'; readonly values: Float64Array }
  | { readonly name: string; readonly type: 'category'; readonly codes: Int32Array; readonly levels: readonly string[] }
  | { readonly name: string; readonly type: 'text'; readonly values: readonly string[] };

export interface Table {
  readonly name: string;
  readonly n: number;
  readonly columns: readonly Column[];
}

interface Row {
  readonly line: number;
  /** Null stands for a missing value. */
  readonly values: readonly (string | null)[];
}

const MISSING = ['', '?', 'NA', 'NaN', 'nan', 'null'];
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Reads an unpacked UTF-8 table. Levels of a category stand in code-unit order, whatever the order of the rows. */
export function readCsv(file: NamedBytes, options: CsvOptions = {}): Table {
  return parseCsv(file.name, decodeUtf8(file), options);
}

/** Reads a table from text; `name` stands in error messages. */
export function parseCsv(name: string, text: string, options: CsvOptions = {}): Table {
  const { header = true, missing = MISSING, onMissing = 'error' } = options;
  const records = [...readRecords(name, text, options)];
  if (records.length === 0) {
    throw new DataError(`${name}: expected ${header ? 'a header' : 'a record'}, found an empty table`, { file: name });
  }
  const names = header ? records[0]!.fields.map((f) => f.text) : records[0]!.fields.map((_, i) => `c${i}`);
  requireUnique(name, names);
  const kept = (options.columns ?? names).map((column) => indexOf(name, names, column));
  const tokens = new Set(missing);
  const read = (record: RecordLine): Row => readRow(name, names.length, kept, tokens, record);
  let rows = records.slice(header ? 1 : 0).map(read);
  if (onMissing === 'drop') rows = rows.filter((row) => !row.values.includes(null));
  if (onMissing === 'error')
    requireComplete(
      name,
      rows,
      kept.map((k) => names[k]!),
    );
  const types = options.types ?? {};
  for (const typed of Object.keys(types)) indexOf(name, names, typed);
  return { name, n: rows.length, columns: kept.map((k, i) => readColumn(name, names[k]!, rows, i, types[names[k]!])) };
}

/** Finds a column by name. */
export function columnOf(table: Table, name: string): Column {
  const column = table.columns.find((c) => c.name === name);
  if (column !== undefined) return column;
  throw unknownColumn(
    table.name,
    name,
    table.columns.map((c) => c.name),
  );
}

function readRow(
  name: string,
  width: number,
  kept: readonly number[],
  missing: ReadonlySet<string>,
  record: RecordLine,
): Row {
  if (record.fields.length !== width) {
    throw new DataError(`${name}: line ${record.line}: expected ${width} fields, found ${record.fields.length}`, {
      file: name,
      line: record.line,
      expected: width,
      found: record.fields.length,
      help: 'check the delimiter and the quotes, or repair the line',
    });
  }
  const cell = ({ text, quoted }: Field): string | null => (!quoted && missing.has(text.trim()) ? null : text);
  return { line: record.line, values: kept.map((k) => cell(record.fields[k]!)) };
}

function requireComplete(name: string, rows: readonly Row[], names: readonly string[]): void {
  for (const { line, values } of rows) {
    const at = values.indexOf(null);
    if (at < 0) continue;
    throw new DataError(`${name}: line ${line}: column "${names[at]}" has no value`, {
      file: name,
      line,
      column: names[at],
      help: "choose onMissing: 'drop' or 'keep', or leave the column out",
    });
  }
}

function readColumn(
  file: string,
  name: string,
  rows: readonly Row[],
  at: number,
  type: ColumnType | undefined,
): Column {
  const isNumber = (row: Row): boolean => row.values[at] === null || NUMBER.test(row.values[at]!.trim());
  const chosen = type ?? (rows.every(isNumber) ? 'number' : 'category');
  if (chosen === 'text') return { name, type: 'text', values: rows.map((row) => row.values[at] ?? '') };
  if (chosen === 'category')
    return { name, type: 'category', ...encodeLevels(rows.map((row) => row.values[at] ?? null)) };
  const bad = rows.find((row) => !isNumber(row));
  if (bad !== undefined) {
    throw new DataError(`${file}: line ${bad.line}: column "${name}": expected a number, found "${bad.values[at]}"`, {
      file,
      line: bad.line,
      column: name,
      help: `give types: { "${name}": 'category' }, or name the text as missing`,
    });
  }
  return { name, type: 'number', values: Float64Array.from(rows, (row) => Number(row.values[at] ?? Number.NaN)) };
}

function encodeLevels(values: readonly (string | null)[]): { codes: Int32Array; levels: string[] } {
  const levels = [...new Set(values)].filter((v) => v !== null).sort((a, b) => (a < b ? -1 : 1));
  const codes = new Map<string | null, number>(levels.map((level, i) => [level, i]));
  return { codes: Int32Array.from(values, (v) => codes.get(v) ?? -1), levels };
}

function indexOf(file: string, names: readonly string[], column: string | number): number {
  const at = typeof column === 'number' ? column : names.indexOf(column);
  if (Number.isInteger(at) && at >= 0 && at < names.length) return at;
  throw unknownColumn(file, column, names);
}

function unknownColumn(file: string, column: string | number, names: readonly string[]): ConfigError {
  return new ConfigError(`${file}: there is no column ${JSON.stringify(column)} among ${names.length} columns`, {
    file,
    column,
    help: `columns are: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`,
  });
}

function requireUnique(file: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new DataError(`${file}: the header names column "${twice}" twice`, {
    file,
    column: twice,
    help: 'read it with header: false and skip the first row, or rename the column',
  });
}
