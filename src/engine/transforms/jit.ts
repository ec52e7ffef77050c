/** jit: trace once per structure of the arguments, compile, and run the program afterwards. */

import type { Backend, Program } from '../backends/backend.ts';
import { adopt, backend } from '../backends/current.ts';
import { remembered } from '../cache.ts';
import { defaultDtype } from '../dtype.ts';
import { ConfigError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { closeGraph, traceGraph } from '../graph.ts';
import { trackResults } from '../memory.ts';
import { cast } from '../ops/cast.ts';
import type { TensorLike } from '../ops/constant.ts';
import { scalar } from '../ops/constant.ts';
import { asTensor } from '../ops/promote.ts';
import { hasTapHandlers } from '../ops/tap.ts';
import { optimize } from '../passes/index.ts';
import type { Aval } from '../tensor.ts';
import { aval, type Concrete, checkLive, showAval, Tensor, Tracer } from '../tensor.ts';
import { bind, isStaging } from '../trace.ts';
import type { TreeDef } from '../tree.ts';
import { flatten, leavesOf, structureOf, unflatten } from '../tree.ts';
import { callOp } from './call.ts';

export interface JitOptions {
  /** Positions of arguments whose numbers are used as shapes or choices: each value compiles anew. */
  readonly static?: readonly number[];
  /** Positions of arguments whose memory the results may take over; the handles refuse further use. */
  readonly donate?: readonly number[];
  readonly name?: string;
  /** How programs run: `auto` interprets first and compiles when called again. */
  readonly tier?: 'auto' | 'interpret' | 'module';
  /** Compiled variants kept before the oldest is dropped. */
  readonly cacheSize?: number;
  /** Called with the reason whenever a call compiles anew. */
  readonly onCompile?: (reason: string) => void;
}

interface Entry {
  readonly graph: Graph;
  readonly captured: readonly Tensor[];
  readonly outDef: TreeDef;
  readonly programs: Map<Backend, Program>;
}

/** A compiled function, with its graph and plan open to inspection. */
export type Jitted<F> = F & {
  /** The traced graph for these arguments, before passes. */
  readonly graphOf: F extends (...args: infer A) => unknown ? (...args: A) => Graph : never;
  /** Bytes of program memory at the highest point, predicted without running. */
  readonly peakBytes: F extends (...args: infer A) => unknown ? (...args: A) => number : never;
};

/** Compiles a function of trees of tensors: the first call with given shapes traces it, later calls run the program. */
export function jit<A extends unknown[], R>(f: (...args: A) => R, options: JitOptions = {}): Jitted<(...args: A) => R> {
  const cache = new Map<string, Entry>();
  const entryOf = (call: CallShape, args: readonly unknown[]): Entry => {
    const found = cache.get(call.key);
    if (found !== undefined && found.captured.every(isStillValid)) return found;
    options.onCompile?.(explain(call.key, [...cache.keys()].at(-1)));
    const entry = traceEntry(f as (...args: unknown[]) => unknown, call, args, options);
    cache.set(call.key, entry);
    if (cache.size > (options.cacheSize ?? 64)) cache.delete(cache.keys().next().value!);
    return entry;
  };
  const jitted = (...args: A): R => {
    if (hasTapHandlers()) return f(...args);
    const call = shapeOfCall(args, options);
    const entry = entryOf(call, args);
    const inputs = [...entry.captured, ...call.tensors.map(numberToTensor)];
    return unflatten<R>(entry.outDef, run(entry, inputs, call, options));
  };
  return Object.assign(jitted, {
    graphOf: (...args: A) => entryOf(shapeOfCall(args, options), args).graph,
    peakBytes: (...args: A) => {
      const call = shapeOfCall(args, options);
      return programOf(entryOf(call, args), call, options).peakBytes;
    },
  }) as unknown as Jitted<(...args: A) => R>;
}

interface CallShape {
  readonly key: string;
  /** Leaves that are traced, in order. */
  readonly tensors: readonly TensorLike[];
  /** Positions in `tensors` of donated leaves. */
  readonly donated: readonly number[];
}

function shapeOfCall(args: readonly unknown[], options: JitOptions): CallShape {
  const tensors: TensorLike[] = [];
  const donated: number[] = [];
  const keys = args.map((arg, position) => {
    if (options.static?.includes(position)) return `=${JSON.stringify(arg)}`;
    const from = tensors.length;
    const key = `${structureOf(arg).key}${leavesOf(arg)
      .map((leaf) => leafKey(leaf, tensors))
      .join()}`;
    if (options.donate?.includes(position)) for (let i = from; i < tensors.length; i++) donated.push(i);
    return key;
  });
  return { key: `${defaultDtype()};${keys.join(';')}`, tensors, donated };
}

const functionIds = new WeakMap<object, number>();
let nextFunctionId = 0;

function leafKey(leaf: unknown, tensors: TensorLike[]): string {
  if (leaf instanceof Tensor || typeof leaf === 'number') {
    tensors.push(leaf);
    return typeof leaf === 'number' ? 'number' : leaf.weak ? 'number' : showAval(leaf);
  }
  if (typeof leaf === 'function') {
    return `f${remembered(functionIds, leaf, () => nextFunctionId++)}`;
  }
  if (typeof leaf === 'string' || typeof leaf === 'boolean') return JSON.stringify(leaf);
  throw new ConfigError(
    `jit: an argument holds ${leaf?.constructor?.name ?? typeof leaf}, which is neither a tensor, a number, a string, a boolean nor a function`,
    {
      help: 'turn typed arrays into tensors with tensor(data, shape); pass other objects under `static`',
    },
  );
}

const explain = (key: string, before: string | undefined): string =>
  before === undefined ? `first call: ${key}` : `arguments changed from ${before} to ${key}`;

const weakAval: Aval = { shape: [], dtype: 'f64', weak: true };
const numberToTensor = (x: TensorLike): Tensor => (typeof x === 'number' ? scalar(x, 'f64') : x);

/** A captured tracer ties an entry to the transformation it came from. */
const isStillValid = (x: Tensor): boolean => !(x instanceof Tracer) || !x.trace.closed;

function traceEntry(
  f: (...args: unknown[]) => unknown,
  call: CallShape,
  args: readonly unknown[],
  options: JitOptions,
): Entry {
  let outDef: TreeDef | null = null;
  const avals = call.tensors.map((x) => (typeof x === 'number' || x.weak ? weakAval : aval(x)));
  const graph = traceGraph(
    (...tracers) => {
      let at = 0;
      const rebuilt = args.map((arg, position) => {
        if (options.static?.includes(position)) return arg;
        const [leaves, def] = flatten(arg);
        return unflatten(
          def,
          leaves.map((leaf) => (leaf instanceof Tensor || typeof leaf === 'number' ? tracers[at++]! : leaf)),
        );
      });
      const [leaves, def] = flatten(f(...rebuilt));
      outDef = def;
      return leaves.map((leaf) => resultTensor(leaf));
    },
    avals,
    options.name ?? 'jit',
  );
  return { graph: closeGraph(graph), captured: graph.consts.map((c) => c.value), outDef: outDef!, programs: new Map() };
}

function resultTensor(leaf: unknown): Tensor {
  if (leaf instanceof Tensor) return leaf.weak ? cast(leaf, defaultDtype()) : leaf;
  if (typeof leaf === 'number') return asTensor(leaf);
  throw new ConfigError(
    `jit: the function returned ${leaf?.constructor?.name ?? typeof leaf}; results are trees of tensors and numbers`,
    { help: 'return strings and booleans outside of jit' },
  );
}

function programOf(entry: Entry, call: CallShape, options: JitOptions): Program {
  const here = backend();
  return remembered(entry.programs, here, () => {
    const donate = call.donated.map((i) => i + entry.captured.length);
    return here.compile(optimize(entry.graph), { donate, tier: options.tier ?? 'auto' });
  });
}

function run(entry: Entry, inputs: readonly Tensor[], call: CallShape, options: JitOptions): readonly Tensor[] {
  if (isStaging() || inputs.some((x) => x instanceof Tracer)) {
    return bind(callOp, inputs, { graph: entry.graph, name: options.name ?? 'jit' });
  }
  for (const x of inputs) checkLive(x as Concrete);
  return trackResults(programOf(entry, call, options).run((inputs as Concrete[]).map(adopt)), inputs);
}
