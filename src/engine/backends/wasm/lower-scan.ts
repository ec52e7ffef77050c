/**
 * Loops on WASM: one kernel per body that calls the body's kernels on pointers which move from step to step.
 *
 * Plan       the body is planned once like any graph; constants stay where they are, slices of sequences and of results are addressed by stride, the carry is a set of pointers. A result of a step
 *            that is carried on is read where it was written: in the slice of a stacked result, or in one of two buffers that take turns. The program does not grow with the number of steps.
 * Reads      (constants, first carry, sequences, last carry, results, work, scratch of further threads where they need any, begin, end), all addresses.
 * Team       every thread walks the loop and moves its own pointers; they meet before each step, before what is copied, and where the body's calls depend on one another.
 * Exactness  the same kernels on the same shapes as in a graph without a loop, so the bits are those of the unrolled graph.
 */
import type { Graph } from '../../graph.ts';
import { optimize } from '../../passes/index.ts';
import { sizeOf } from '../../shape.ts';
import { type Aval, bytesOf } from '../../tensor.ts';
import type { ScanParams } from '../../transforms/scan-op.ts';
import { roundUp } from './arena.ts';
import type { FunctionWriter, Local } from './assembler.ts';
import { fuse } from './fuse.ts';
import type { KernelSpec } from './library.ts';
import type { WasmLowering } from './lower.ts';
import { bodyKey, type TeamPart, usedKernels, writeCalls } from './lower-body.ts';
import { type MemoryPlan, type OutputPlan, planMemory } from './plan.ts';
import type { Profile } from './profile.ts';
import type { TeamWriting } from './team/write.ts';

export interface BodyPlan {
  readonly plan: MemoryPlan;
  readonly key: string;
  readonly outs: readonly Aval[];
}

const plans = new WeakMap<Graph, Map<Profile, BodyPlan>>();

/** The plan of a body: results of a step must end where they end, because their neighbours in the stack are results too. */
export function planOfBody(body: Graph, profile: Profile): BodyPlan {
  const known = plans.get(body) ?? new Map<Profile, BodyPlan>();
  plans.set(body, known);
  const found = known.get(profile);
  if (found !== undefined) return found;
  const flat = fuse(optimize(body));
  const plan = planMemory(flat, profile, [], 'exact');
  const made = { plan, key: bodyKey(plan), outs: flat.outputs.map((id) => flat.avals[id]!) };
  known.set(profile, made);
  return made;
}

/** Where the step's fresh results are written: the slice of a stacked result, or the buffers of a leaf of the carry. */
type Home = { readonly kind: 'y' | 'carry'; readonly index: number };

interface LoopShape extends Omit<ScanParams, 'body'> {
  readonly plan: MemoryPlan;
  readonly homes: readonly Home[];
  /** Bytes of the leaves of the carry, of a slice of each sequence and of each result. */
  readonly carryBytes: readonly number[];
  readonly xBytes: readonly number[];
  readonly yBytes: readonly number[];
  /** Places of the second buffers in the work memory. */
  readonly buffers: readonly number[];
  readonly flagWords: number;
}

export const lowerScan: WasmLowering<ScanParams> = (context, ins, outs, params) => {
  const { body, carry, consts, length } = params;
  const { plan, key, outs: avals } = planOfBody(body, context.profile);
  const sizes = avals.map(bytesOf);
  let workBytes = roundUp(plan.segmentBytes);
  const buffers = sizes.slice(0, carry).map((bytes) => {
    workBytes += roundUp(bytes);
    return workBytes - roundUp(bytes);
  });
  const shape: LoopShape = {
    consts,
    carry,
    length,
    reverse: params.reverse,
    flag: params.flag,
    plan,
    homes: homesOf(plan, carry),
    carryBytes: sizes.slice(0, carry),
    xBytes: body.inputs.slice(consts + carry).map((id) => bytesOf(body.avals[id]!)),
    yBytes: sizes.slice(carry),
    buffers,
    flagWords: params.flag === null ? 0 : sizeOf(avals[params.flag]!.shape),
  };
  const work = context.temp({ shape: [workBytes / 4], dtype: 'u32' });
  const { helperBytes } = plan;
  const helper = helperBytes === 0 ? [] : [context.temp({ shape: [helperBytes / 4], dtype: 'u32' }, { per: 'helper' })];
  context.call(loopKernel(shape, key), [...ins, ...outs, work, ...helper], 1);
};

