/** Names that hide state or a clock, and where they may stand. */
import ts from 'typescript';
import { lineOf, type SourceFile, walk } from './source.ts';

interface Ban {
  readonly name: string;
  readonly why: string;
  readonly allowedIn: readonly string[];
  readonly matches: (node: ts.Node) => boolean;
}

export interface Exception {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

/** Files that may use a banned name all the same. */
export const exceptions: readonly Exception[] = [];

const isMember = (object: string, member?: string) => (node: ts.Node) =>
  ts.isPropertyAccessExpression(node) &&
  ts.isIdentifier(node.expression) &&
  node.expression.text === object &&
  (member === undefined || node.name.text === member);

const isNowDate = (node: ts.Node) =>
  ts.isNewExpression(node) &&
  ts.isIdentifier(node.expression) &&
  node.expression.text === 'Date' &&
  !node.arguments?.length;

const bans: readonly Ban[] = [
  {
    name: 'Math.random',
    why: 'random numbers take an explicit key',
    allowedIn: [],
    matches: isMember('Math', 'random'),
  },
  {
    name: 'Date.now',
    why: 'what lies below run/ is a function of its arguments',
    allowedIn: ['src/run/', 'src/papers/', 'src/cli/'],
    matches: (node) => isMember('Date', 'now')(node) || isNowDate(node),
  },
  {
    name: 'console',
    why: 'only the command line talks to people',
    allowedIn: ['src/cli/'],
    matches: isMember('console'),
  },
];

/** One line per use of a banned name: file, line, name, reason. */
export function bannedCalls(files: readonly SourceFile[], allowed: readonly Exception[] = exceptions): string[] {
  return files.flatMap((file) => {
    const applying = bans.filter((ban) => !mayUse(file, ban, allowed));
    const found: string[] = [];
    walk(file.ast, (node) => {
      for (const ban of applying)
        if (ban.matches(node)) found.push(`${file.path}:${lineOf(file, node)} uses ${ban.name}: ${ban.why}`);
    });
    return found;
  });
}

const mayUse = (file: SourceFile, ban: Ban, allowed: readonly Exception[]) =>
  ban.allowedIn.some((folder) => file.path.startsWith(folder)) ||
  allowed.some((exception) => exception.file === file.path && exception.name === ban.name);
