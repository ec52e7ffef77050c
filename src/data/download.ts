/** Downloads one file into a folder: streamed, resumed where it was cut, checked, and put in place only when whole. */
import { DataError } from '../engine/errors.ts';
import type { StoredFile } from './catalogue.ts';
import { nodeModule } from './node.ts';

export interface DownloadProgress {
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  readonly folder: string;
  /** Tries of each place before the next one; each goes on where the last was cut. Default 3. */
  readonly attempts?: number;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Fetches a file from the first place that gives it whole; the part received so far is kept for the next call. */
export async function download(file: StoredFile, urls: readonly string[], options: DownloadOptions): Promise<void> {
  const path = nodeModule('node:path');
  const fs = nodeModule('node:fs/promises');
  const target = path.join(options.folder, file.path);
  const partial = `${target}.part`;
  await fs.mkdir(path.dirname(target), { recursive: true });
  const failures: string[] = [];
  for (const url of urls) {
    for (let attempt = 0; attempt < (options.attempts ?? 3); attempt++) {
      options.signal?.throwIfAborted();
      const failure = await tryOnce(file, url, partial, options);
      if (failure === undefined) return fs.rename(partial, target);
      failures.push(`${url}: ${failure}`);
    }
  }
  throw new DataError(
    `${file.path}: could not be fetched: ${failures.at(-1) ?? 'there is no place to fetch it from'}`,
    {
      file: file.path,
      failures,
      help: 'run the command again, it goes on where it stopped; or give a mirror as base URL',
    },
  );
}

/** SHA-256 of a file in hexadecimal, read in pieces. */
export async function sha256Of(path: string): Promise<string> {
  const hash = nodeModule('node:crypto').createHash('sha256');
  const handle = await nodeModule('node:fs/promises').open(path);
  try {
    for await (const chunk of handle.createReadStream({ highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** Returns what went wrong, or nothing when the partial file is whole and right. */
async function tryOnce(
  file: StoredFile,
  url: string,
  partial: string,
  options: DownloadOptions,
): Promise<string | undefined> {
  try {
    const found = await sizeOf(partial);
    if (found < file.bytes) await receive(file, url, partial, found, options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (cause instanceof DataError) throw cause;
    return reasonOf(cause);
  }
  return checkPartial(file, partial);
}

async function checkPartial(file: StoredFile, partial: string): Promise<string | undefined> {
  const found = await sizeOf(partial);
  if (found < file.bytes) return `expected ${file.bytes} bytes, found ${found}`;
  const sum = await sha256Of(partial);
  if (found === file.bytes && sum === file.sha256) return undefined;
  // Wrong bytes cannot be completed: the next try starts afresh.
  await nodeModule('node:fs/promises').rm(partial, { force: true });
  return `expected ${file.bytes} bytes with SHA-256 ${file.sha256}, found ${found} bytes with ${sum}`;
}

async function receive(
  file: StoredFile,
  url: string,
  partial: string,
  have: number,
  options: DownloadOptions,
): Promise<void> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (have > 0) headers.range = `bytes=${have}-`;
  const response = await fetch(url, { headers, signal: options.signal ?? null });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status}`);
  }
  const isResumed = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`);
  const from = isResumed ? have : 0;
  const handle = await openPartial(partial, isResumed ? 'a' : 'w');
  try {
    await append(handle, response.body, from, file, options);
  } finally {
    await handle.close();
  }
}

type Handle = Awaited<ReturnType<typeof openPartial>>;

const openPartial = (partial: string, mode: 'a' | 'w') => nodeModule('node:fs/promises').open(partial, mode);

async function append(
  handle: Handle,
  body: ReadableStream<Uint8Array>,
  from: number,
  file: StoredFile,
  { onProgress }: DownloadOptions,
): Promise<void> {
  let receivedBytes = from;
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    await write(handle, chunk, file);
    receivedBytes += chunk.length;
    onProgress?.({ file: file.path, receivedBytes, totalBytes: file.bytes });
    // Whatever comes beyond the known size is not this file.
    if (receivedBytes > file.bytes) break;
  }
}

async function write(handle: Handle, chunk: Uint8Array, file: StoredFile): Promise<void> {
  try {
    await handle.appendFile(chunk);
  } catch (cause) {
    throw new DataError(`${file.path}: cannot be written: ${reasonOf(cause)}`, {
      file: file.path,
      help: 'free some space or choose another folder with COTANGENT_DATA; what was received is kept',
    });
  }
}

async function sizeOf(path: string): Promise<number> {
  const stat = await nodeModule('node:fs/promises')
    .stat(path)
    .catch(() => undefined);
  return stat?.size ?? 0;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message} (${cause.cause.message})` : cause.message;
}
