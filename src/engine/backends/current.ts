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
import type { TeamRunner } from './wasm/program.ts';

export type BackendName = 'js' | 'wasm';

export interface SetBackendOptions {
  /** Rounding of multiply-adds on wasm; what the engine offers unless said. */
  readonly profile?: Profile;
}

const made = new Map<string, Backend>();
let current: Backend | null = null;
/** Makes the threads over a shared memory; null until threads are asked for. */
let makeTeam: ((backend: WasmBackend) => TeamRunner) | null = null;

/** One backend of each kind per process. */
function known(name: BackendName, profile: Profile = detectProfile()): Backend {
  if (name === 'js') return remembered(made, name, () => new JsBackend());
  const shared = makeTeam !== null;
  return remembered(made, `${profile} ${shared}`, () => {
    const backend = new WasmBackend({ profile, shared });
    backend.team = makeTeam?.(backend) ?? null;
    return backend;
  });
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

/** Makes the memories of backends from now on shareable, with threads over each. */
export function shareMemories(make: (backend: WasmBackend) => TeamRunner): void {
  makeTeam ??= make;
  if (current instanceof WasmBackend) use(known('wasm', current.profile));
}

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
