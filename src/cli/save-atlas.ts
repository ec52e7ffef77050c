/** docs/ATLAS.md and its pictures from what lies in docs/atlas. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readAtlas } from '../run/atlas/folder.ts';
import { atlasPage } from '../run/atlas/page.ts';
import { picturesOf } from '../run/atlas/pictures.ts';
import { writeAtomic } from '../run/files.ts';

/** Writes the page of a checkout; pictures that it does not name are removed. */
export async function writeAtlasPage(checkout: string): Promise<void> {
  const folder = join(checkout, 'docs', 'atlas');
  const view = await readAtlas(folder);
  const pictures = view.tasks.flatMap(picturesOf);
  for (const { name, svg } of pictures) await writeAtomic(join(folder, `${name}.svg`), `${svg}\n`);
  const known = new Set(pictures.map(({ name }) => `${name}.svg`));
  for (const file of await readdir(folder)) if (file.endsWith('.svg') && !known.has(file)) await rm(join(folder, file));
  await writeAtomic(join(checkout, 'docs', 'ATLAS.md'), atlasPage(view, 'atlas'));
}
