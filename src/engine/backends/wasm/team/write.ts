/** Code that several threads enter: ranges of shares, work of the first thread alone, barriers. */
import type { FunctionWriter, Local, ModuleBuilder } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import type { Operand } from '../lower.ts';
import type { MemoryPlan } from '../plan.ts';
import { pushArgs } from '../push-args.ts';
import type { KernelCall } from '../recorder.ts';
import { CONTROL } from './control.ts';
import { type DividedCall, divide } from './divide.ts';

/** Which thread this is, and how many there are. */
export interface Team {
  readonly thread: Local;
  readonly threads: Local;
}

/** The kernel that a team calls for this one. */
const teamSpec = ({ call, how }: DividedCall): KernelSpec =>
  how === 'team' ? call.spec.team!.make(teamWriting) : call.spec;

/** The kernels that a team calls for a plan, once each. */
function teamKernels(plan: MemoryPlan): KernelSpec[] {
  return [...new Map(divide(plan).map((d) => [teamSpec(d).key, teamSpec(d)])).values()];
}

/** What lowerings need to write code for a team; they receive it, so that programs for one thread do without. */
export interface TeamWriting {
  readonly kernels: (plan: MemoryPlan) => KernelSpec[];
  readonly calls: (w: FunctionWriter, plan: MemoryPlan, code: TeamCode) => void;
  readonly barrier: (w: FunctionWriter, team: Team) => void;
  readonly onFirst: (w: FunctionWriter, team: Team, body: () => unknown) => void;
}

export const teamWriting: TeamWriting = {
  kernels: teamKernels,
  calls: (w, plan, code) => writeDivided(w, divide(plan), code),
  barrier: writeBarrier,
  onFirst,
};

export interface TeamCode {
  readonly team: Team;
  /** Pushes the address of an operand for this thread. */
  readonly push: (x: Operand) => void;
  /** The function to call for a kernel. */
  readonly indexOf: (spec: KernelSpec) => number;
}

/** Writes the calls of a divided plan. */
function writeDivided(w: FunctionWriter, calls: readonly DividedCall[], code: TeamCode): void {
  for (let i = 0; i < calls.length; ) {
    const { waits, how } = calls[i]!;
    if (waits) writeBarrier(w, code.team);
    const end = how === 'first' ? endOfRun(calls, i) : i + 1;
    const run = calls.slice(i, end);
    if (how === 'first')
      onFirst(w, code.team, () => {
        for (const { call } of run) writeWhole(w, call, code);
      });
    else writeOne(w, run[0]!, code);
    i = end;
  }
}

/** Calls of the first thread that follow one another without a barrier. */
function endOfRun(calls: readonly DividedCall[], from: number): number {
  let end = from + 1;
  while (end < calls.length && calls[end]!.how === 'first' && !calls[end]!.waits) end++;
  return end;
}

function writeOne(w: FunctionWriter, divided: DividedCall, code: TeamCode): void {
  const { call, how } = divided;
  const { thread, threads } = code.team;
  if (how === 'team') {
    pushArgs(w, call, code.push);
    w.get(thread)
      .get(threads)
      .call(code.indexOf(teamSpec(divided)));
    return;
  }
  w.scope(() => {
    const [begin, end] = w.locals('i32', 2);
    writeRange(w, call.share, call.spec.grain ?? 1, code.team, begin, end);
    w.get(begin).get(end).i32.lt_u();
    w.if(() => {
      pushArgs(w, call, code.push);
      w.get(begin).get(end).call(code.indexOf(call.spec));
    });
  });
}

function writeWhole(w: FunctionWriter, call: KernelCall, code: TeamCode): void {
  pushArgs(w, call, code.push);
  w.i32
    .const(0)
    .i32.const(call.share | 0)
    .call(code.indexOf(call.spec));
}

/** Code for the first thread alone. */
function onFirst(w: FunctionWriter, { thread }: Team, body: () => unknown): void {
  w.get(thread).i32.eqz().if(body);
}

