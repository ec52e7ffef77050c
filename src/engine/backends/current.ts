/** Which backend new tensors live on. */
import type { Op, Params } from '../op.ts';
import { forgetScalars } from '../ops/constant.ts';
import { trackResults } from '../memory.ts';
import { Concrete } from '../tensor.ts';
import { installExecutor } from '../trace.ts';
import type { Graph } from '../graph.ts';
import { optimize } from '../passes/index.ts';
import type { Backend, Program } from './backend.ts';
import { JsBackend } from './js/backend.ts';
import { WasmBackend } from './wasm/backend.ts';

export type BackendName = 'js' | 'wasm';

const made = new Map<BackendName, Backend>();
let current: Backend | null = null;

const make = (name: BackendName): Backend => (name === 'js' ? new JsBackend() : new WasmBackend());

/** The backend in use; `wasm` unless another was chosen. */
export function backend(): Backend {
  if (current === null) setBackend('wasm');
  return current!;
}

/** Chooses the backend of tensors made from now on; tensors of another backend move over when they are used. */
export function setBackend(name: BackendName): void {
  let next = made.get(name);
  if (next === undefined) made.set(name, (next = make(name)));
  if (next === current) return;
  current = next;
  forgetScalars();
}

/** Runs `body` on another backend. */
export function withBackend<R>(name: BackendName, body: () => R): R {
  const before = backend().name;
  setBackend(name);
  try {
    return body();
  } finally {
    setBackend(before);
  }
}

/** Bytes of arena held by tensors now. */
export const liveBytes = (): number => backend().liveBytes();

/** Moves a tensor to the current backend if it lives elsewhere. */
export function adopt(x: Concrete): Concrete {
  const here = backend();
  if (x.storage.backend === here) return x;
  return new Concrete(x.shape, x.dtype, here.fromHost(x.readSync(), x.dtype));
}

const programs = new WeakMap<Graph, Map<string, Program>>();

/** Compiles and runs a closed graph on the current backend; programs are remembered per graph. */
export function runGraph(graph: Graph, inputs: readonly Concrete[]): readonly Concrete[] {
  let known = programs.get(graph);
  if (known === undefined) programs.set(graph, (known = new Map()));
  let program = known.get(backend().name);
  if (program === undefined) known.set(backend().name, (program = backend().compile(optimize(graph), {})));
  return program.run(inputs);
}

installExecutor((op: Op, inputs: readonly Concrete[], params: Params) => {
  const here = inputs.map(adopt);
  const outs = op.inline === undefined ? backend().execute(op, here, params) : runGraph(op.inline(params), here);
  return trackResults(outs, here);
});
