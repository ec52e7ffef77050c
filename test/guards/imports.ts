/** Which file imports what, and whether the direction is allowed. */
import { posix } from 'node:path';
import ts from 'typescript';
import { lineOf, type SourceFile, walk } from './source.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** Folders of src/, the lowest first. */
const layers: readonly (readonly string[])[] = [
  ['engine'],
  ['nn', 'optim', 'solve', 'stats', 'data', 'plot'],
  ['methods'],
  ['run', 'papers'],
  ['cli'],
];

/** Imports within one layer; each needs its reason. */
const sideways: readonly { readonly from: string; readonly to: string; readonly reason: string }[] = [
  { from: 'papers', to: 'run', reason: 'claims train with the one loop and the one tuner' },
];

/** Pieces below src/methods that several methods share; everything else there is private to its file or family folder. */
const sharedMethods = new Set([
  'rule',
  'learner',
  'stepping',
  'breathe',
  'perturbation',
  'energy',
  'feedback',
  'spiking',
  'sampling',
]);

/** The root barrel re-exports from below the faces and is imported by nobody. */
const barrel = 'src/index.ts';

export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  walk(file.ast, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) found.push({ specifier, line: lineOf(file, node) });
  });
  return found;
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return literal(node.arguments[0]);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal);
  return undefined;
}

const literal = (node: ts.Node | undefined) =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;

/** One line per import that goes the wrong way: file, line, import, reason. */
export function layerViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ specifier, line }) => {
      const reason = refuse(file.path, specifier);
      return reason === undefined ? [] : [`${file.path}:${line} imports '${specifier}': ${reason}`];
    }),
  );
}

function refuse(from: string, specifier: string): string | undefined {
  if (specifier === 'cotangent' || specifier.startsWith('cotangent/'))
    return 'sources import one another by relative path';
  if (!specifier.startsWith('.')) return undefined;
  const to = posix.join(posix.dirname(from), specifier);
  if (!to.startsWith('src/')) return 'sources import nothing outside src/';
  if (to === barrel) return 'the root barrel is for users; import the file that defines the name';
  return refuseLayer(folderOf(from), folderOf(to)) ?? refuseMethod(from, to);
}

const folderOf = (path: string) => (path === barrel ? barrel : (path.split('/')[1] ?? ''));

function refuseLayer(from: string, to: string): string | undefined {
  if (from === to) return undefined;
  if (from === barrel) return to === 'cli' ? 'the root barrel does not reach the command line' : undefined;
  const [upper, lower] = [levelOf(from), levelOf(to)];
  if (upper === -1 || lower === -1)
    return `src/${upper === -1 ? from : to} has no layer: give it one in test/guards/imports.ts`;
  if (lower > upper) return `${from} lies below ${to}; imports go downwards only`;
  const isListed = sideways.some((pair) => pair.from === from && pair.to === to);
  return lower === upper && !isListed ? `${from} and ${to} lie side by side; share through a layer below` : undefined;
}

const levelOf = (folder: string) => layers.findIndex((names) => names.includes(folder));

function refuseMethod(from: string, to: string): string | undefined {
  const [source, target] = [methodOf(from), methodOf(to)];
  if (source === undefined || target === undefined || source === target || source === 'index') return undefined;
  if (target === 'index') return 'a method does not know the registry that lists it';
  return sharedMethods.has(target)
    ? undefined
    : `methods do not import one another; move what ${source} and ${target} share into a shared piece`;
}

/** `src/methods/a.ts` and everything in `src/methods/a/` belong to the method or family `a`. */
const methodOf = (path: string) => /^src\/methods\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(path)?.[1];
