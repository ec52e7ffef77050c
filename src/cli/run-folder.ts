/** The folder of a run: a fresh one under runs/, and the log of its events. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeAtomic } from '../run/files.ts';
import { type Event, parseLines } from '../run/schema.ts';
import type { Io } from './verb.ts';

/** Makes the folder asked for, or the next free `runs/<name>-<n>`; returns its path as people type it. */
export async function runFolder(out: string | undefined, name: string, { cwd }: Pick<Io, 'cwd'>): Promise<string> {
  if (out !== undefined) {
    await mkdir(resolve(cwd, out), { recursive: true });
    return out;
  }
  await mkdir(resolve(cwd, 'runs'), { recursive: true });
  for (let n = 1; ; n++) {
    const folder = join('runs', `${name.replace(/[^\w-]+/g, '-')}-${n}`);
    if (await makeNew(resolve(cwd, folder))) return folder;
  }
}

/** Making a folder is atomic: two runs at once get two folders. */
const makeNew = (path: string): Promise<boolean> =>
  mkdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );

/** Appends events to a file of JSON lines, in order; live ticks are left out. */
export class EventLog {
  readonly path: string;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Begins anew. */
  clear(): Promise<void> {
    return writeAtomic(this.path, '');
  }

  /** Drops what a run said after the step it goes on from, and the first line, which it says again. */
  async rewind(step: number): Promise<void> {
    const content = await readFile(this.path, 'utf8').catch(() => '');
    const kept = parseLines(content).filter((e) => (e.type === 'epoch' || e.type === 'checkpoint') && e.step <= step);
    await writeAtomic(this.path, kept.map((e) => `${JSON.stringify(e)}\n`).join(''));
  }

  add(event: Event): void {
    if (event.type === 'progress') return;
    this.#last = this.#last.then(() => appendFile(this.path, `${JSON.stringify(event)}\n`));
    this.#last.catch(() => {}); // reported by flush
  }

  /** Waits until everything is written; throws what went wrong. */
  flush(): Promise<void> {
    return this.#last;
  }
}
