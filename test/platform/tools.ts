/** Outside programs that the platform tests need: the machine's own Node and browser, npm, a small web server. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, extname, join } from 'node:path';

const searchPath = (process.env.PATH ?? '').split(delimiter);

/** The first Node of the given major version on PATH, or undefined. */
export function findNode(major: number): string | undefined {
  return searchPath
    .map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node'))
    .filter(existsSync)
    .find((path) => execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).startsWith(`${major}.`));
}

/** The first of these programs that PATH holds, or undefined. */
export function findOnPath(...names: readonly string[]): string | undefined {
  return names.flatMap((name) => searchPath.map((folder) => join(folder, name))).find(existsSync);
}

export const findChromium = (): string | undefined =>
  findOnPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome');

/** Runs npm as a user in that folder would, not as a script of this package. */
export async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|config_local_prefix)/.test(name)),
  );
  return run('npm', args, { cwd, env });
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** Resolves to standard output; rejects with both outputs when the command fails. */
export function run(
  command: string,
  args: readonly string[],
  { timeoutMs = 120_000, ...options }: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}\n${stdout}\n${stderr}`));
    });
  });
}

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

/** Serves a folder, with the headers that allow shared memory unless said otherwise, and holds /loading until the page asks for /finished. */
export async function serve(
  folder: string,
  { isIsolated = true } = {},
): Promise<{ readonly url: string; close(): void }> {
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (isIsolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/loading') return void held.push(response);
    if (pathname === '/finished') for (const waiting of held.splice(0)) waiting.end();
    const file = join(folder, pathname);
    if (!existsSync(file) || !(extname(file) in types)) return void response.writeHead(204).end();
    response.setHeader('Content-Type', types[extname(file)]!).end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.closeAllConnections() ?? server.close() };
}
