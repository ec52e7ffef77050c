/** Where the files of a data set are read from: a folder, or a base URL in a browser. */
import { DataError } from '../engine/errors.ts';
import type { NamedBytes } from './bytes.ts';
import { storedSet } from './catalogue.ts';
import { environment, nodeModule } from './node.ts';

export interface DataSource {
  /** Folder or URL, as it stands in error messages. */
  readonly where: string;
  /** Reads a file by its path within the source; undefined if it is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** The folder of the data sets: COTANGENT_DATA, else the cache folder of the platform. */
export function dataFolder(): string {
  const path = nodeModule('node:path');
  const chosen = environment('COTANGENT_DATA');
  if (chosen) return path.resolve(chosen);
  const home = nodeModule('node:os').homedir();
  switch (globalThis.process.platform) {
    case 'win32':
      return path.join(environment('LOCALAPPDATA') || path.join(home, 'AppData', 'Local'), 'cotangent', 'data');
    case 'darwin':
      return path.join(home, 'Library', 'Caches', 'cotangent');
    default:
      return path.join(environment('XDG_CACHE_HOME') || path.join(home, '.cache'), 'cotangent');
  }
}

/** Reads from a folder; default the one that `dataFolder` names. */
export function folderSource(folder: string = dataFolder()): DataSource {
  return {
    where: folder,
    async read(path) {
      const full = nodeModule('node:path').join(folder, path);
      try {
        return new Uint8Array(await nodeModule('node:fs/promises').readFile(full));
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code;
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
        throw new DataError(`${full}: cannot be read: ${code ?? String(cause)}`, {
          file: full,
          help: 'check its permissions',
        });
      }
    },
  };
}

/** Reads from below a URL, laid out as the folder is. */
export function urlSource(base: string): DataSource {
  const root = base.endsWith('/') ? base : `${base}/`;
  return {
    where: root,
    async read(path) {
      const response = await fetch(root + path).catch((cause) => {
        throw new DataError(`${root}${path}: cannot be reached: ${String(cause)}`, {
          file: path,
          help: 'check the address',
        });
      });
      if (response.status === 404) return undefined;
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      throw new DataError(`${root}${path}: the server answered ${response.status}`, {
        file: path,
        status: response.status,
        help: 'check the address and its permissions',
      });
    },
  };
}

/** Reads a file that must be there; the error names the place looked at and the command that fetches it. */
export async function readFrom(source: DataSource, set: string, path: string): Promise<NamedBytes> {
  const bytes = await source.read(path);
  if (bytes !== undefined) return { name: path, bytes };
  throw missingFile(source, set, path);
}

/** The error for a file that is not in the source. */
export function missingFile(source: DataSource, set: string, path: string): DataError {
  const isFetched = storedSet(set).files.some((file) => file.urls.length > 0);
  const orCopy = `set COTANGENT_DATA to a folder that holds ${path}`;
  return new DataError(`${set}: ${path} is not in ${source.where}`, {
    set,
    file: path,
    folder: source.where,
    help: isFetched
      ? `run "cotangent data fetch ${set}", or ${orCopy}`
      : `it has no official download in this form: ${orCopy}`,
  });
}
