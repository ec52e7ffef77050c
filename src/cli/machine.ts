/** What a run notes about the machine and the program. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import type { StartEvent } from '../run/schema.ts';

export const machine = (): StartEvent['machine'] => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.versions.node,
});

/** The version in package.json, which lies two folders above this file as a source and in the built package. */
export const version = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
