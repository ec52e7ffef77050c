/** Levels of tracing and `bind`, the one door through which every op goes. */
import { TracerError } from './errors.ts';
import type { Op, Params } from './op.ts';
import type { Tensor } from './tensor.ts';
import { Concrete, showAval, Tracer } from './tensor.ts';

/** One running transformation. A higher level is nearer to the user's function. */
export abstract class Trace {
  readonly level: number;
  abstract readonly name: string;
  closed = false;

  constructor(level: number) {
    this.level = level;
  }

  abstract process(op: Op, inputs: readonly Tensor[], params: Params): readonly Tensor[];
}

let depth = 0;
let dynamic: Trace | null = null;
let execute: (op: Op, inputs: readonly Concrete[], params: Params) => readonly Tensor[] = () => {
  throw new Error('no backend is installed');
};

/** The backends' own entry, installed once by backends/current.ts. */
export function installExecutor(run: typeof execute): void {
  execute = run;
}

/** Runs `body` with a fresh trace that is closed afterwards; a `dynamic` one also receives ops none of whose inputs it made. */
export function withTrace<T extends Trace, R>(make: (level: number) => T, body: (trace: T) => R, isDynamic = false): R {
  const trace = make(++depth);
  const before = dynamic;
  if (isDynamic) dynamic = trace;
  try {
    return body(trace);
  } finally {
    depth--;
    dynamic = before;
    trace.closed = true;
  }
}

/** The trace that receives every op now. */
export const dynamicTrace = (): Trace | null => dynamic;

/** Runs `body` as if another trace, or none, received every op. */
export function underTrace<R>(trace: Trace | null, body: () => R): R {
  const before = dynamic;
  dynamic = trace;
  try {
    return body();
  } finally {
    dynamic = before;
  }
}

/** Whether any transformation is running. */
export const isTransforming = (): boolean => depth > 0;

/** Whether ops are being recorded rather than run. */
export const isStaging = (): boolean => dynamic !== null;

/** Applies an op to tensors: the innermost transformation that knows one of them decides what that means. */
export function bind<P extends Params>(op: Op<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
  let top: Trace | null = dynamic;
  for (const x of inputs) {
    if (!(x instanceof Tracer)) continue;
    const trace = x.trace as Trace;
    if (trace.closed) throwEscaped(op.name, x);
    if (top === null || trace.level > top.level) top = trace;
  }
  if (top === null) return execute(op as unknown as Op, inputs as readonly Concrete[], params);
  return top.process(op as unknown as Op, inputs, params);
}

/** `bind` for ops with one output. */
export const bind1 = <P extends Params>(op: Op<P>, inputs: readonly Tensor[], params: P): Tensor =>
  bind(op, inputs, params)[0]!;

function throwEscaped(op: string, x: Tracer): never {
  throw new TracerError(`${op}: the operand ${showAval(x)} belongs to a ${x.trace.name} that has already ended`, {
    help: 'values made inside a transformed function must be returned from it, not stored outside',
  });
}

export const isConcrete = (x: unknown): x is Concrete => x instanceof Concrete;
