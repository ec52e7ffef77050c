/** Which backend new tensors live on. */

import { remembered } from '../cache.ts';
import type { Graph } from '../graph.ts';
import { trackResults } from '../memory.ts';
import type { Op, Params } from '../op.ts';
import { forgetScalars } from '../ops/constant.ts';
import { optimize } from '../passes/index.ts';
import { Concrete } from '../tensor.ts';
import { installExecutor } from '../trace.ts';
import type { Backend, Program } from './backend.ts';
import { JsBackend } from './js/backend.ts';
import { WasmBackend } from './wasm/backend.ts';
import { detectProfile, type Profile } from './wasm/profile.ts';
import { chooseThreads, type ThreadCount, threads, wantsSharedMemory } from './wasm/team/setting.ts';
import { reasonForOneThread } from './wasm/team/spawn.ts';

export { type ThreadCount, threads };

export type BackendName = 'js' | 'wasm';

export interface SetBackendOptions {
  /** Rounding of multiply-adds on wasm; what the engine offers unless said. */
  readonly profile?: Profile;
}

const made = new Map<string, Backend>();
let current: Backend | null = null;

/** One backend of each kind per process. */
function known(name: BackendName, profile: Profile = detectProfile()): Backend {
  if (name === 'js') return remembered(made, name, () => new JsBackend());
  const shared = wantsSharedMemory();
  return remembered(made, `${profile} ${shared}`, () => new WasmBackend({ profile, shared }));
}

/** The backend in use; `wasm` unless another was chosen. */
export function backend(): Backend {
  if (current === null) setBackend('wasm');
  return current!;
}

/** Chooses the backend of tensors made from now on; tensors of another backend move over when they are used. */
export function setBackend(name: BackendName, { profile }: SetBackendOptions = {}): void {
  use(known(name, profile));
}

/**
 * Sets how many threads compiled programs may use: a whole number up to 16, or `auto` for one per core. Results are the same bits for any number. Programs with little work stay on one thread, and so do all
 * until the threads have started.
 */
export function setThreads(count: ThreadCount): void {
  chooseThreads(count);
  if (current instanceof WasmBackend && wantsSharedMemory()) use(known('wasm', current.profile));
}

/** What became of the wish for threads. */
export interface ThreadState {
  readonly wanted: number;
  /** Threads that a large program would use now. */
  readonly running: number;
  /** Why there is only one, when more were wanted and cannot be had. */
  readonly reason?: string;
}

/** Waits until the threads that were asked for have started, or until it is clear that they cannot. */
export async function threadsReady(): Promise<ThreadState> {
  const wanted = threads();
  const here = backend();
  if (wanted === 1) return { wanted, running: 1 };
  const reason = here instanceof WasmBackend ? reasonForOneThread() : 'only the wasm backend has threads';
  if (reason !== null) return { wanted, running: 1, reason };
  for (let waits = 0; waits < STARTING_MS; waits++) {
    const running = (here as WasmBackend).team.threads;
    if (running === wanted) return { wanted, running };
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { wanted, running: 1, reason: 'the threads did not start' };
}

const STARTING_MS = 10_000;

function use(next: Backend): void {
  if (next === current) return;
  current = next;
  forgetScalars();
}

/** Runs `body` on another backend. */
export function withBackend<R>(name: BackendName, body: () => R, options: SetBackendOptions = {}): R {
  const before = backend();
  setBackend(name, options);
  try {
    return body();
  } finally {
    use(before);
  }
}

/** Bytes of arena held by tensors now. */
export const liveBytes = (): number => backend().liveBytes();

/** Moves a tensor to the current backend if it lives elsewhere. */
export function adopt(x: Concrete): Concrete {
  const here = backend();
  if (x.storage.backend === here) return x;
  const moved = new Concrete(x.shape, x.dtype, here.fromHost(x.readSync(), x.dtype));
  trackResults([moved]);
  return moved;
}

function adoptAll(inputs: readonly Concrete[]): readonly Concrete[] {
  const here = backend();
  for (const x of inputs) if (x.storage.backend !== here) return inputs.map(adopt);
  return inputs;
}

const programs = new WeakMap<Graph, Map<Backend, Program>>();

/** Compiles and runs a closed graph on the current backend; programs are remembered per graph. */
export function runGraph(graph: Graph, inputs: readonly Concrete[]): readonly Concrete[] {
  const here = backend();
  const compiled = remembered(programs, graph, () => new Map<Backend, Program>());
  return remembered(compiled, here, () => here.compile(optimize(graph), {})).run(inputs);
}

installExecutor((op: Op, inputs: readonly Concrete[], params: Params) => {
  const here = adoptAll(inputs);
  const outs = op.inline === undefined ? backend().execute(op, here, params) : runGraph(op.inline(params), here);
  return trackResults(outs, here);
});
