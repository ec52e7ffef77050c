/** Reader of JSON Lines: one JSON value a line. */
import { DataError } from '../engine/errors.ts';
import { decodeUtf8, type NamedBytes } from './bytes.ts';

export interface JsonLine {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly value: unknown;
}

/** Reads all values with their lines; empty lines are skipped, a line that is not JSON is refused with its number. */
export function readJsonl(file: NamedBytes): JsonLine[] {
  const out: JsonLine[] = [];
  decodeUtf8(file)
    .split('\n')
    .forEach((text, i) => {
      if (text.trim() !== '') out.push({ line: i + 1, value: parse(file.name, text, i + 1) });
    });
  return out;
}

function parse(file: string, text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${file}: line ${line}: expected JSON, found ${JSON.stringify(text.slice(0, 60))}`, {
      file,
      line,
      cause: cause instanceof Error ? cause.message : String(cause),
      help: 'each line is one whole JSON value; repair the line',
    });
  }
}
