/** Which backend new tensors live on. */
import type { Op, Params } from '../op.ts';
import { forgetScalars } from '../ops/constant.ts';
import { trackResults } from '../memory.ts';
import type { Concrete } from '../tensor.ts';
import { installExecutor } from '../trace.ts';
import type { Backend } from './backend.ts';
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
  return new (x.constructor as new (...a: ConstructorParameters<typeof Concrete>) => Concrete)(x.shape, x.dtype, here.fromHost(x.readSync(), x.dtype));
}

installExecutor((op: Op, inputs: readonly Concrete[], params: Params) => trackResults(backend().execute(op, inputs.map(adopt), params)));
