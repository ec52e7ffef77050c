/** Plan modules: one small WebAssembly function per program that calls library kernels with everything baked in except addresses. */
import { ModuleBuilder } from './assembler.ts';
import type { KernelLibrary } from './library.ts';
import type { MemoryPlan } from './plan.ts';

/** Compiles the plan's calls into `run(table)`: the table holds the address of the segment, then of every external block. */
export function compilePlan(
  plan: MemoryPlan,
  library: KernelLibrary,
  slotOf: ReadonlyMap<number, number>,
): (table: number) => void {
  const bytes = assemblePlan(plan, library, slotOf);
  const env: Record<string, WebAssembly.ImportValue> = { memory: library.memory };
  for (const call of plan.calls) env[call.spec.key] = library.get(call.spec) as unknown as WebAssembly.ImportValue;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  return exports.run as (table: number) => void;
}

/** The module's bytes: shapes are baked, addresses never. */
export function assemblePlan(
  plan: MemoryPlan,
  library: KernelLibrary,
  slotOf: ReadonlyMap<number, number>,
): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder();
  m.importMemory('env', 'memory', library.limits);
  const imports = new Map<string, number>();
  for (const { spec } of plan.calls)
    if (!imports.has(spec.key)) imports.set(spec.key, m.importFunction('env', spec.key, spec.params, []));
  m.func(
    'run',
    ['i32'],
    [],
    (w, table) => {
      const bases = new Map<number, ReturnType<typeof w.local>>();
      const used = new Set<number>();
      for (const call of plan.calls)
        for (const arg of call.args) if (typeof arg !== 'number') used.add(slotFor(plan, slotOf, arg.block));
      for (const slot of used) {
        const base = w.local('i32');
        w.get(table)
          .i32.load(4 * slot)
          .set(base);
        bases.set(slot, base);
      }
      for (const { spec, args, share } of plan.calls) {
        [...args, 0, share].forEach((arg, i) => {
          if (typeof arg === 'number') {
            const type = spec.params[i] as 'i32' | 'f32' | 'f64';
            if (type === 'i32') w.i32.const(arg | 0);
            else w[type].const(arg);
            return;
          }
          const place = plan.blocks[arg.block]!.place;
          const offset = arg.offset + (place.kind === 'segment' ? place.offset : 0);
          w.get(bases.get(slotFor(plan, slotOf, arg.block))!);
          if (offset !== 0) w.i32.const(offset | 0).i32.add();
        });
        w.call(imports.get(spec.key)!);
      }
    },
    { export: 'run' },
  );
  return m.bytes();
}

/** Slot 0 is the segment; external blocks have their own. */
const slotFor = (plan: MemoryPlan, slotOf: ReadonlyMap<number, number>, block: number): number =>
  plan.blocks[block]!.place.kind === 'segment' ? 0 : slotOf.get(block)!;
