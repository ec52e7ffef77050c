/** Records of full-scale runs into docs/results/, and docs/RESULTS.md from all that are there. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type PaperRecord, readRecords, removeStrayFigures, writeRecord } from '../papers/ledger/record.ts';
import { resultsPage } from '../papers/ledger/results.ts';
import { writeAtomic } from '../run/files.ts';

/** Saves records below a checkout; returns what was written, as people type it. */
export async function saveRecords(records: readonly PaperRecord[], checkout: string): Promise<string> {
  const folder = join(checkout, 'docs', 'results');
  for (const record of records) {
    await writeRecord(folder, record);
    await removeStrayFigures(folder, record);
  }
  await writeResults(checkout);
  return [...records.map(({ paper }) => `docs/results/${paper}.json`), 'docs/RESULTS.md'].join(', ');
}

/** Writes docs/RESULTS.md of a checkout from its records. */
export async function writeResults(checkout: string): Promise<void> {
  const records = await readRecords(join(checkout, 'docs', 'results'));
  await mkdir(join(checkout, 'docs'), { recursive: true });
  await writeAtomic(join(checkout, 'docs', 'RESULTS.md'), resultsPage(records));
}
