/** Files that are either the old one or the new one, never half of it (Node, whose modules are asked for on use: a browser bundle may hold this file). */

const fs = () => import('node:fs/promises');

/** Writes beside the target and renames; with `keepPrevious` the file that was there stays as `<path>.previous`. */
export async function writeAtomic(
  path: string,
  data: Uint8Array | string,
  { keepPrevious = false } = {},
): Promise<void> {
  const { copyFile, rename, writeFile } = await fs();
  const temporary = `${path}.${process.pid}.partial`;
  await writeFile(temporary, data, { flush: true });
  if (keepPrevious && (await exists(path))) {
    await copyFile(path, `${path}.previous.partial`);
    await rename(`${path}.previous.partial`, `${path}.previous`);
  }
  await rename(temporary, path);
}

export async function exists(path: string): Promise<boolean> {
  const { stat } = await fs();
  return stat(path).then(
    () => true,
    () => false,
  );
}

export async function readBytes(path: string): Promise<Uint8Array> {
  const { readFile } = await fs();
  return new Uint8Array(await readFile(path));
}
