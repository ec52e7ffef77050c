/** Threads outside of this Node: in a browser with and without the headers that allow shared memory, on Node 20, and from minified bundles. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../../scripts/entries.ts';
import { findChromium, findNode, run, serve } from './tools.ts';

const node20 = findNode(20);
const chromium = findChromium();
const folder = mkdtempSync(join(tmpdir(), 'cotangent-threads-'));

/** Asks for two threads, runs a large program on one and on two, and reports. */
const program = `
import * as c from ${JSON.stringify(join(repository, 'src/engine/index.ts'))};
const x = c.tensor(Float32Array.from({ length: 300 * 300 }, (_, i) => Math.fround(((i * 7) % 11) / 11 - 0.5)), { shape: [300, 300] });
const step = c.jit((x) => c.tanh(c.matmul(c.relu(c.matmul(x, x)), x)), { tier: 'module' });
export async function answer() {
  const one = await step(x).read();
  c.setThreads(2);
  const state = await c.threadsReady();
  const two = await step(x).read();
  await step(x).read();
  return { ...state, commands: c.backend().team?.commands ?? 0, same: one.every((v, i) => Object.is(v, two[i])), sum: one.reduce((a, b) => a + b) !== 0 };
}
`;

beforeAll(async () => {
  writeFileSync(join(folder, 'program.js'), program);
  const page = `import { answer } from './program.js';
    answer().then((a) => { document.querySelector('pre').textContent = JSON.stringify(a); fetch('/finished'); }, (e) => { document.querySelector('pre').textContent = String(e.stack); fetch('/finished'); });`;
  writeFileSync(join(folder, 'page.js'), page);
  writeFileSync(
    join(folder, 'node.js'),
    "import { answer } from './program.js'; console.log(JSON.stringify(await answer()));",
  );
  const common = {
    bundle: true,
    format: 'esm',
    minify: true,
    external: ['node:*'] as string[],
    logLevel: 'silent',
  } as const;
  await build({
    ...common,
    entryPoints: [join(folder, 'page.js')],
    outfile: join(folder, 'main.js'),
    platform: 'browser',
  });
  await build({
    ...common,
    entryPoints: [join(folder, 'node.js')],
    outfile: join(folder, 'node.mjs'),
    platform: 'node',
  });
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><pre></pre><img src="/loading"><script type="module" src="/main.js"></script>',
  );
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function inBrowser(isIsolated: boolean): Promise<Record<string, unknown>> {
  const server = await serve(folder, { isIsolated });
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'];
  try {
    const profile = `--user-data-dir=${join(folder, 'profile')}`;
    const dom = await run(chromium!, [...flags, profile, '--dump-dom', `${server.url}/index.html`], {
      timeoutMs: 50_000,
    });
    return JSON.parse(/<pre>(.*?)<\/pre>/s.exec(dom)?.[1] ?? '');
  } finally {
    server.close();
  }
}

describe('two threads', () => {
  it.skipIf(!chromium)('run in an isolated page (skipped where PATH holds no Chromium)', async () => {
    const { commands, ...rest } = await inBrowser(true);
    expect(rest).toEqual({ wanted: 2, running: 2, same: true, sum: true });
    expect(commands).toBeGreaterThanOrEqual(3);
  });

  it.skipIf(!chromium)('are one, with the reason, in a page without the headers', async () => {
    expect(await inBrowser(false)).toEqual({
      wanted: 2,
      running: 1,
      reason: expect.stringContaining('Cross-Origin-Opener-Policy'),
      commands: 0,
      same: true,
      sum: true,
    });
  });

  it.skipIf(!node20)('run on Node 20 (skipped where PATH holds none)', async () => {
    const { commands, ...rest } = JSON.parse(await run(node20!, [join(folder, 'node.mjs')]));
    expect(rest).toEqual({ wanted: 2, running: 2, same: true, sum: true });
    expect(commands).toBeGreaterThanOrEqual(3);
  });
});
