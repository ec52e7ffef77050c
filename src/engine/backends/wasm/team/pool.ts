/**
 * The threads of one memory: started when the first program needs them, asleep between programs, replaced when one does not answer.
 *
 * A command is written into the control words and announced by moving the epoch; this thread takes part in a run as thread 0. Until all workers have answered for the first time
 * programs run on one thread. Nothing is ever sent as a message: workers never come back to their event loops.
 */
import { type CotangentError, ThreadError } from '../../../errors.ts';
import type { Arena } from '../arena.ts';
import type { KernelLibrary, LoadedModule } from '../library.ts';
import type { MemoryPlan } from '../plan.ts';
import type { TeamRunner } from '../program.ts';
import { BARRIER_SPINS, COMMAND, CONTROL, CONTROL_BYTES, IDLE_SPIN_MS, MESSAGE_LIMIT } from './control.ts';
import { isWorthDividing } from './divide.ts';
import { compileTeamPlan, helperSlot } from './plan-module.ts';
import { threads } from './setting.ts';
import { coreCount, maySleep, reasonForOneThread, type SpawnedThread, spawn } from './spawn.ts';

/** A plan module as this thread and the workers hold it. */
export interface TeamPlan {
  readonly run: (table: number, thread: number, threads: number) => void;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly kernels: readonly string[];
  /** Its number at the workers, and the workers for which that holds. */
  number: number;
  generation: number;
}

/** Plans that workers keep before they forget all. */
const PLANS_KEPT = 256;
/** Milliseconds after which a worker that was told to give up counts as lost. */
const PATIENCE_MS = 5_000;

interface Crew {
  readonly members: readonly SpawnedThread[];
  readonly threads: number;
  commands: number;
  plans: number;
  isBroken: boolean;
}

export class ThreadPool implements TeamRunner {
  readonly #library: KernelLibrary;
  readonly #arena: Arena;
  readonly #isShared: boolean;
  #words: Int32Array<ArrayBufferLike> | null = null;
  #crew: Crew | null = null;
  #generation = 0;
  #sent = new Set<LoadedModule>();
  /** Workers that are being ended still hold the control words. */
  #ending: Promise<unknown> | null = null;
  #isRunning = false;
  /** Compiled plans; null for those whose work is not worth waking anybody. */
  readonly #plans = new WeakMap<MemoryPlan, TeamPlan | null>();

  constructor(library: KernelLibrary, arena: Arena) {
    this.#library = library;
    this.#arena = arena;
    this.#isShared = library.limits.shared === true;
  }

