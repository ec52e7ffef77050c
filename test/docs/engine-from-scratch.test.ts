/** The page that builds an engine: its blocks, joined, are one program that prints what the page says; its last block compares with the real engine. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { promised, runnable, snippetsOf } from '../../scripts/docs-snippets.ts';
import { repository } from '../../scripts/entries.ts';

const page = readFileSync(join(repository, 'docs/engine-from-scratch.md'), 'utf8');
const blocks = snippetsOf(page);
const program = blocks.map(({ code }) => code).join('\n');

it('prints what it says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'from-scratch-'));
  const file = join(folder, 'page.ts');
  writeFileSync(file, runnable(program));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
    expect(stdout.trimEnd().split('\n')).toEqual(promised(program));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('promises a value after every print, and runs every block', () => {
  expect(promised(program).length).toBe(program.match(/^console\.log/gm)!.length);
  expect(blocks.length).toBe(page.match(/^```ts/gm)!.length);
});
