/** Plans inside of kernels: a kernel that makes the calls of another plan. */
import { remembered } from '../../cache.ts';
import type { FunctionWriter, Local } from './assembler.ts';
import type { KernelSpec } from './library.ts';
import type { Operand } from './lower.ts';
import type { MemoryPlan } from './plan.ts';

/** The locals that hold the addresses of a plan's inputs, of its fresh results, and of its segment. */
export interface PlanPlaces {
  readonly inputs: readonly Local[];
  readonly homes: readonly Local[];
  readonly work: Local;
}

/** Every kernel that a plan calls, once. */
export const usedKernels = (plan: MemoryPlan): KernelSpec[] => [
  ...new Map(plan.calls.map((c) => [c.spec.key, c.spec])).values(),
];

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

/** Writes the plan's calls; their kernels are imports of the module. */
export function writeCalls(w: FunctionWriter, plan: MemoryPlan, places: PlanPlaces): void {
  for (const { spec, args, share } of plan.calls) {
    [...args, 0, share].forEach((arg, i) => {
      if (typeof arg !== 'number') pushPlace(w, plan, places, arg);
      else if (spec.params[i] === 'i32') w.i32.const(arg | 0);
      else w[spec.params[i] as 'f32' | 'f64'].const(arg);
    });
    w.call(w.module.imported(spec.key));
  }
}

function pushPlace(w: FunctionWriter, plan: MemoryPlan, { inputs, homes, work }: PlanPlaces, x: Operand): void {
  const { place } = plan.blocks[x.block]!;
  w.get(place.kind === 'segment' ? work : place.kind === 'input' ? inputs[place.index]! : homes[place.index]!);
  const offset = place.offset + x.offset;
  if (offset !== 0) w.i32.const(offset | 0).i32.add();
}
