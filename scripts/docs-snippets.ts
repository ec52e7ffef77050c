/** Finds the code blocks of a Markdown page that are marked `run`, and makes them runnable in this checkout. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { libraryEntries, repository } from './entries.ts';

export interface Snippet {
  readonly language: string;
  /** 1-based line of the opening fence. */
  readonly line: number;
  readonly code: string;
}

/** Lists the blocks that open with ```<language> run. */
export function snippetsOf(markdown: string): Snippet[] {
  const blocks = markdown.matchAll(/^```(\S+) run[^\S\n]*\n(.*?)^```[^\S\n]*$/gms);
  return [...blocks].map(({ 1: language, 2: code, index }) => ({
    language: language!,
    line: markdown.slice(0, index).split('\n').length,
    code: code!,
  }));
}

/** Points every import of the package at its source; throws where the package has no such entry. */
export function runnable(code: string): string {
  const sources = new Map(libraryEntries().map(({ subpath, source }) => [`cotangent${subpath.slice(1)}`, source]));
  return code.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(['"])(cotangent(?:\/[^'"]*)?)\2/g, (_, lead, quote, name) => {
    const source = sources.get(name);
    if (source === undefined)
      throw new Error(`the package has no entry '${name}'; it has ${[...sources.keys()].join(', ')}`);
    return lead + quote + pathToFileURL(join(repository, source)).href + quote;
  });
}

/** What the block promises to print: the text after each `// → `, in order. */
export const promised = (code: string): string[] =>
  [...code.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]!.trimEnd());

/** The commands of a shell block, without comments and continued lines joined. */
export const commandsOf = (code: string): string[] =>
  code
    .replace(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
