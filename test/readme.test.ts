/** The README's code runs as printed, and its commands exist. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { commandsOf, promised, runnable, type Snippet, snippetsOf } from '../scripts/docs-snippets.ts';
import { repository } from '../scripts/entries.ts';

const page = join(repository, 'README.md');
const snippets = existsSync(page) ? snippetsOf(readFileSync(page, 'utf8')) : [];
const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

/** Prints what the block prints; rejects with its error output when it fails. */
async function execute({ code }: Pick<Snippet, 'code'>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-readme-'));
  const file = join(folder, 'snippet.ts');
  writeFileSync(file, runnable(code));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
    return stdout.split('\n').filter((line) => line !== '');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is wrong with a command: an npm script that does not exist. */
function unknownScript(command: string): string | undefined {
  const name = /^npm (?:run )?([\w:-]+)/.exec(command)?.[1];
  const isBuiltIn = !/^npm run /.test(command) && !['start', 'test'].includes(name ?? '');
  return name === undefined || isBuiltIn || name in scripts ? undefined : `npm has no script '${name}'`;
}

describe('README.md', () => {
  for (const snippet of snippets.filter(({ language }) => language === 'ts')) {
    it(`runs the block of line ${snippet.line}`, async () => {
      const printed = await execute(snippet);
      const lines = promised(snippet.code);
      if (lines.length > 0) expect(printed).toEqual(lines);
    });
  }

  for (const snippet of snippets.filter(({ language }) => language === 'sh')) {
    it.each(commandsOf(snippet.code))(`names a command that exists: %s (line ${snippet.line})`, (command) => {
      expect(unknownScript(command)).toBeUndefined();
    });
  }

  it('marks only languages that are checked', () => {
    expect(snippets.filter(({ language }) => !['ts', 'sh'].includes(language))).toEqual([]);
  });
});

describe('the reader of snippets', () => {
  const markdown = [
    '# Page',
    '```ts',
    'not marked',
    '```',
    '',
    '```ts run',
    'a;',
    'b;',
    '```',
    '```sh run',
    'npm ci',
    '```',
    '',
  ].join('\n');

  it('takes the marked blocks with their lines', () => {
    expect(snippetsOf(markdown)).toEqual([
      { language: 'ts', line: 6, code: 'a;\nb;\n' },
      { language: 'sh', line: 10, code: 'npm ci\n' },
    ]);
  });

  it('runs a block against the sources and returns what it prints', async () => {
    const code = [
      "import { ConfigError } from 'cotangent';",
      "const error: Error = new ConfigError('two shapes'); // types are stripped",
      'console.log(error.name); // → ConfigError',
      'console.log(error.message); // → two shapes',
    ].join('\n');
    expect(await execute({ code })).toEqual(promised(code));
    expect(promised(code)).toEqual(['ConfigError', 'two shapes']);
  });

  it('fails a block that throws or that imports what does not exist', async () => {
    await expect(execute({ code: "throw new Error('on purpose');" })).rejects.toThrow('on purpose');
    await expect(execute({ code: "import 'cotangent/nowhere';" })).rejects.toThrow("no entry 'cotangent/nowhere'");
  });

  it('maps static, side-effect and dynamic imports, and no other text', () => {
    const source = '/src/index.ts';
    for (const code of ["import 'cotangent'", 'export * from "cotangent"', "await import('cotangent')"]) {
      expect(runnable(code)).toContain(source);
    }
    expect(runnable("const name = 'cotangent';")).toBe("const name = 'cotangent';");
  });

  it('lists commands without comments and joins continued lines', () => {
    expect(commandsOf('# a note\nnpm ci   # install\nnpx cotangent \\\n  compare\n\n')).toEqual([
      'npm ci',
      'npx cotangent compare',
    ]);
  });

  it('knows which npm scripts exist', () => {
    expect(['npm ci', 'npm test', 'npm start', 'npm run check', 'git clone x'].map(unknownScript)).toEqual(
      Array(5).fill(undefined),
    );
    expect(unknownScript('npm run nowhere')).toBe("npm has no script 'nowhere'");
  });
});