/** A result that is stacked and carried is written into the stack. */
function homesOf({ outputs, fresh }: MemoryPlan, carry: number): Home[] {
  return fresh.map((_, f): Home => {
    const users = outputs.flatMap((o, k) => (o.from === 'fresh' && o.index === f ? [k] : []));
    const y = users.find((k) => k >= carry);
    return y === undefined ? { kind: 'carry', index: users[0]! } : { kind: 'y', index: y - carry };
  });
}

function loopKernel(shape: LoopShape, key: string, writing: TeamWriting | null = null): KernelSpec {
  const { plan, consts, carry, length, reverse, flag, xBytes, yBytes, carryBytes } = shape;
  const count = consts + 2 * carry + xBytes.length + yBytes.length + (plan.helperBytes > 0 ? 2 : 1);
  const name = writing === null ? 'scan' : 'team scan';
  return {
    key: `${name} ${length} ${reverse ? 'r' : ''} ${flag ?? ''} ${shape.flagWords} ${consts} ${carryBytes} ${xBytes} ${yBytes} ${key}`,
    params: Array<'i32'>(count + 2).fill('i32'),
    uses: writing === null ? usedKernels(plan) : writing.kernels(plan),
    emit: (w, _profile, ...params) => new LoopWriter(w, shape, params, writing).write(),
    ...(writing === null ? { team: { plan, make: (given) => loopKernel(shape, key, given) } } : {}),
  };
}

class LoopWriter {
  readonly #w: FunctionWriter;
  readonly #shape: LoopShape;
  readonly #consts: readonly Local[];
  readonly #xs: readonly Local[];
  readonly #last: readonly Local[];
  readonly #ys: readonly Local[];
  readonly #work: Local;
  readonly #helper: Local | null;
  readonly #part: TeamPart | null;
  /** Where each leaf of the carry is now, and where the step may write it. */
  readonly #now: readonly Local[];
  readonly #next: readonly Local[];

  constructor(w: FunctionWriter, shape: LoopShape, params: readonly Local[], writing: TeamWriting | null) {
    let at = 0;
    const take = (n: number): readonly Local[] => {
      at += n;
      return params.slice(at - n, at);
    };
    this.#w = w;
    this.#shape = shape;
    this.#consts = take(shape.consts);
    this.#now = take(shape.carry);
    this.#xs = take(shape.xBytes.length);
    this.#last = take(shape.carry);
    this.#ys = take(shape.yBytes.length);
    this.#work = params[at]!;
    this.#helper = shape.plan.helperBytes > 0 ? params[at + 1]! : null;
    const team = { thread: params.at(-2)!, threads: params.at(-1)! };
    this.#part = writing === null ? null : { writing, team };
    this.#next = this.#last.map(() => w.local('i32'));
  }

