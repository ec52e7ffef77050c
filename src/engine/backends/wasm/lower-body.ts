/** Plans inside of kernels: a kernel that makes the calls of another plan. */
import { remembered } from '../../cache.ts';
import type { FunctionWriter, Local } from './assembler.ts';
import type { KernelSpec } from './library.ts';
import type { Operand } from './lower.ts';
import type { MemoryPlan } from './plan.ts';
import { pushArgs } from './push-args.ts';
import type { Team, TeamWriting } from './team/write.ts';

/** The locals that hold the addresses of a plan's inputs, of its fresh results, of its segment, and of a further thread's scratch. */
export interface PlanPlaces {
  readonly inputs: readonly Local[];
  readonly homes: readonly Local[];
  readonly work: Local;
  readonly helper?: Local | null;
}

/** Every kernel that a plan calls, once. */
export const usedKernels = (plan: MemoryPlan): KernelSpec[] => [
  ...new Map(plan.calls.map((c) => [c.spec.key, c.spec])).values(),
];

/** One thread's part of the code for a team. */
export interface TeamPart {
  readonly writing: TeamWriting;
  readonly team: Team;
}

/** Text that is equal for plans that make the same calls on the same places. */
export function bodyKey(plan: MemoryPlan): string {
  const names = new Map<string, number>();
  const calls = plan.calls.map(({ spec, args, share }) => {
    const shown = args.map((a) => (typeof a === 'number' ? (Object.is(a, -0) ? '-0' : String(a)) : showPlace(plan, a)));
    return `${remembered(names, spec.key, () => names.size)}(${shown.join()},${share})`;
  });
  const outs = plan.outputs.map((o) => `${o.from[0]}${o.index}`);
  return `[${[...names.keys()].join('; ')}] ${calls.join(' ')} → ${outs.join()} ${plan.segmentBytes}`;
}

function showPlace(plan: MemoryPlan, { block, offset }: Operand): string {
  const { place } = plan.blocks[block]!;
  return `${place.kind[0]}${place.kind === 'segment' ? '' : place.index}+${place.offset + offset}`;
}

/** Writes the plan's calls, for one thread or for each of a team; their kernels are imports of the module. */
export function writeCalls(
  w: FunctionWriter,
  plan: MemoryPlan,
  places: PlanPlaces,
  part: TeamPart | null = null,
): void {
  const push = (x: Operand) => pushPlace(w, plan, places, x);
  const indexOf = (spec: KernelSpec) => w.module.imported(spec.key);
  if (part !== null) {
    const { writing, team } = part;
    writing.calls(w, plan, { team, indexOf, push: (x) => pushOwn(w, plan, places, team, x) });
    return;
  }
  for (const call of plan.calls) {
    pushArgs(w, call, push);
    w.i32
      .const(0)
      .i32.const(call.share | 0)
      .call(indexOf(call.spec));
  }
}

/** A further thread has scratch of its own. */
function pushOwn(w: FunctionWriter, plan: MemoryPlan, places: PlanPlaces, { thread }: Team, x: Operand): void {
  const { helperOffset } = plan.blocks[x.block]!;
  if (helperOffset === null) pushPlace(w, plan, places, x);
  else
    w.get(thread).if(
      () =>
        w
          .get(places.helper!)
          .i32.const(helperOffset + x.offset)
          .i32.add(),
      () => pushPlace(w, plan, places, x),
      'i32',
    );
}

function pushPlace(w: FunctionWriter, plan: MemoryPlan, { inputs, homes, work }: PlanPlaces, x: Operand): void {
  const { place } = plan.blocks[x.block]!;
  w.get(place.kind === 'segment' ? work : place.kind === 'input' ? inputs[place.index]! : homes[place.index]!);
  const offset = place.offset + x.offset;
  if (offset !== 0) w.i32.const(offset | 0).i32.add();
}