  /** Threads that a run would use now; starts workers that are wanted and not there. */
  get threads(): number {
    const wanted = threads();
    if (wanted === 1 || !this.#isShared || this.#isRunning || reasonForOneThread() !== null) return 1;
    if (this.#crew !== null && (this.#crew.isBroken || this.#crew.threads !== wanted)) this.#dismiss();
    if (this.#crew === null) this.#hire(wanted);
    const crew = this.#crew;
    return crew !== null && Atomics.load(this.#words!, CONTROL.ready / 4) === crew.threads - 1 ? crew.threads : 1;
  }

  /** Commands that the present workers were given. */
  get commands(): number {
    return this.#crew?.commands ?? 0;
  }

  /** Makes this thread or others late at barriers, for tests: turns per thread. */
  delay(turns: readonly number[]): void {
    const words = new Int32Array(this.#arena.memory.buffer);
    words.set(turns, CONTROL.delays / 4);
  }

  enter(plan: MemoryPlan, bases: readonly number[]): boolean {
    if (this.#plans.get(plan) === null) return false;
    if (!isWorthDividing(plan)) {
      this.#plans.set(plan, null);
      return false;
    }
    const count = this.threads;
    if (count === 1) return false;
    let compiled = this.#plans.get(plan);
    if (compiled === undefined) {
      compiled = compileTeamPlan(plan, this.#library);
      this.#plans.set(plan, compiled);
    }
    this.#runOn(compiled!, [plan.helperBytes * (count - 1), 4 * (helperSlot(plan) + 1)], bases);
    return true;
  }

  /** Runs with scratch for the further threads and a table of addresses. */
  #runOn(plan: TeamPlan, bytes: readonly [number, number], bases: readonly number[]): void {
    const arena = this.#arena;
    const [helper, table] = [arena.allocate(bytes[0]), arena.allocate(bytes[1])];
    new Uint32Array(arena.memory.buffer, table, bytes[1] / 4).set([...bases, helper]);
    try {
      this.#run(plan, table);
    } finally {
      arena.free(helper, bytes[0]);
      arena.free(table, bytes[1]);
    }
  }

  #run(plan: TeamPlan, table: number): void {
    const crew = this.#crew!;
    if (plan.generation !== this.#generation) this.#send(plan);
    this.#isRunning = true;
    this.#announce(COMMAND.run, plan.number, table);
    try {
      plan.run(table, 0, crew.threads);
    } catch (error) {
      throw this.#giveUp(error);
    } finally {
      this.#isRunning = false;
    }
  }

  #hire(count: number): void {
    if (this.#ending !== null) return;
    const { memory } = this.#arena;
    const words = new Int32Array(memory.buffer, 0, CONTROL_BYTES / 4);
    words.fill(0, CONTROL.epoch / 4, CONTROL.delays / 4);
    const isCrowded = count > coreCount();
    words[CONTROL.spins / 4] = isCrowded ? 0 : BARRIER_SPINS;
    words[CONTROL.spinsFirst / 4] = !maySleep(words) ? -1 : words[CONTROL.spins / 4]!;
    this.#words = words;
    this.#generation++;
    this.#sent.clear();
    const start = { memory, threads: count, words: CONTROL, commands: COMMAND, messageLimit: MESSAGE_LIMIT };
    const crew: Crew = {
      members: Array.from({ length: count - 1 }, (_, i) =>
        spawn({ ...start, thread: i + 1, idleSpinMs: isCrowded ? 0 : IDLE_SPIN_MS }, () => {
          crew.isBroken = true;
        }),
      ),
      threads: count,
      commands: 0,
      plans: 0,
      isBroken: false,
    };
    this.#crew = crew;
  }

  /** Ends all workers; new ones can start when they are gone. */
  #dismiss(): void {
    const { members } = this.#crew!;
    this.#crew = null;
    this.#ending = Promise.all(members.map((m) => m.terminate())).finally(() => {
      this.#ending = null;
    });
  }

  #announce(kind: number, a = 0, b = 0): void {
    const words = this.#words!;
    words[CONTROL.command / 4] = kind;
    words[CONTROL.command / 4 + 1] = a;
    words[CONTROL.command / 4 + 2] = b;
    this.#crew!.commands++;
    Atomics.add(words, CONTROL.epoch / 4, 1);
    if (Atomics.load(words, CONTROL.idle / 4) > 0) Atomics.notify(words, CONTROL.epoch / 4);
  }

  /** Gives the workers a plan and the kernels it calls. */
  #send(plan: TeamPlan): void {
    const crew = this.#crew!;
    if (crew.plans >= PLANS_KEPT) {
      this.#order(COMMAND.forget);
      this.#generation++;
      this.#sent.clear();
      crew.plans = 0;
    }
    for (const module of this.#library.modulesOf(plan.kernels)) {
      if (this.#sent.has(module)) continue;
      this.#sendBytes(COMMAND.kernels, module.bytes);
      this.#sent.add(module);
    }
    this.#sendBytes(COMMAND.plan, plan.bytes);
    plan.number = crew.plans++;
    plan.generation = this.#generation;
  }

  #sendBytes(kind: number, bytes: Uint8Array): void {
    const at = this.#arena.allocate(bytes.length);
    new Uint8Array(this.#arena.memory.buffer, at, bytes.length).set(bytes);
    this.#order(kind, at, bytes.length);
    this.#arena.free(at, bytes.length);
  }

  /** A command in which this thread takes no part: it waits until all have obeyed. */
  #order(kind: number, a = 0, b = 0): void {
    this.#announce(kind, a, b);
    if (!this.#awaitRest()) throw this.#lost('did not answer');
    if (Atomics.load(this.#words!, CONTROL.abort / 4) !== 0) throw this.#lost(this.#message());
  }

  /** Waits until every worker has finished every command; false when one does not. */
  #awaitRest(): boolean {
    const words = this.#words!;
    const at = CONTROL.rested / 4;
    const { commands, threads } = this.#crew!;
    const target = (commands * (threads - 1)) | 0;
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const rested = Atomics.load(words, at);
      if (rested === target) return true;
      if (performance.now() > until) return false;
      if (words[CONTROL.spinsFirst / 4] !== -1) Atomics.wait(words, at, rested, 1);
    }
  }

  #message(): string {
    const buffer = this.#arena.memory.buffer;
    const length = this.#words![CONTROL.messageLength / 4]!;
    return String.fromCharCode(...new Uint16Array(buffer, CONTROL.message, length));
  }

  /** The threads no longer agree: all leave the run, then they start afresh. Returns what to throw. */
  #giveUp(error: unknown): unknown {
    const words = this.#words!;
    const failed = Atomics.compareExchange(words, CONTROL.abort / 4, 0, 1);
    Atomics.add(words, CONTROL.phase / 4, 1);
    Atomics.notify(words, CONTROL.phase / 4);
    if (!this.#awaitRest()) return this.#lost('did not stop');
    const reason = failed > 1 ? new ThreadError(`thread ${failed - 1} failed: ${this.#message()}`) : error;
    Atomics.store(words, CONTROL.arrived / 4, 0);
    Atomics.store(words, CONTROL.abort / 4, 0);
    return reason;
  }

  #lost(what: string): CotangentError {
    this.#dismiss();
    return new ThreadError(`a thread was lost: ${what}`, { help: 'run again, or setThreads(1)' });
  }
}
