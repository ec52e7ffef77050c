/** Writes the exports of package.json from what exists under src/ (`npm run exports`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportsField, libraryEntries, repository } from './entries.ts';

const path = join(repository, 'package.json');
const manifest = JSON.parse(readFileSync(path, 'utf8'));
manifest.exports = exportsField(libraryEntries());
writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