  write(): void {
    const w = this.#w;
    const { length, flag, yBytes, carryBytes } = this.#shape;
    const t = w.local('i32');
    this.#next.forEach((to, i) => {
      w.assign(to, this.#last[i]!);
    });
    if (flag !== null)
      this.#once(() =>
        this.#ys.forEach((y, j) => {
          this.#fillZero(y, yBytes[j]! * length);
        }),
      );
    if (this.#shape.reverse) this.#goToEnd();
    w.assign(t, 0);
    w.block((done) =>
      w.loop((again) => {
        w.get(t)
          .i32.const(length | 0)
          .i32.ge_u();
        w.brIf(done);
        this.#meet();
        if (flag !== null) {
          this.#pushFlag(this.#now[flag]!);
          w.i32.eqz();
          w.brIf(done);
        }
        this.#writeStep();
        w.advance(t, 1);
        w.br(again);
      }),
    );
    this.#meet();
    this.#once(() =>
      this.#last.forEach((to, i) => {
        w.get(to).get(this.#now[i]!).i32.ne();
        w.if(() => this.#copy(to, this.#now[i]!, carryBytes[i]!));
      }),
    );
  }

  /** The threads wait for one another. */
  #meet(): void {
    this.#part?.writing.barrier(this.#w, this.#part.team);
  }

  /** What one thread does for all. */
  #once(body: () => void): void {
    if (this.#part === null) body();
    else this.#part.writing.onFirst(this.#w, this.#part.team, body);
  }

  #fillZero(y: Local, bytes: number): void {
    this.#w
      .get(y)
      .i32.const(0)
      .i32.const(bytes | 0)
      .memoryFill();
  }

  #copy(to: Local, from: Local, bytes: number): void {
    this.#w
      .get(to)
      .get(from)
      .i32.const(bytes | 0)
      .memoryCopy();
  }

  #goToEnd(): void {
    const { length, xBytes, yBytes } = this.#shape;
    const last = Math.max(length - 1, 0);
    this.#xs.forEach((x, j) => {
      this.#w.advance(x, (last * xBytes[j]!) | 0);
    });
    this.#ys.forEach((y, j) => {
      this.#w.advance(y, (last * yBytes[j]!) | 0);
    });
  }

  /** Leaves 0 when every word of the flag is 0. */
  #pushFlag(at: Local): void {
    const w = this.#w;
    const { flagWords } = this.#shape;
    if (flagWords === 1) {
      w.get(at).i32.load();
      return;
    }
    const [i, any] = w.locals('i32', 2);
    w.assign(any, 0);
    w.for(i, 0, flagWords, 1, () => {
      w.get(any).address(at, i, 2).i32.load();
      w.i32.or().set(any);
    });
    w.get(any);
  }

  #writeStep(): void {
    const { plan, xBytes, yBytes, reverse } = this.#shape;
    const inputs = [...this.#consts, ...this.#now, ...this.#xs];
    const homes = this.#shape.homes.map((h) => (h.kind === 'y' ? this.#ys[h.index]! : this.#next[h.index]!));
    writeCalls(this.#w, plan, { inputs, homes, work: this.#work, helper: this.#helper }, this.#part);
    const copies = this.#copies(inputs, homes);
    if (copies.length > 0) {
      this.#meet();
      this.#once(() => {
        for (const copy of copies) this.#copy(...copy);
      });
    }
    this.#moveCarry(inputs, homes);
    const sign = reverse ? -1 : 1;
    this.#xs.forEach((x, j) => {
      this.#w.advance(x, sign * xBytes[j]!);
    });
    this.#ys.forEach((y, j) => {
      this.#w.advance(y, sign * yBytes[j]!);
    });
  }

  /**
   * (to, from, bytes) of what a step moves: results that were not written in their own place, and leaves of the carry that another one moves into, because buffers are written again.
   */
  #copies(inputs: readonly Local[], homes: readonly Local[]): (readonly [Local, Local, number])[] {
    const { plan, carry, yBytes, carryBytes } = this.#shape;
    const stacked = plan.outputs.slice(carry).flatMap((o, j) => {
      const from = o.from === 'input' ? inputs[o.index]! : homes[o.index]!;
      return from === this.#ys[j] ? [] : [[this.#ys[j]!, from, yBytes[j]!] as const];
    });
    const carried = plan.outputs
      .slice(0, carry)
      .flatMap((o, i) => (this.#isMoved(o, i) ? [[this.#next[i]!, inputs[o.index]!, carryBytes[i]!] as const] : []));
    return [...stacked, ...carried];
  }

  /** Whether the leaf i of the carry becomes another leaf as it is. */
  #isMoved({ from, index }: OutputPlan, i: number): boolean {
    const { carry, consts } = this.#shape;
    return from === 'input' && index >= consts && index < consts + carry && index !== consts + i;
  }

  /** The carry's pointers go to where the results are. */
  #moveCarry(inputs: readonly Local[], homes: readonly Local[]): void {
    const w = this.#w;
    const { plan, carry, buffers } = this.#shape;
    const targets = plan.outputs.slice(0, carry).map((o, i) => {
      if (o.from === 'fresh') return homes[o.index]!;
      return this.#isMoved(o, i) ? this.#next[i]! : inputs[o.index]!;
    });
    for (const target of targets) w.get(target);
    for (const now of this.#now.toReversed()) w.set(now);
    const written = new Set(targets);
    this.#next.forEach((next, i) => {
      if (!written.has(next)) return;
      w.get(this.#last[i]!).get(this.#work).i32.const(buffers[i]!).i32.add().i32.add();
      w.get(next).i32.sub().set(next);
    });
  }
}
