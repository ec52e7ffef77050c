/** The record of a paper: what was measured, where and how, as one JSON file with its pictures in a folder beside it (Node). */
import { DataError } from '../../engine/errors.ts';
import type { Citation } from '../../methods/rule.ts';
import { exists, readBytes, writeAtomic } from '../../run/files.ts';
import type { ClaimEvent, StartEvent } from '../../run/schema.ts';
import type { Paper, Scale } from './claim.ts';
import type { Figure, Table } from './lab.ts';

/** Under what claims were measured. */
export interface Circumstances {
  readonly scale: Scale;
  readonly seed: number;
  /** The rounding in use. */
  readonly profile: string;
  readonly machine: StartEvent['machine'];
  /** The version of this package. */
  readonly version: string;
  /** Mean number of processes that wanted to run, over the last minute, when the run began. */
  readonly load: number;
}

export interface PaperRecord extends Circumstances {
  readonly format: 'cotangent-record';
  readonly formatVersion: 1;
  readonly paper: string;
  readonly title: string;
  readonly citation: Citation;
  readonly summary: string;
  readonly claims: readonly ClaimEvent[];
  readonly tables: readonly Table[];
  readonly figures: readonly Figure[];
}

/** A record without claims. */
export const emptyRecord = (paper: Paper, circumstances: Circumstances): PaperRecord => ({
  format: 'cotangent-record',
  formatVersion: 1,
  paper: paper.slug,
  title: paper.title,
  citation: paper.citation,
  summary: paper.summary,
  ...circumstances,
  claims: [],
  tables: [],
  figures: [],
});

/** The record with one more claim, and pictures and tables of the same names replaced. */
export const withClaim = (
  record: PaperRecord,
  claim: ClaimEvent,
  { figures, tables }: Pick<PaperRecord, 'figures' | 'tables'>,
): PaperRecord => ({
  ...record,
  claims: [...record.claims.filter((c) => c.id !== claim.id), claim],
  tables: merged(record.tables, tables),
  figures: merged(record.figures, figures),
});

const merged = <T extends { readonly name: string }>(old: readonly T[], fresh: readonly T[]): T[] => [
  ...old.filter((one) => !fresh.some((other) => other.name === one.name)),
  ...fresh,
];

/** Writes `<slug>.json` and `<slug>/<figure>.svg` below a folder; pictures that `before` already holds are not written again. */
export async function writeRecord(folder: string, record: PaperRecord, before?: PaperRecord): Promise<void> {
  const [{ mkdir }, { join }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  const written = new Map(before?.figures.map(({ name, svg }) => [name, svg]));
  const fresh = record.figures.filter(({ name, svg }) => written.get(name) !== svg);
  await mkdir(fresh.length > 0 ? join(folder, record.paper) : folder, { recursive: true });
  for (const { name, svg } of fresh) await writeAtomic(join(folder, record.paper, `${name}.svg`), `${svg}\n`);
  const figures = record.figures.map(({ name, caption }) => ({ name, caption }));
  await writeAtomic(join(folder, `${record.paper}.json`), `${JSON.stringify({ ...record, figures }, null, 2)}\n`);
}

/** Reads the record of a paper; null where there is none. */
export async function readRecord(folder: string, slug: string): Promise<PaperRecord | null> {
  const { join } = await import('node:path');
  const path = join(folder, `${slug}.json`);
  if (!(await exists(path))) return null;
  const record = parsed(await readText(path), path);
  const figures = await Promise.all(
    record.figures.map(async ({ name, caption }) => {
      const svg = await readText(join(folder, slug, `${name}.svg`));
      return { name, caption, svg: svg.trimEnd() };
    }),
  );
  return { ...record, figures };
}

/** Reads all records of a folder, in the order of the alphabet. */
export async function readRecords(folder: string): Promise<PaperRecord[]> {
  const { readdir } = await import('node:fs/promises');
  const files = (await exists(folder)) ? await readdir(folder) : [];
  const slugs = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  const records = await Promise.all(slugs.sort().map((slug) => readRecord(folder, slug)));
  return records.filter((record) => record !== null);
}

/** Removes the pictures of a paper that its record does not name. */
export async function removeStrayFigures(folder: string, { paper, figures }: PaperRecord): Promise<void> {
  const [{ readdir, rm }, { join }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  if (!(await exists(join(folder, paper)))) return;
  const known = new Set(figures.map(({ name }) => `${name}.svg`));
  for (const file of await readdir(join(folder, paper)))
    if (file.endsWith('.svg') && !known.has(file)) await rm(join(folder, paper, file));
}

const readText = async (path: string): Promise<string> => new TextDecoder().decode(await readBytes(path));

function parsed(text: string, path: string): PaperRecord {
  const record = jsonOf(text);
  const { format, formatVersion } = record ?? {};
  if (record !== null && format === 'cotangent-record' && formatVersion === 1) return record as PaperRecord;
  throw new DataError(`${path} is not a record of a paper`, {
    file: path,
    found: { format, formatVersion },
    help: 'cotangent reproduce writes records; remove the file, or measure the paper again',
  });
}

function jsonOf(text: string): Partial<PaperRecord> | null {
  try {
    return JSON.parse(text) as Partial<PaperRecord> | null;
  } catch {
    return null;
  }
}
