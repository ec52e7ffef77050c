/** Reads and parses the repository's TypeScript files for the guards. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { repository } from '../../scripts/entries.ts';

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
}

export function parse(path: string, text: string): SourceFile {
  return { path, text, ast: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

/** All .ts files below the folders, in a fixed order. */
export function sourcesIn(...folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => {
    const names = existsSync(join(repository, folder))
      ? readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
      : [];
    return names
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .filter((path) => path.endsWith('.ts') && !/\/(node_modules|dist)\//.test(path))
      .sort()
      .map((path) => parse(path, readFileSync(join(repository, path), 'utf8')));
  });
}

export const isTest = (file: SourceFile): boolean => file.path.endsWith('.test.ts');

/** 1-based line on which the node's code begins, its comments not counted. */
export const lineOf = (file: SourceFile, node: ts.Node): number =>
  file.ast.getLineAndCharacterOfPosition(node.getStart(file.ast)).line + 1;

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}
