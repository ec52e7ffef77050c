/** Lengths of files and functions, and comments that repeat the licence. */
import ts from 'typescript';
import { lineOf, type SourceFile, walk } from './source.ts';

const softFile = 400;
const hardFile = 600;
const hardFunction = 80;
const mark = /^\s*\/\/ long on purpose: \S/;

export const lineCount = (file: SourceFile): number => file.text.replace(/\n$/, '').split('\n').length;

/** The first line of a file may say why the file is long. */
export const isLongOnPurpose = (file: SourceFile): boolean => mark.test(file.text);

export function longFiles(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => lineCount(file) > hardFile && !isLongOnPurpose(file))
    .map(
      (file) =>
        `${file.path} has ${lineCount(file)} lines, more than ${hardFile}: split it, or begin it with "// long on purpose: reason"`,
    );
}

/** Files over the soft limit; a tenth of all files may be. */
export const filesOverSoftLimit = (files: readonly SourceFile[]): string[] =>
  files
    .filter((file) => lineCount(file) > softFile && !isLongOnPurpose(file))
    .map((file) => `${file.path} (${lineCount(file)} lines)`);

export function longFunctions(files: readonly SourceFile[]): string[] {
  return files.filter((file) => !isLongOnPurpose(file)).flatMap(longFunctionsOf);
}

function longFunctionsOf(file: SourceFile): string[] {
  const lines = file.text.split('\n');
  const found: string[] = [];
  walk(file.ast, (node) => {
    if (!isFunctionWithBody(node)) return;
    const first = lineOf(file, node);
    const length = file.ast.getLineAndCharacterOfPosition(node.end).line + 2 - first;
    if (length <= hardFunction || mark.test(lines[first - 2] ?? '')) return;
    found.push(
      `${file.path}:${first} is a function of ${length} lines, more than ${hardFunction}: split it, or put "// long on purpose: reason" above it`,
    );
  });
  return found;
}

const isFunctionWithBody = (node: ts.Node) => ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;

/** One LICENSE file is enough. */
export function licenceBanners(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => {
      const first = ts.getLeadingCommentRanges(file.text, 0)?.[0];
      return (
        first !== undefined &&
        /copyright|SPDX-|licensed under|permission is hereby granted/i.test(file.text.slice(first.pos, first.end))
      );
    })
    .map((file) => `${file.path} begins with a licence banner: LICENSE is enough`);
}
