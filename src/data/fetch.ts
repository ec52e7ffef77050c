/** What `cotangent data` does, as functions with callbacks: fetch, list and verify the files of stored sets. */
import { DataError } from '../engine/errors.ts';
import { catalogue, type StoredFile, storedSet } from './catalogue.ts';
import { type DownloadOptions, download, sha256Of } from './download.ts';
import { nodeModule } from './node.ts';
import { dataFolder } from './source.ts';

export interface FetchOptions extends Omit<DownloadOptions, 'folder'> {
  /** Default `dataFolder()`. */
  readonly folder?: string;
  /** A mirror laid out as the data folder is; it takes the place of the official ones. */
  readonly baseUrl?: string;
}

export interface FetchedFile {
  readonly path: string;
  readonly status: 'present' | 'fetched';
}

export type FileStatus = 'ok' | 'missing' | 'size' | 'checksum';

export interface VerifiedFile {
  readonly set: string;
  readonly path: string;
  readonly status: FileStatus;
  /** Bytes, or SHA-256 where the status is `checksum`. */
  readonly expected: number | string;
  readonly found: number | string;
}

export interface ListedSet {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly bytes: number;
  readonly files: number;
  /** Files that are there with the right size. */
  readonly present: number;
  /** Whether every file has an official place to fetch it from. */
  readonly isFetchable: boolean;
}

/** Fetches the files of a set that are missing or wrong; files already right are left alone. */
export async function fetchDataset(name: string, options: FetchOptions = {}): Promise<FetchedFile[]> {
  const { folder = dataFolder(), baseUrl, ...rest } = options;
  const set = storedSet(name);
  const done: FetchedFile[] = [];
  for (const file of set.files) {
    const isPresent = (await verifyFile(set.name, file, folder)).status === 'ok';
    if (!isPresent) await download(file, requirePlaces(set.name, file, folder, baseUrl), { ...rest, folder });
    done.push({ path: file.path, status: isPresent ? 'present' : 'fetched' });
  }
  return done;
}

/** Lists the stored sets and how much of each is in the folder, by sizes only. */
export async function listDatasets({ folder = dataFolder() }: { readonly folder?: string } = {}): Promise<ListedSet[]> {
  return Promise.all(
    [...catalogue.values()].map(async ({ name, title, licence, files }) => {
      const sizes = await Promise.all(files.map((file) => sizeIn(folder, file)));
      return {
        name,
        title,
        licence,
        bytes: files.reduce((sum, file) => sum + file.bytes, 0),
        files: files.length,
        present: files.filter((file, i) => sizes[i] === file.bytes).length,
        isFetchable: files.every((file) => file.urls.length > 0),
      };
    }),
  );
}

export interface VerifyOptions {
  readonly folder?: string;
  /** Sets to check; default those of which any file is there. */
  readonly names?: readonly string[];
  readonly onFile?: (file: VerifiedFile) => void;
}

/** Checks size and SHA-256 of files in the folder; a wrong file is a result, not an error. */
export async function verifyDatasets({
  folder = dataFolder(),
  names,
  onFile,
}: VerifyOptions = {}): Promise<VerifiedFile[]> {
  const results: VerifiedFile[] = [];
  for (const set of names === undefined ? catalogue.values() : names.map(storedSet)) {
    const sizes = await Promise.all(set.files.map((file) => sizeIn(folder, file)));
    if (names === undefined && sizes.every((size) => size === undefined)) continue;
    for (const file of set.files) {
      const result = await verifyFile(set.name, file, folder);
      results.push(result);
      onFile?.(result);
    }
  }
  return results;
}

async function verifyFile(set: string, file: StoredFile, folder: string): Promise<VerifiedFile> {
  const size = await sizeIn(folder, file);
  const result = { set, path: file.path, expected: file.bytes, found: size ?? 0 };
  if (size === undefined) return { ...result, status: 'missing' };
  if (size !== file.bytes) return { ...result, status: 'size' };
  const found = await sha256Of(nodeModule('node:path').join(folder, file.path));
  return found === file.sha256
    ? { ...result, status: 'ok' }
    : { ...result, status: 'checksum', expected: file.sha256, found };
}

async function sizeIn(folder: string, file: StoredFile): Promise<number | undefined> {
  const path = nodeModule('node:path').join(folder, file.path);
  const stat = await nodeModule('node:fs/promises')
    .stat(path)
    .catch(() => undefined);
  return stat?.isFile() ? stat.size : undefined;
}

function requirePlaces(set: string, file: StoredFile, folder: string, baseUrl: string | undefined): readonly string[] {
  if (baseUrl !== undefined) return [`${baseUrl.replace(/\/$/, '')}/${file.path}`];
  if (file.urls.length > 0) return file.urls;
  throw new DataError(`${set}: ${file.path} has no official download in this form`, {
    set,
    file: file.path,
    folder,
    help: `put a copy with SHA-256 ${file.sha256} into ${folder}, or give a mirror as base URL`,
  });
}
