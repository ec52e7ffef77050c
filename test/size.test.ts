/** Budgets: lines of files and functions, names in the root entry, bytes that a small program pays. */
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { repository } from '../scripts/entries.ts';
import { bundle } from './guards/bundle.ts';
import { filesOverSoftLimit, licenceBanners, longFiles, longFunctions } from './guards/sizes.ts';
import { isTest, parse, sourcesIn } from './guards/source.ts';

const files = sourcesIn('src', 'scripts', 'test', 'bench', 'lab');
const code = files.filter((file) => !isTest(file));

describe('the repository', () => {
  it('has no file over 600 lines without a reason', () => expect(longFiles(files)).toEqual([]));
  it('has no function over 80 lines without a reason', () => expect(longFunctions(code)).toEqual([]));
  it('repeats its licence nowhere', () => expect(licenceBanners(files)).toEqual([]));

  it('keeps nine files in ten within 400 lines', () => {
    const over = filesOverSoftLimit(code);
    expect(over.length, `over 400 lines: ${over.join(', ')}`).toBeLessThanOrEqual(Math.ceil(code.length / 10));
  });
});

describe("the root entry 'cotangent'", () => {
  it('exports at most 150 names', () => {
    const names = exportedNames(join(repository, 'src/index.ts'));
    expect(names).toContain('ShapeError');
    expect(names.length).toBeLessThanOrEqual(150);
  });
});

describe('a page that trains a network by backprop', () => {
  // The names that such a page uses; a bundler drops the rest.
  const used = [
    ['src/index.ts', ['jit', 'tensor']],
    ['src/engine/ops/random.ts', ['key']], // a bundler that sees through namespaces keeps no more of 'random'
    ['src/nn/index.ts', ['model', 'dense', 'crossEntropy']],
    ['src/optim/index.ts', ['adam', 'applyUpdates']],
    ['src/methods/backprop.ts', ['backprop']],
  ] as const;
  const page = used
    .map(
      ([path, names]) =>
        `import { ${names.join(', ')} } from './${path}'; Object.assign(globalThis, { ${names.join(', ')} });`,
    )
    .join('\n');

  // ENGINE §5 sets 60 kB as the goal, which is not reached; this ceiling keeps the page from growing (docs/notes/0010-sizes.md says what it is made of).
  it('loads at most 76 kB, minified and gzipped', async () => {
    const { gzipBytes } = await bundle(page);
    expect(gzipBytes).toBeGreaterThan(20_000);
    expect(gzipBytes).toBeLessThanOrEqual(76_000);
  });

  it('loads nothing that it does not use', async () => {
    const { code, inputs, needs } = await bundle(page);
    expect(inputs.filter((path) => /^src\/(plot|data|run|papers|cli)\/|node_modules\//.test(path))).toEqual([]);
    expect(needs).toEqual([]);
    for (const name of ['zod', 'observablehq', 'commander']) expect(code).not.toContain(name);
    expect(code).not.toMatch(/name: ?"[a-zA-Z]+\.[a-zA-Z]+"/); // rows of the gradient table, such as argsort.ties: see docs/notes/0010-sizes.md
  });
});

describe('a bundle of a user who calls methods of tensors', () => {
  it.each(['src/index.ts', 'src/engine/index.ts'])('has them, through %s', async (entry) => {
    const { code } = await bundle(
      `import { tensor } from './${entry}'; export const shape = tensor([1, 2]).reshape([2, 1]).shape;`,
    );
    const { shape } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    expect(shape).toEqual([2, 1]);
  });
});

describe('the guards of size', () => {
  const lines = (n: number, first = '') => [first, ...Array.from({ length: n - 1 }, () => ';')].join('\n');
  const ofLength = (n: number, above = '') => parse('a.ts', `${above}\nconst f = () => {\n${';\n'.repeat(n - 2)}};`);

  it('counts the lines of a file and reads its reason', () => {
    expect(longFiles([parse('a.ts', lines(600)), parse('b.ts', `${lines(600)}\n`)])).toEqual([]);
    expect(longFiles([parse('a.ts', lines(601))])).toEqual([expect.stringMatching(/^a\.ts has 601 lines/)]);
    expect(longFiles([parse('a.ts', lines(601, '// long on purpose: a table'))])).toEqual([]);
    expect(longFiles([parse('a.ts', lines(601, '// long on purpose:'))])).toHaveLength(1);
    expect(filesOverSoftLimit([parse('a.ts', lines(400)), parse('b.ts', lines(401))])).toEqual(['b.ts (401 lines)']);
  });

  it('counts the lines of a function and reads its reason', () => {
    expect(longFunctions([ofLength(80)])).toEqual([]);
    expect(longFunctions([ofLength(81)])).toEqual([expect.stringMatching(/^a\.ts:2 is a function of 81 lines/)]);
    expect(longFunctions([ofLength(81, '// long on purpose: one loop, unrolled')])).toEqual([]);
    expect(longFunctions([parse('a.ts', `class A {\n m() {\n${';\n'.repeat(80)}}\n}`)])).toHaveLength(1);
  });

  it('knows a licence banner from another header', () => {
    expect(licenceBanners([parse('a.ts', '/**\n * Copyright 2026\n */\n')])).toHaveLength(1);
    expect(licenceBanners([parse('a.ts', '// SPDX-License-Identifier: MIT\n')])).toHaveLength(1);
    expect(licenceBanners([parse('a.ts', "/** Sums. */\nconst licence = 'MIT';")])).toEqual([]);
  });
});

function exportedNames(path: string): string[] {
  const { config } = ts.readConfigFile(join(repository, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repository);
  const program = ts.createProgram([path], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(path)!)!;
  return checker.getExportsOfModule(module).map((symbol) => symbol.name);
}
