import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StoredFile } from './catalogue.ts';
import { download } from './download.ts';
import { fetchDataset, listDatasets, verifyDatasets } from './fetch.ts';

const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i + (i >> 8)) & 255));
const file: StoredFile = {
  path: 'set/data.bin',
  bytes: body.length,
  sha256: createHash('sha256').update(body).digest('hex'),
  urls: [],
};

/** A stand-in server; `script` says what it does with each request in turn, the last entry for all further ones. */
type Act = 'whole' | 'cut' | 'wrong' | 'no-range' | 'missing' | 'long';
let script: Act[] = [];
let ranges: (string | undefined)[] = [];
/** Cuts the connection that is waiting for it; called from progress, so that something has always arrived before. */
let cut = (): void => {};
const onProgress = (): void => cut();

function answer(request: IncomingMessage, response: ServerResponse): void {
  const act = script.length > 1 ? script.shift()! : script[0]!;
  const { range } = request.headers;
  ranges.push(range);
  if (act === 'missing') return void response.writeHead(404).end('no such file');
  const from = range === undefined || act === 'no-range' ? 0 : Number(/^bytes=(\d+)-$/.exec(range)![1]);
  const sent = act === 'wrong' ? Buffer.alloc(body.length, 1).subarray(from) : body.subarray(from);
  const head = {
    'content-length': sent.length,
    ...(from > 0 && { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` }),
  };
  if (act === 'long') return void response.writeHead(200).end(Buffer.concat([sent, Buffer.alloc(1000)]));
  response.writeHead(from > 0 ? 206 : 200, head);
  if (act !== 'cut') return void response.end(sent);
  response.write(sent.subarray(0, 100_000));
  cut = () => response.destroy();
}

let server: Server;
let url: string;
let folder: string;

beforeAll(async () => {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data.bin`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  script = ['whole'];
  ranges = [];
  cut = () => {};
  folder = mkdtempSync(join(tmpdir(), 'fetch-'));
  return () => rmSync(folder, { recursive: true });
});

const target = (): string => join(folder, file.path);
const installed = (): boolean => existsSync(target()) && readFileSync(target()).equals(body);

describe('download', () => {
  it('installs a whole file and reports growing progress up to its size', async () => {
    const seen: number[] = [];
    await download(file, [url], { folder, onProgress: (p) => seen.push(p.receivedBytes) });
    expect([installed(), existsSync(`${target()}.part`)]).toEqual([true, false]);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(body.length);
  });

  it('goes on where the connection was cut', async () => {
    script = ['cut', 'cut', 'whole'];
    await download(file, [url], { folder, onProgress });
    expect(installed()).toBe(true);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range!))).toBe(true);
  });

  it('keeps the part for a later call when every try was cut', async () => {
    script = ['cut'];
    await expect(download(file, [url], { folder, attempts: 1, onProgress })).rejects.toMatchObject({
      code: 'DataError',
      details: { file: file.path },
    });
    expect(existsSync(target())).toBe(false);
    const kept = readFileSync(`${target()}.part`).length;
    expect(kept).toBeGreaterThan(0);
    script = ['whole'];
    await download(file, [url], { folder });
    expect([installed(), ranges.at(-1)]).toEqual([true, `bytes=${kept}-`]);
  });

  it('starts afresh where the server knows no ranges', async () => {
    script = ['cut', 'no-range'];
    await download(file, [url], { folder, onProgress });
    expect(installed()).toBe(true);
  });

  it('never installs wrong bytes', async () => {
    for (const act of ['wrong', 'long'] as const) {
      script = [act];
      await expect(download(file, [url], { folder, attempts: 2 })).rejects.toThrow(
        /expected 300000 bytes with SHA-256 .* found \d+ bytes/,
      );
      expect([existsSync(target()), existsSync(`${target()}.part`)]).toEqual([false, false]);
    }
  });

  it('recovers from a wrong part left behind, and from a place that lacks the file', async () => {
    script = ['cut', 'missing', 'whole'];
    await expect(download(file, [url], { folder, attempts: 1, onProgress })).rejects.toThrow();
    writeFileSync(`${target()}.part`, Buffer.alloc(1000, 9));
    script = ['missing', 'whole'];
    await download(file, [url, url], { folder });
    expect(installed()).toBe(true);
  });

  it('stops when told to and says what the server answered', async () => {
    script = ['missing'];
    await expect(download(file, [url], { folder })).rejects.toThrow(
      /set\/data\.bin: could not be fetched: .*the server answered 404/,
    );
    const stop = new AbortController();
    stop.abort();
    await expect(download(file, [url], { folder, signal: stop.signal })).rejects.toThrow(/abort/i);
  });
});

describe('fetchDataset', () => {
  it('takes the layout of the folder from a mirror and refuses what does not match the catalogue', async () => {
    const asked: string[] = [];
    server.prependOnceListener('request', (request) => asked.push(request.url!));
    await expect(
      fetchDataset('iris', { folder, baseUrl: url.replace(/data\.bin$/, 'mirror/'), attempts: 1 }),
    ).rejects.toThrow(/pmlb\/iris\.tsv\.gz: could not be fetched: .*SHA-256 ce4982cb/);
    expect(asked).toEqual(['/mirror/pmlb/iris.tsv.gz']);
    expect(existsSync(join(folder, 'pmlb/iris.tsv.gz'))).toBe(false);
  });

  it('says so where there is no official place, and for unknown names', async () => {
    await expect(fetchDataset('dry-bean', { folder })).rejects.toThrow(/no official download[\s\S]*SHA-256 37d740b6/);
    await expect(fetchDataset('nothing', { folder })).rejects.toThrow(/there is no stored data set "nothing"/);
  });
});

describe('list and verify', () => {
  it('tell whole, cut, corrupt and missing files apart', async () => {
    mkdirSync(join(folder, 'optdigits'));
    writeFileSync(join(folder, 'optdigits/optdigits.tra'), Buffer.alloc(563_639));
    writeFileSync(join(folder, 'optdigits/optdigits.tes'), 'short');
    const listed = (await listDatasets({ folder })).find((set) => set.name === 'optdigits')!;
    expect(listed).toMatchObject({ files: 2, present: 1, bytes: 563_639 + 264_712, isFetchable: true });
    const heard: string[] = [];
    const checked = await verifyDatasets({ folder, onFile: (f) => heard.push(f.path) });
    const zeros = createHash('sha256').update(Buffer.alloc(563_639)).digest('hex');
    expect(checked.map((f) => [f.path, f.status, f.found])).toEqual([
      ['optdigits/optdigits.tra', 'checksum', zeros],
      ['optdigits/optdigits.tes', 'size', 5],
    ]);
    expect(heard).toEqual(checked.map((f) => f.path));
    expect((await verifyDatasets({ folder, names: ['iris'] })).map((f) => f.status)).toEqual(['missing']);
  });

  it.skipIf(!existsSync(join(process.env.COTANGENT_DATA ?? '/nowhere', 'pmlb')))(
    'find real copies whole (needs COTANGENT_DATA)',
    async () => {
      const names = ['mnist', 'optdigits', 'rice', 'dry-bean', 'iris', 'pmlb/wdbc', 'pmlb/titanic'];
      const checked = await verifyDatasets({ names });
      expect(checked.filter((f) => f.status !== 'ok')).toEqual([]);
      expect((await fetchDataset('mnist')).every((f) => f.status === 'present')).toBe(true);
    },
  );
});
