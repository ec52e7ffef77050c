/** Writes docs/RESULTS.md from the records in docs/results/. */
import { writeResults } from '../src/cli/save-records.ts';
import { repository } from './entries.ts';

await writeResults(repository);
