/** Writes docs/ATLAS.md from the records in docs/atlas/. */
import { writeAtlasPage } from '../src/cli/save-atlas.ts';
import { repository } from './entries.ts';

await writeAtlasPage(repository);