/** begin, end ← this thread's range of [0, share). */
function writeRange(
  w: FunctionWriter,
  share: number,
  grain: number,
  { thread, threads }: Team,
  begin: Local,
  end: Local,
): void {
  const part = partHelper(w.module);
  w.push(share).i32.const(grain).get(thread).get(threads).call(part).set(begin);
  w.push(share).i32.const(grain).get(thread).i32.const(1).i32.add().get(threads).call(part).set(end);
}

/** (share, grain, part, parts) → where the part begins: units of `grain` dealt out evenly, the first parts taking one more. */
function partHelper(m: ModuleBuilder): number {
  return m.helper('part', Array<'i32'>(4).fill('i32'), ['i32'], (w, share, grain, part, parts) => {
    const [units, rest, at] = w.locals('i32', 3);
    w.assign(units, () => w.get(share).i32.const(1).i32.sub().get(grain).i32.div_u().i32.const(1).i32.add());
    w.assign(rest, () => w.get(units).get(parts).i32.rem_u());
    w.assign(at, () => {
      w.get(units).get(parts).i32.div_u().get(part).i32.mul();
      w.get(part).get(rest).get(part).get(rest).i32.lt_u().select().i32.add().get(grain).i32.mul();
    });
    w.get(at).get(share).get(at).get(share).i32.lt_u().select();
  });
}

/** All threads of the team reach this point before any goes on. */
function writeBarrier(w: FunctionWriter, { thread, threads }: Team): void {
  w.get(thread).get(threads).call(barrierHelper(w.module));
}

/**
 * The last thread to arrive opens the barrier; the others look at the phase for a while, then sleep. Who gives a run up sets `abort` and moves the phase, so whoever
 * waits here or comes later leaves by a trap.
 */
function barrierHelper(m: ModuleBuilder): number {
  return m.helper('barrier', ['i32', 'i32'], [], (w, thread, threads) => {
    const phase = w.local('i32');
    const read = (address: number) => w.i32.const(0).atomic.load(address);
    const trapOnAbort = () => read(CONTROL.abort).if(() => w.unreachable());
    w.get(threads)
      .i32.const(2)
      .i32.lt_u()
      .if(() => w.return());
    writeDelay(w, thread);
    w.assign(phase, () => read(CONTROL.phase));
    trapOnAbort();
    w.i32.const(0).i32.const(1).atomic.add(CONTROL.arrived);
    w.get(threads).i32.const(1).i32.sub().i32.eq();
    w.if(
      () => {
        w.i32.const(0).i32.const(0).atomic.store(CONTROL.arrived);
        w.i32.const(0).i32.const(1).atomic.add(CONTROL.phase).drop();
        read(CONTROL.sleepers).if(() => w.i32.const(0).i32.const(-1).atomic.notify(CONTROL.phase).drop());
      },
      () => writeWaiting(w, thread, phase),
    );
    trapOnAbort();
  });
}

function writeWaiting(w: FunctionWriter, thread: Local, phase: Local): void {
  const [spins, limit] = w.locals('i32', 2);
  w.assign(spins, 0);
  w.get(thread).if(
    () => w.i32.const(0).i32.load(CONTROL.spins),
    () => w.i32.const(0).i32.load(CONTROL.spinsFirst),
    'i32',
  );
  w.set(limit);
  w.while(
    () => w.i32.const(0).atomic.load(CONTROL.phase).get(phase).i32.eq(),
    () => {
      w.advance(spins, 1);
      w.get(spins).get(limit).i32.gt_u();
      w.if(() => {
        w.i32.const(0).i32.const(1).atomic.add(CONTROL.sleepers).drop();
        w.i32.const(0).get(phase).i64.const(-1).atomic.wait32(CONTROL.phase).drop();
        w.i32.const(0).i32.const(1).atomic.sub(CONTROL.sleepers).drop();
      });
    },
  );
}

function writeDelay(w: FunctionWriter, thread: Local): void {
  const left = w.local('i32');
  w.get(thread).i32.const(2).i32.shl().i32.load(CONTROL.delays).set(left);
  w.while(
    () => w.get(left),
    () => {
      w.i32.const(0).atomic.load(CONTROL.phase).drop();
      w.advance(left, -1);
    },
  );
}
