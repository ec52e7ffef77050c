/** Splits delimited text (csv, tsv) into records of fields, with quotes, comments and line numbers. */
import { ConfigError, DataError } from '../engine/errors.ts';

export interface DelimitedOptions {
  /** One character; default a comma. */
  readonly delimiter?: string;
  /** Null where quotes are ordinary characters (LIAR). */
  readonly quote?: string | null;
  /** Lines that begin with this are skipped. */
  readonly comment?: string;
}

/** A field and whether it stood in quotes: quoted text is never a missing value. */
export interface Field {
  readonly text: string;
  readonly quoted: boolean;
}

export interface RecordLine {
  /** Line of the file on which the record begins, from 1. */
  readonly line: number;
  readonly fields: readonly Field[];
}

interface Cursor {
  at: number;
  line: number;
}

interface Syntax {
  readonly name: string;
  readonly text: string;
  readonly delimiter: string;
  readonly quote: string | null;
}

/** Yields the records of a text; empty lines are skipped, a doubled quote inside quotes stands for one. */
export function* readRecords(
  name: string,
  text: string,
  { delimiter = ',', quote = '"', comment }: DelimitedOptions = {},
): Generator<RecordLine> {
  requireCharacter('delimiter', delimiter);
  if (quote !== null) requireCharacter('quote', quote);
  const syntax: Syntax = { name, text, delimiter, quote };
  const cursor: Cursor = { at: text.charCodeAt(0) === 0xfeff ? 1 : 0, line: 1 };
  while (cursor.at < text.length) {
    if (skipLine(text, cursor, comment)) continue;
    const line = cursor.line;
    yield { line, fields: readRecord(syntax, cursor) };
  }
}

function skipLine(text: string, cursor: Cursor, comment: string | undefined): boolean {
  const isComment = comment !== undefined && comment !== '' && text.startsWith(comment, cursor.at);
  if (!isComment && !isLineEnd(text, cursor.at)) return false;
  while (cursor.at < text.length && !isLineEnd(text, cursor.at)) cursor.at++;
  passLineEnd(text, cursor);
  return true;
}

function readRecord(syntax: Syntax, cursor: Cursor): Field[] {
  const { text, delimiter, quote } = syntax;
  const fields: Field[] = [];
  for (;;) {
    const quoted = quote !== null && text[cursor.at] === quote;
    fields.push({ text: quoted ? readQuoted(syntax, cursor) : readPlain(text, cursor, delimiter), quoted });
    if (text[cursor.at] !== delimiter) break;
    cursor.at++;
  }
  passLineEnd(text, cursor);
  return fields;
}

function readPlain(text: string, cursor: Cursor, delimiter: string): string {
  const from = cursor.at;
  while (cursor.at < text.length && text[cursor.at] !== delimiter && !isLineEnd(text, cursor.at)) cursor.at++;
  return text.slice(from, cursor.at);
}

function readQuoted({ name, text, delimiter, quote }: Syntax, cursor: Cursor): string {
  const begun = cursor.line;
  let value = '';
  let from = ++cursor.at;
  for (; ; cursor.at++) {
    if (cursor.at >= text.length) throw quoteError(name, begun, 'a quote that is never closed');
    if (text[cursor.at] === '\n') cursor.line++;
    if (text[cursor.at] !== quote) continue;
    value += text.slice(from, cursor.at);
    if (text[cursor.at + 1] !== quote) break;
    value += quote;
    from = ++cursor.at + 1;
  }
  cursor.at++;
  if (cursor.at < text.length && text[cursor.at] !== delimiter && !isLineEnd(text, cursor.at)) {
    throw quoteError(name, cursor.line, `${JSON.stringify(text[cursor.at])} after a closing quote`);
  }
  return value;
}

const isLineEnd = (text: string, at: number): boolean =>
  text[at] === '\n' || (text[at] === '\r' && text[at + 1] === '\n');

function passLineEnd(text: string, cursor: Cursor): void {
  if (text[cursor.at] === '\r' && text[cursor.at + 1] === '\n') cursor.at++;
  if (text[cursor.at] === '\n') cursor.at++;
  cursor.line++;
}

function quoteError(name: string, line: number, found: string): DataError {
  return new DataError(`${name}: line ${line}: found ${found}`, {
    file: name,
    line,
    help: 'give quote: null where quotes are ordinary characters',
  });
}

function requireCharacter(option: string, value: string): void {
  if (value.length === 1 && value !== '\n' && value !== '\r') return;
  throw new ConfigError(`${option} must be one character, got ${JSON.stringify(value)}`, { [option]: value });
}
