/** jit: trace once per structure of the arguments, compile, and run the program afterwards. */

import type { Backend, Program } from '../backends/backend.ts';
import { adopt, backend } from '../backends/current.ts';
import { probe } from '../backends/probe.ts';
import { remembered } from '../cache.ts';
import { defaultDtype, type FloatDtype } from '../dtype.ts';
import { ConfigError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { closeGraph, traceGraph } from '../graph.ts';
import { collecting, trackResults } from '../memory.ts';
import { cast } from '../ops/cast.ts';
import type { TensorLike } from '../ops/constant.ts';
import { scalar } from '../ops/constant.ts';
import { asTensor } from '../ops/promote.ts';
import { hasTapHandlers } from '../ops/tap.ts';
import { optimize } from '../passes/index.ts';
import type { Aval } from '../tensor.ts';
import { aval, Concrete, checkLive, Tensor, Tracer } from '../tensor.ts';
import { bind, isStaging } from '../trace.ts';
import type { TreeDef } from '../tree.ts';
import { flatten, unflatten } from '../tree.ts';
import { callOp } from './call.ts';
import { type PlanReport, type Role, reportPlan } from './plan.ts';
import { countRules, type RuleCalls } from './rule-calls.ts';
import { fitsAll, type Slot, showSlot, slotOf, staticSlotOf } from './signature.ts';

export interface JitOptions {
  /** Positions of arguments whose numbers are used as shapes or choices: each value compiles anew. */
  readonly static?: readonly number[];
  /** Positions of arguments whose memory the results may take over; the handles refuse further use. Memory that another argument or a captured value shows too is left alone. */
  readonly donate?: readonly number[];
  /** What each argument is to the memory that `plan` reports; the first one is the parameters and the others inputs unless said. */
  readonly roles?: readonly Role[];
  readonly name?: string;
  /** How programs run: `auto` interprets first and compiles when called again. */
  readonly tier?: 'auto' | 'interpret' | 'module';
  /** Compiled variants kept before the oldest is dropped. */
  readonly cacheSize?: number;
  /** Called with the reason whenever a call compiles anew. */
  readonly onCompile?: (reason: string) => void;
}

/** A program on one backend, with the captured values that live there. */
interface Compiled {
  readonly program: Program;
  readonly captured: readonly Concrete[];
}

interface Entry {
  readonly dtype: FloatDtype;
  readonly slots: readonly Slot[];
  readonly graph: Graph;
  readonly captured: readonly Tensor[];
  /** Positions among the traced leaves. */
  readonly donated: readonly number[];
  readonly outDef: TreeDef;
  /** Derivative rules that were called while tracing. */
  readonly calls: RuleCalls;
  /** Of the graph's inputs: captured values, then the traced leaves. */
  readonly roles: readonly Role[];
  readonly programs: Map<Backend, Compiled>;
}

/** A compiled function, with its graph and plan open to inspection. */
export type Jitted<F> = F & {
  /** The traced graph for these arguments, before passes. */
  readonly graphOf: F extends (...args: infer A) => unknown ? (...args: A) => Graph : never;
  /** Bytes of program memory at the highest point, predicted without running. */
  readonly peakBytes: F extends (...args: infer A) => unknown ? (...args: A) => number : never;
  /** What a call with these arguments costs, from its plan: FLOPs, bytes, peak by kind, what is kept for the backward pass, depth, launches, rules. */
  readonly plan: F extends (...args: infer A) => unknown ? (...args: A) => PlanReport : never;
};

/** Compiles a function of trees of tensors: the first call with given shapes traces it, later calls run the program. */
export function jit<A extends unknown[], R>(f: (...args: A) => R, options: JitOptions = {}): Jitted<(...args: A) => R> {
  const cache = new EntryCache(f as (...args: unknown[]) => unknown, options);
  const jitted = (...args: A): R => {
    if (hasTapHandlers()) return f(...args);
    const leaves: TensorLike[] = [];
    const entry = cache.entryOf(args, leaves);
    return entry.outDef.build(run(entry, leaves.map(numberToTensor), options), 0) as R;
  };
  return Object.assign(jitted, {
    graphOf: (...args: A) => cache.entryOf(args, []).graph,
    peakBytes: (...args: A) => compiled(cache.entryOf(args, []), options).program.peakBytes,
    plan: (...args: A) => reportOf(cache.entryOf(args, [])),
  }) as unknown as Jitted<(...args: A) => R>;
}

/** The traced variants of one function: the last one is tried first, without making a key. */
class EntryCache {
  readonly #f: (...args: unknown[]) => unknown;
  readonly #options: JitOptions;
  readonly #entries = new Map<string, Entry>();
  #last: Entry | null = null;

  constructor(f: (...args: unknown[]) => unknown, options: JitOptions) {
    this.#f = f;
    this.#options = options;
  }

  /** The entry for these arguments, traced now if it is new; their traced leaves go to `leaves`. */
  entryOf(args: readonly unknown[], leaves: TensorLike[]): Entry {
    const last = this.#last;
    if (last !== null && last.dtype === defaultDtype() && fitsAll(last.slots, args, leaves) && isValid(last))
      return last;
    leaves.length = 0;
    this.#last = this.#find(args);
    fitsAll(this.#last.slots, args, leaves);
    return this.#last;
  }

  #find(args: readonly unknown[]): Entry {
    const { static: fixed, onCompile, cacheSize = 64 } = this.#options;
    const slots = args.map((x, i) => (fixed?.includes(i) ? staticSlotOf(x) : slotOf(x)));
    const key = `${defaultDtype()};${slots.map(showSlot).join(';')}`;
    const found = this.#entries.get(key);
    if (found !== undefined && isValid(found)) return found;
    const why = explain(slots, found, this.#last);
    onCompile?.(why);
    probe()?.traced(this.#options.name ?? (this.#f.name || 'jit'), why);
    const entry = traceEntry(this.#f, slots, args, this.#options);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > cacheSize) this.#entries.delete(this.#entries.keys().next().value!);
    return entry;
  }
}

/** Why a call is traced, by argument. */
function explain(slots: readonly Slot[], outdated: Entry | undefined, last: Entry | null): string {
  const now = slots.map(showSlot);
  if (outdated !== undefined) return 'a captured value belonged to a transformation that has ended';
  if (last === null) return `first call: (${now.join(', ')})`;
  if (last.dtype !== defaultDtype()) return `the default dtype changed from ${last.dtype} to ${defaultDtype()}`;
  const before = last.slots.map(showSlot);
  const changes = Array.from({ length: Math.max(now.length, before.length) }, (_, i) =>
    now[i] === before[i] ? [] : [`argument ${i} changed from ${before[i] ?? 'nothing'} to ${now[i] ?? 'nothing'}`],
  );
  return changes.flat().join('; ') || 'the variant had been dropped from the cache';
}

const weakAval: Aval = { shape: [], dtype: 'f64', weak: true };
const numberToTensor = (x: TensorLike): Tensor => (typeof x === 'number' ? scalar(x, 'f64') : x);

/** A captured tracer ties an entry to the transformation it came from. */
function isValid({ captured }: Entry): boolean {
  for (const x of captured) if (x instanceof Tracer && x.trace.closed) return false;
  return true;
}

function traceEntry(
  f: (...args: unknown[]) => unknown,
  slots: readonly Slot[],
  args: readonly unknown[],
  options: JitOptions,
): Entry {
  let outDef: TreeDef | null = null;
  const inputs = tracedLeaves(slots, args, options.donate ?? []);
  const trace = (): Graph =>
    traceGraph(
      (...tracers) => {
        const [leaves, def] = flatten(f(...withTracers(slots, args, tracers)));
        outDef = def;
        return leaves.map(resultTensor);
      },
      inputs.map((x) => x.aval),
      options.name ?? 'jit',
      true,
    );
  const { result: graph, calls } = countRules(() => collecting(null, trace));
  return {
    dtype: defaultDtype(),
    slots,
    graph: closeGraph(graph),
    captured: graph.consts.map((c) => c.value),
    donated: inputs.flatMap((x, i) => (x.isDonated ? [i] : [])),
    outDef: outDef!,
    calls,
    roles: [...graph.consts.map((): Role => 'constants'), ...inputs.map((x) => roleOf(x.position, options))],
    programs: new Map(),
  };
}

const roleOf = (position: number, { roles }: JitOptions): Role =>
  roles?.[position] ?? (position === 0 ? 'parameters' : 'inputs');

/** Shape and dtype of every traced leaf, in order; numbers are weak and never donated. */
function tracedLeaves(
  slots: readonly Slot[],
  args: readonly unknown[],
  donate: readonly number[],
): { aval: Aval; isDonated: boolean; position: number }[] {
  return slots.flatMap((slot, position) => {
    const leaves: TensorLike[] = [];
    fitsAll([slot], [args[position]], leaves);
    return leaves.map((x) =>
      typeof x === 'number' || x.weak
        ? { aval: weakAval, isDonated: false, position }
        : { aval: aval(x), isDonated: donate.includes(position), position },
    );
  });
}

/** The arguments with tracers in place of the traced leaves. */
function withTracers(slots: readonly Slot[], args: readonly unknown[], tracers: readonly Tensor[]): unknown[] {
  let at = 0;
  return args.map((arg, position) => {
    if (slots[position]!.kind === 'static') return arg;
    const [leaves, def] = flatten(arg);
    const traced = leaves.map((leaf) => (leaf instanceof Tensor || typeof leaf === 'number' ? tracers[at++]! : leaf));
    return unflatten(def, traced);
  });
}

function resultTensor(leaf: unknown): Tensor {
  if (leaf instanceof Tensor) return leaf.weak ? cast(leaf, defaultDtype()) : leaf;
  if (typeof leaf === 'number') return asTensor(leaf);
  throw new ConfigError(
    `jit: the function returned ${leaf?.constructor?.name ?? typeof leaf}; results are trees of tensors and numbers`,
    { help: 'return strings and booleans outside of jit' },
  );
}

function compiled(entry: Entry, { tier = 'auto' }: JitOptions): Compiled {
  const here = backend();
  return remembered(entry.programs, here, () => ({
    program: here.compile(optimize(entry.graph), {
      donate: entry.donated.map((i) => i + entry.captured.length),
      tier,
    }),
    captured: (entry.captured as Concrete[]).map((x) => collecting(null, () => adopt(x))),
  }));
}

function run(entry: Entry, leaves: readonly Tensor[], options: JitOptions): readonly Tensor[] {
  if (isStaging() || isTraced(leaves) || isTraced(entry.captured))
    return bind(callOp, [...entry.captured, ...leaves], { graph: entry.graph, name: options.name ?? 'jit' });
  const { program, captured } = compiled(entry, options);
  const inputs = [...captured];
  for (const x of leaves) inputs.push(adopt(x as Concrete));
  for (const x of inputs) checkLive(x);
  return trackResults(program.run(inputs), inputs);
}

function isTraced(xs: readonly Tensor[]): boolean {
  for (const x of xs) if (!(x instanceof Concrete)) return true;
  return false;
}

/** Donated leaves stand behind the captured values. */
const reportOf = ({ graph, roles, donated, captured, calls }: Entry): PlanReport =>
  reportPlan({ graph, roles, donated: donated.map((i) => i + captured.length), calls });
