/** Vocabularies: text to ids and back, by characters or by words. */
import { ConfigError, DataError } from '../../engine/errors.ts';

export interface Vocabulary {
  readonly kind: 'characters' | 'words';
  /** What each id stands for. */
  readonly tokens: readonly string[];
  /** The id of everything that is not in the vocabulary; null where that is an error. */
  readonly unknown: number | null;
  /** The id that fills short rows; null where there is none. */
  readonly padding: number | null;
  /** Turns text into ids; throws DataError with line and column where a token has none. */
  encode(text: string): Int32Array;
  /** Turns ids into text; words are joined by blanks. Throws DataError for an id that does not exist. */
  decode(ids: ArrayLike<number>): string;
}

export interface CharacterOptions {
  /** A token for characters that are not in the vocabulary; without one they are refused. */
  readonly unknown?: string;
}

/** Numbers the distinct characters (code points) of a text, or of a list of them, in code-point order. */
export function characterVocabulary(of: string | readonly string[], { unknown }: CharacterOptions = {}): Vocabulary {
  const points = new Set<number>();
  for (const part of typeof of === 'string' ? [of] : of) for (const c of part) points.add(c.codePointAt(0)!);
  const sorted = Int32Array.from(points).sort();
  if (sorted.length === 0) throw new ConfigError('a vocabulary needs one character or more', { help: 'give a text' });
  const special = unknown === undefined ? [] : [unknown];
  const tokens = [...special, ...Array.from(sorted, (p) => String.fromCodePoint(p))];
  const ids = new Map(Array.from(sorted, (p, i) => [p, i + special.length]));
  const unknownId = unknown === undefined ? null : 0;
  return {
    kind: 'characters',
    tokens,
    unknown: unknownId,
    padding: null,
    encode: (text) => encodeCharacters(text, ids, unknownId),
    decode: (list) => tokensOf(list, tokens).join(''),
  };
}

function encodeCharacters(text: string, ids: ReadonlyMap<number, number>, unknown: number | null): Int32Array {
  const out = new Int32Array(text.length);
  let n = 0;
  for (let i = 0; i < text.length; n++) {
    const point = text.codePointAt(i)!;
    const id = ids.get(point) ?? unknown;
    if (id === null) throw unknownToken(text, i, String.fromCodePoint(point), ids.size);
    out[n] = id;
    i += point > 0xffff ? 2 : 1;
  }
  return n === text.length ? out : out.slice(0, n);
}

export interface WordOptions {
  /** Words that occur less often are left out; default 1 (none is). */
  readonly minCount?: number;
  /** The most words kept, the most frequent first; default all. */
  readonly size?: number;
  /** Default true. */
  readonly lowercase?: boolean;
  /** The token of other words; default `<unk>`, null to refuse them. */
  readonly unknown?: string | null;
  /** A token that fills short rows; default none. It comes first, so its id is 0. */
  readonly padding?: string;
}

const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[^\s\p{L}\p{N}]/gu;

/** Splits text into words (letters and digits, with apostrophes and hyphens inside) and single punctuation marks. */
export const wordsOf = (text: string): string[] => text.match(WORD) ?? [];

/** Numbers the words of texts by falling count, equal counts in code-unit order; special tokens come before them. */
export function wordVocabulary(texts: Iterable<string>, options: WordOptions = {}): Vocabulary {
  const { minCount = 1, size = Number.POSITIVE_INFINITY, lowercase = true, unknown = '<unk>', padding } = options;
  requireAtLeastOne('minCount', minCount);
  requireAtLeastOne('size', size);
  const fold = (text: string): string => (lowercase ? text.toLowerCase() : text);
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of wordsOf(fold(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  const kept = [...counts].filter(([, count]) => count >= minCount).sort(byCount);
  const special = [padding, unknown].filter((token) => token !== undefined && token !== null);
  const tokens = [...special, ...kept.slice(0, size).map(([word]) => word)];
  const ids = new Map(tokens.map((token, i) => [token, i]));
  const unknownId = unknown === null ? null : ids.get(unknown)!;
  return {
    kind: 'words',
    tokens,
    unknown: unknownId,
    padding: padding === undefined ? null : 0,
    encode: (text) => encodeWords(fold(text), ids, unknownId),
    decode: (list) => tokensOf(list, tokens).join(' '),
  };
}

const byCount = ([a, m]: [string, number], [b, n]: [string, number]): number => n - m || (a < b ? -1 : 1);

function encodeWords(text: string, ids: ReadonlyMap<string, number>, unknown: number | null): Int32Array {
  const out: number[] = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const id = ids.get(word) ?? unknown;
    if (id === null) throw unknownToken(text, index, word, ids.size);
    out.push(id);
  }
  return Int32Array.from(out);
}

function unknownToken(text: string, at: number, token: string, size: number): DataError {
  const before = text.slice(0, at).split('\n');
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  return new DataError(`${JSON.stringify(token)} at line ${line}, column ${column} is not among ${size} tokens`, {
    token,
    line,
    column,
    help: "make the vocabulary of all texts, or give an unknown token: { unknown: '<unk>' }",
  });
}

function tokensOf(ids: ArrayLike<number>, tokens: readonly string[]): string[] {
  return Array.from(ids, (id, i) => {
    if (tokens[id] !== undefined) return tokens[id];
    throw new DataError(`id ${id} at ${i} stands for nothing: there are ${tokens.length} tokens`, {
      id,
      at: String(i),
      size: tokens.length,
      help: 'decode with the vocabulary that the ids were made with',
    });
  });
}

function requireAtLeastOne(name: string, value: number): void {
  if (value >= 1) return;
  throw new ConfigError(`${name} must be 1 or more, got ${value}`, { [name]: value });
}
