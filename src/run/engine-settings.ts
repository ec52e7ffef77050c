/** What the engine computes with, as plain data: the same in the main thread and in every worker. */
import {
  backend,
  ConfigError,
  type DebugLevel,
  type SetBackendOptions,
  setBackend,
  setDebug,
  setDefaultDtype,
  setThreads,
  type ThreadCount,
} from '../engine/index.ts';

export interface EngineSettings {
  readonly backend?: 'wasm' | 'js';
  readonly dtype?: 'f32' | 'f64';
  readonly profile?: 'strict' | 'fma';
  /** Threads of compiled programs; COTANGENT_THREADS or 1 unless said. Results do not depend on it. */
  readonly threads?: ThreadCount;
}

/** The rounding that results depend on; `oracle` is that of the js backend. */
export type ProfileInUse = 'strict' | 'fma' | 'oracle';

/** Sets threads, backend, rounding profile and default float dtype; returns the profile in use. */
export function useEngine({ backend: name = 'wasm', dtype = 'f32', profile, threads }: EngineSettings): ProfileInUse {
  const count = threads ?? threadsOfEnvironment();
  if (count !== null) setThreads(count);
  const options: SetBackendOptions = profile === undefined ? {} : { profile };
  setBackend(name, options);
  setDefaultDtype(dtype);
  debugByEnvironment();
  return backend().profile;
}

/** COTANGENT_DEBUG = 1, 2 or 3 tells on standard error what the engine does. */
function debugByEnvironment(): void {
  const asked = globalThis.process?.env?.COTANGENT_DEBUG;
  if (asked === undefined || asked === '') return;
  const level = Number(asked);
  if (![0, 1, 2, 3].includes(level))
    throw new ConfigError(`COTANGENT_DEBUG is "${asked}"`, { help: 'set it to 0, 1, 2 or 3' });
  setDebug(level as DebugLevel, (text) => void process.stderr.write(`${text}\n`));
}

/** What COTANGENT_THREADS says. */
function threadsOfEnvironment(): ThreadCount | null {
  const text = globalThis.process?.env?.COTANGENT_THREADS;
  if (text === undefined || text === '') return null;
  return text === 'auto' ? text : Number(text);
}
