/** Files that are either the old one or the new one, never half of it (Node). */
import { copyFile, readFile, rename, stat, writeFile } from 'node:fs/promises';

/** Writes beside the target and renames; with `keepPrevious` the file that was there stays as `<path>.previous`. */
export async function writeAtomic(
  path: string,
  data: Uint8Array | string,
  { keepPrevious = false } = {},
): Promise<void> {
  const temporary = `${path}.${process.pid}.partial`;
  await writeFile(temporary, data, { flush: true });
  if (keepPrevious && (await exists(path))) {
    await copyFile(path, `${path}.previous.partial`);
    await rename(`${path}.previous.partial`, `${path}.previous`);
  }
  await rename(temporary, path);
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export const readBytes = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(path));
