/** The packed package, installed into an empty folder, works on Node 20, in a browser and for the type checker. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliSource, libraryEntries, repository } from '../../scripts/entries.ts';
import { expected } from './program.ts';
import { findChromium, findNode, npm, run, serve } from './tools.ts';

const node20 = findNode(20);
const chromium = findChromium();
const folder = mkdtempSync(join(tmpdir(), 'cotangent-user-'));
const subpaths = libraryEntries().map(({ subpath }) => `cotangent${subpath.slice(1)}`);
const installed = (...path: readonly string[]) => join(folder, 'node_modules/cotangent', ...path);

// What a user's own file would hold: every subpath imported, then the program run and its answer reported.
const user = (report: string) => `
${subpaths.map((name, i) => `import * as entry${i} from '${name}';`).join('\n')}
import { program } from './program.ts';
const entries = { ${subpaths.map((name, i) => `'${name}': Object.keys(entry${i}).length`).join(', ')} };
const report = (answer: object) => { ${report} };
program().then((answer) => report({ answer, entries }), (error: unknown) => report({ error: String(error) }));
`;

beforeAll(async () => {
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }');
  await npm(repository, 'pack', '--pack-destination', folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  await npm(folder, 'install', `./${tarball}`, '--omit=optional', '--prefer-offline', '--no-audit', '--no-fund');
  writeFileSync(join(folder, 'program.ts'), readFileSync(join(repository, 'test/platform/program.ts')));
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function check(report: string): void {
  const { answer, entries, error } = JSON.parse(report);
  expect(error).toBeUndefined();
  expect(answer).toEqual(expected);
  expect(Object.keys(entries)).toEqual(subpaths);
}

describe('the packed package', () => {
  it('holds what is built and nothing of the sources', () => {
    expect(
      readdirSync(installed())
        .filter((name) => name !== 'README.md')
        .sort(),
    ).toEqual(['LICENSE', 'bin', 'dist', 'package.json']);
    for (const { output } of libraryEntries()) {
      expect([
        output,
        existsSync(installed('dist', `${output}.js`)),
        existsSync(installed('dist', `${output}.d.ts`)),
      ]).toEqual([output, true, true]);
    }
    expect(existsSync(installed('dist/cli/main.js'))).toBe(existsSync(join(repository, cliSource)));
  });

  it('links its command', () => expect(existsSync(join(folder, 'node_modules/.bin/cotangent'))).toBe(true));

  it.skipIf(!node20)('runs on Node 20 (skipped where PATH holds none)', async () => {
    await bundleUser('node.js', 'console.log(JSON.stringify(answer));', { packages: 'external', platform: 'node' });
    check(await run(node20!, ['node.js'], { cwd: folder }));
  });

  // Two users, on Node and of a bundler; both check every declaration.
  it.each([
    ['nodenext', { module: 'nodenext', types: ['node'], typeRoots: [join(repository, 'node_modules/@types')] }],
    ['bundler', { module: 'esnext', types: [] }],
  ])('has types for every subpath under %s resolution', async (moduleResolution, options) => {
    writeFileSync(join(folder, 'user.ts'), user('console.log(answer);'));
    const lib = ['es2023', 'esnext.disposable', 'dom'];
    const base = { strict: true, noEmit: true, target: 'es2022', lib, allowImportingTsExtensions: true };
    const config = { compilerOptions: { ...base, moduleResolution, ...options }, files: ['user.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(repository, 'node_modules/typescript/lib/tsc.js');
    expect(await run(process.execPath, [tsc, '-p', folder])).toBe('');
  });

  it.skipIf(!chromium)('runs in a browser (skipped where PATH holds no Chromium)', async () => {
    mkdirSync(join(folder, 'page'));
    await bundleUser(
      'page/main.js',
      "document.querySelector('pre')!.textContent = JSON.stringify(answer); fetch('/finished');",
      {
        platform: 'browser',
      },
    );
    // The image keeps the page loading until the program has answered; only then is the DOM printed.
    writeFileSync(
      join(folder, 'page/index.html'),
      '<!doctype html><pre></pre><img src="/loading"><script type="module" src="/main.js"></script>',
    );
    const dom = await dump('/index.html');
    const text = /<pre>(.*?)<\/pre>/s.exec(dom)?.[1] ?? '';
    check(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));
  });
});

async function bundleUser(
  outfile: string,
  report: string,
  options: { packages?: 'external'; platform: 'node' | 'browser' },
): Promise<void> {
  const stdin = { contents: user(report), resolveDir: folder, loader: 'ts' as const };
  await build({
    ...options,
    stdin,
    outfile: join(folder, outfile),
    bundle: true,
    format: 'esm',
    external: ['node:*'],
    logLevel: 'silent',
  });
}

async function dump(path: string): Promise<string> {
  const server = await serve(join(folder, 'page'));
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    `--user-data-dir=${join(folder, 'profile')}`,
  ];
  try {
    return await run(chromium!, [...flags, '--dump-dom', server.url + path], { timeoutMs: 50_000 });
  } finally {
    server.close();
  }
}
