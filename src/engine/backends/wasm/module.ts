/** Plan modules: one small WebAssembly function per program that calls library kernels with everything baked in except addresses. */
import { type FunctionWriter, type Local, ModuleBuilder } from './assembler.ts';
import type { KernelLibrary } from './library.ts';
import type { Operand } from './lower.ts';
import { baseOf, type MemoryPlan } from './plan.ts';

/** Compiles the plan's calls into `run(table)`: the table holds the address of the segment, of every input and of every fresh result. */
export function compilePlan(plan: MemoryPlan, library: KernelLibrary): (table: number) => void {
  const bytes = assemblePlan(plan, library);
  const env: Record<string, WebAssembly.ImportValue> = { memory: library.memory };
  for (const call of plan.calls) env[call.spec.key] = library.get(call.spec) as unknown as WebAssembly.ImportValue;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  return exports.run as (table: number) => void;
}

/** The module's bytes: shapes are baked, addresses never. */
export function assemblePlan(plan: MemoryPlan, library: KernelLibrary): Uint8Array<ArrayBuffer> {
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
      const bases = loadBases(w, table, plan);
      for (const { spec, args, share } of plan.calls) {
        [...args, 0, share].forEach((arg, i) => {
          if (typeof arg === 'number') pushNumber(w, spec.params[i] as 'i32' | 'f32' | 'f64', arg);
          else pushAddress(w, bases, plan, arg);
        });
        w.call(imports.get(spec.key)!);
      }
    },
    { export: 'run' },
  );
  return m.bytes();
}

/** Reads the base addresses that the calls use into locals. */
export function loadBases(w: FunctionWriter, table: Local, plan: MemoryPlan): ReadonlyMap<number, Local> {
  const bases = new Map<number, Local>();
  for (const { args } of plan.calls) {
    for (const arg of args) {
      if (typeof arg === 'number') continue;
      const base = baseOf(plan.blocks[arg.block]!.place, plan.inputs);
      if (bases.has(base)) continue;
      const local = w.local('i32');
      w.get(table)
        .i32.load(4 * base)
        .set(local);
      bases.set(base, local);
    }
  }
  return bases;
}

function pushNumber(w: FunctionWriter, type: 'i32' | 'f32' | 'f64', value: number): void {
  if (type === 'i32') w.i32.const(value | 0);
  else w[type].const(value);
}

/** Pushes the address of an operand. */
export function pushAddress(w: FunctionWriter, bases: ReadonlyMap<number, Local>, plan: MemoryPlan, x: Operand): void {
  const { place } = plan.blocks[x.block]!;
  const offset = place.offset + x.offset;
  w.get(bases.get(baseOf(place, plan.inputs))!);
  if (offset !== 0) w.i32.const(offset | 0).i32.add();
}
