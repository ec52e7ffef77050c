/** Imports go downwards only, and no source hides a clock, a random state or an output. */
import { describe, expect, it } from 'vitest';
import { bannedCalls, exceptions } from './guards/calls.ts';
import { importsOf, layerViolations } from './guards/imports.ts';
import { isTest, parse, sourcesIn } from './guards/source.ts';

const sources = sourcesIn('src').filter((file) => !isTest(file));

describe('the sources', () => {
  it('are found', () => expect(sources.map((file) => file.path)).toContain('src/engine/errors.ts'));
  it('import downwards only', () => expect(layerViolations(sources)).toEqual([]));
  it('use no banned name', () => expect(bannedCalls(sources)).toEqual([]));

  it.each(exceptions)('$file still needs its exception for $name', ({ file, name }) => {
    const without = bannedCalls(sources, []);
    expect(without.some((line) => line.startsWith(`${file}:`) && line.includes(` ${name}:`))).toBe(true);
  });
});

describe('the import guard', () => {
  const violation = (path: string, text: string) => layerViolations([parse(path, text)]);

  it('reads every form of import, and no comment or string', () => {
    const file = parse(
      'src/nn/a.ts',
      [
        "import './side.ts';",
        "import { a } from './named.ts';",
        "import type { B } from './type.ts';",
        "export * from './star.ts';",
        "export { c } from './re-export.ts';",
        "const d = await import('./dynamic.ts');",
        "let e: import('./type-node.ts').E;",
        "// import './comment.ts'",
        'const f = "import \'./string.ts\'";',
      ].join('\n'),
    );
    expect(importsOf(file)).toEqual([
      { specifier: './side.ts', line: 1 },
      { specifier: './named.ts', line: 2 },
      { specifier: './type.ts', line: 3 },
      { specifier: './star.ts', line: 4 },
      { specifier: './re-export.ts', line: 5 },
      { specifier: './dynamic.ts', line: 6 },
      { specifier: './type-node.ts', line: 7 },
    ]);
  });

  it.each([
    ['engine imports nn', 'src/engine/ops/sum.ts', '../../nn/dense.ts'],
    ['nn imports methods', 'src/nn/dense.ts', '../methods/rule.ts'],
    ['materials side by side', 'src/optim/adam.ts', '../nn/dense.ts'],
    ['methods import run', 'src/methods/backprop.ts', '../run/loop.ts'],
    ['run imports papers', 'src/run/loop.ts', '../papers/a.ts'],
    ['papers import cli', 'src/papers/a.ts', '../cli/main.ts'],
    ['a folder without a layer', 'src/engine/a.ts', '../misc/b.ts'],
    ['out of src', 'src/cli/main.ts', '../../test/guards/source.ts'],
    ['the root barrel', 'src/run/loop.ts', '../index.ts'],
    ['the root barrel reaches cli', 'src/index.ts', './cli/main.ts'],
    ['the package by name', 'src/run/loop.ts', 'cotangent/nn'],
    ['one method imports another', 'src/methods/a.ts', './b.ts'],
    ['one method imports a family', 'src/methods/a.ts', './family/b.ts'],
    ['one family imports another', 'src/methods/a/x.ts', '../b/y.ts'],
    ['a method imports the registry', 'src/methods/a.ts', './index.ts'],
  ])('refuses: %s', (_, path, specifier) => {
    const found = violation(path, `\nexport { a } from '${specifier}';\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`${path}:2 imports '${specifier}': `);
  });

  it.each([
    ['src/engine/ops/sum.ts', '../shape.ts'],
    ['src/nn/dense.ts', '../engine/index.ts'],
    ['src/methods/a.ts', '../nn/index.ts'],
    ['src/methods/a.ts', './rule.ts'],
    ['src/methods/a.ts', './perturbation/law.ts'],
    ['src/methods/family/a.ts', './b.ts'],
    ['src/methods/index.ts', './a.ts'],
    ['src/papers/a.ts', '../run/tuner.ts'],
    ['src/cli/main.ts', '../papers/a.ts'],
    ['src/cli/main.ts', 'commander'],
    ['src/index.ts', './run/index.ts'],
  ])('allows %s to import %s', (path, specifier) => {
    expect(violation(path, `import { a } from '${specifier}';`)).toEqual([]);
  });
});

describe('the guard of banned names', () => {
  const found = (path: string, text: string) => bannedCalls([parse(path, text)]);

  it('names file, line and name', () => {
    expect(found('src/nn/a.ts', '\nconst x = Math.random();')).toEqual([
      'src/nn/a.ts:2 uses Math.random: random numbers take an explicit key',
    ]);
    expect(found('src/nn/a.ts', 'Date.now(); new Date(); console.warn(1);')).toHaveLength(3);
  });

  it('leaves comments, strings, fixed dates and the layers above alone', () => {
    expect(found('src/nn/a.ts', "// Math.random\nconst s = 'console.log'; const d = new Date(0);")).toEqual([]);
    expect(found('src/run/a.ts', 'Date.now();')).toEqual([]);
    expect(found('src/cli/a.ts', 'console.log(Date.now());')).toEqual([]);
  });

  it('accepts a listed exception and no other', () => {
    const allowed = [{ file: 'src/nn/a.ts', name: 'Date.now', reason: 'for this test' }];
    expect(bannedCalls([parse('src/nn/a.ts', 'Date.now();')], allowed)).toEqual([]);
    expect(bannedCalls([parse('src/nn/b.ts', 'Date.now();')], allowed)).toHaveLength(1);
  });
});
