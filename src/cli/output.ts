/** What verbs without a live display write: JSON lines, or a table. */
import type { Line } from './lines.ts';
import { type Column, style, table, wantsColor } from './ui/index.ts';
import type { Call, Options } from './verb.ts';

type To = Pick<Call<Options>, 'io'> & { readonly values: { readonly json: boolean } };

/** Writes lines for programs, or the table of them for people. */
export function writeLines(
  lines: readonly Line[],
  columns: readonly Column[],
  rowOf: (line: never) => readonly string[],
  to: To,
): void {
  const { stdout } = to.io;
  if (to.values.json) for (const line of lines) stdout.write(`${JSON.stringify(line)}\n`);
  else
    writeTable(
      columns,
      lines.map((line) => rowOf(line as never)),
      to,
    );
}

/** Writes one line for programs; people get nothing of it. */
export function writeLine(line: Line, { io, values }: To): void {
  if (values.json) io.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Writes a table for people. */
export function writeTable(columns: readonly Column[], rows: readonly (readonly string[])[], { io, values }: To): void {
  const people = values.json ? io.stderr : io.stdout;
  const options = { width: people.columns || Number.POSITIVE_INFINITY, style: style(wantsColor(people, io.env)) };
  for (const line of table(columns, rows, options)) people.write(`${line}\n`);
}
