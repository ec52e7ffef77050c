/** What the engine computes with, as plain data: the same in the main thread and in every worker. */
import {
  backend,
  type SetBackendOptions,
  setBackend,
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
  return backend().profile;
}

/** What COTANGENT_THREADS says. */
function threadsOfEnvironment(): ThreadCount | null {
  const text = globalThis.process?.env?.COTANGENT_THREADS;
  if (text === undefined || text === '') return null;
  return text === 'auto' ? text : Number(text);
}
