/** Eager recipes: what an op does for operands of given shapes, lowered once and remembered. */
import type { Op, Params } from '../../op.ts';
import { sameShape } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { aval, bytesOf } from '../../tensor.ts';
import { loweringOf } from './host.ts';
import type { KernelLibrary } from './library.ts';
import type { Operand } from './lower.ts';
import { Recorder } from './recorder.ts';
import { prepareCalls, type RelocatableCall } from './relocation.ts';

export interface Recipe {
  readonly params: Params;
  readonly ins: readonly Aval[];
  readonly outs: readonly Aval[];
  readonly outBytes: readonly number[];
  readonly tempBytes: readonly number[];
  readonly calls: readonly RelocatableCall[];
  /** Addresses of inputs, outputs and temporaries, filled in before each run. */
  readonly bases: number[];
}

/** Recipes kept per op; beyond that the oldest is replaced. */
const KEPT = 8;

export class RecipeBook {
  readonly #library: KernelLibrary;
  readonly #recipes = new WeakMap<Op, { readonly list: Recipe[]; next: number }>();

  constructor(library: KernelLibrary) {
    this.#library = library;
  }

  /** The recipe for these operands; throws what the op's shape rule throws. */
  find(op: Op, inputs: readonly Aval[], params: Params): Recipe {
    let page = this.#recipes.get(op);
    if (page === undefined) {
      page = { list: [], next: 0 };
      this.#recipes.set(op, page);
    }
    for (const recipe of page.list) if (isFor(recipe, inputs, params)) return recipe;
    const recipe = this.#write(op, inputs.map(aval), params);
    page.list[page.next] = recipe;
    page.next = (page.next + 1) % KEPT;
    return recipe;
  }

  #write(op: Op, ins: readonly Aval[], params: Params): Recipe {
    const outs = op.infer(ins, params);
    const operands = [...ins, ...outs].map(
      (x, block): Operand => ({ block, offset: 0, shape: x.shape, dtype: x.dtype }),
    );
    let next = operands.length;
    const recorder = new Recorder(this.#library.profile, () => next++);
    if (op.isView !== true) loweringOf(op)(recorder, operands.slice(0, ins.length), operands.slice(ins.length), params);
    const calls = prepareCalls(recorder.calls, this.#library, ({ block, offset }) => ({ base: block, offset }));
    return {
      params,
      ins,
      outs,
      outBytes: outs.map(bytesOf),
      tempBytes: recorder.temps.map((t) => t.bytes),
      calls,
      bases: new Array<number>(next).fill(0),
    };
  }
}

function isFor({ ins, params }: Recipe, inputs: readonly Aval[], wanted: Params): boolean {
  if (ins.length !== inputs.length) return false;
  for (let i = 0; i < ins.length; i++) {
    const [x, y] = [ins[i]!, inputs[i]!];
    if (x.dtype !== y.dtype || (x.shape !== y.shape && !sameShape(x.shape, y.shape))) return false;
  }
  return params === wanted || isSameParams(params as Plain, wanted as Plain);
}

type Plain = Readonly<Record<string, unknown>>;

/** Equal numbers, strings and lists of them; anything deeper counts as different. */
function isSameParams(a: Plain, b: Plain): boolean {
  let count = 0;
  for (const k in a) {
    count++;
    if (!isSameValue(a[k], b[k])) return false;
  }
  for (const _ in b) count--;
  return count === 0;
}

function isSameValue(x: unknown, y: unknown): boolean {
  if (Object.is(x, y)) return true;
  if (!Array.isArray(x) || !Array.isArray(y) || x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (!Object.is(x[i], y[i])) return false;
  return true;
}
