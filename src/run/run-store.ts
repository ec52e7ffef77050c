/** The folder of a run (Node): its configuration and its checkpoints, each file whole or not there. */
import type { LoadOptions } from '../data/index.ts';
import { CheckpointError } from '../engine/index.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { EngineSettings } from './engine-settings.ts';
import type { CheckpointStore, RunConfig } from './train.ts';

/** What `run.json` holds: all that starts the same run again. */
export interface RunFile {
  readonly format: 'cotangent-run';
  readonly version: 1;
  readonly task: string;
  readonly load: LoadOptions;
  readonly engine: EngineSettings;
  readonly config: RunConfig;
}

/** Opens a folder that exists as the store of a run's checkpoints. */
export async function openRunStore(folder: string): Promise<CheckpointStore> {
  const { join } = await import('node:path');
  const { writeAtomic } = await import('./files.ts');
  const pathOf = (name: string) => join(folder, `${name}.checkpoint`);
  return {
    async save(name, state, meta) {
      const { bytes, header } = await encodeCheckpoint(state, meta);
      await writeAtomic(pathOf(name), bytes, { keepPrevious: name === 'last' });
      return { path: pathOf(name), hash: header.hash };
    },
    load: (name) => readCheckpoint(pathOf(name)),
  };
}

/** Reads a checkpoint file. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { readBytes } = await import('./files.ts');
  const bytes = await readBytes(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${path} cannot be read: ${cause.code ?? cause.message}`, {
      file: path,
      help: 'give the folder that a run was started with',
    });
  });
  return decodeCheckpoint(bytes, path);
}

/** Writes the configuration of a run into its folder. */
export async function writeRunFile(folder: string, run: RunFile): Promise<void> {
  const { join } = await import('node:path');
  const { writeAtomic } = await import('./files.ts');
  await writeAtomic(join(folder, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
}

/** Reads the configuration of a run from its folder. */
export async function readRunFile(folder: string): Promise<RunFile> {
  const { join } = await import('node:path');
  const { readBytes } = await import('./files.ts');
  const path = join(folder, 'run.json');
  const refuse = (why: string) =>
    new CheckpointError(`${folder} holds no run: ${why}`, {
      folder,
      help: 'give the folder that train wrote, the one with run.json in it',
    });
  const bytes = await readBytes(path).catch((cause: NodeJS.ErrnoException) => {
    throw refuse(`run.json cannot be read (${cause.code ?? cause.message})`);
  });
  const run = parsed(bytes);
  if (run?.format !== 'cotangent-run') throw refuse('run.json was not written by train');
  if (run.version !== 1) throw refuse(`run.json has version ${run.version}; this release reads version 1`);
  return run;
}

function parsed(bytes: Uint8Array): RunFile | null {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as RunFile | null;
  } catch {
    return null;
  }
}
