/** Plan modules that several threads enter together: run(table, thread, threads). */
import { ModuleBuilder } from '../assembler.ts';
import type { KernelLibrary } from '../library.ts';
import { loadBases, pushAddress } from '../module.ts';
import type { MemoryPlan } from '../plan.ts';
import type { TeamPlan } from './pool.ts';
import { teamWriting } from './write.ts';

/** Where the table holds the address of the further threads' scratch: after all bases. */
export const helperSlot = (plan: MemoryPlan): number => 1 + plan.inputs + plan.fresh.length;

/** Compiles the plan for a team. */
export function compileTeamPlan(plan: MemoryPlan, library: KernelLibrary): TeamPlan {
  const specs = teamWriting.kernels(plan);
  const keys = specs.map((s) => s.key);
  library.warm(specs);
  const bytes = assembleTeamPlan(plan, library);
  const env: Record<string, WebAssembly.ImportValue> = { memory: library.memory };
  for (const key of keys) env[key] = library.exportOf(key) as unknown as WebAssembly.ImportValue;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  return { run: exports.run as TeamPlan['run'], bytes, kernels: keys, number: -1, generation: -1 };
}

/** The module's bytes, for any number of threads. */
export function assembleTeamPlan(plan: MemoryPlan, library: KernelLibrary): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder();
  m.importMemory('env', 'memory', library.limits);
  for (const spec of teamWriting.kernels(plan)) m.importFunction('env', spec.key, spec.params, []);
  m.func(
    'run',
    ['i32', 'i32', 'i32'],
    [],
    (w, table, thread, threads) => {
      const bases = loadBases(w, table, plan);
      const helper = w.local('i32');
      w.get(table).i32.load(4 * helperSlot(plan));
      w.get(thread).i32.const(1).i32.sub().i32.const(plan.helperBytes).i32.mul().i32.add().set(helper);
      const team = { thread, threads };
      teamWriting.calls(w, plan, {
        team,
        indexOf: (spec) => m.imported(spec.key),
        push(x) {
          const { helperOffset } = plan.blocks[x.block]!;
          if (helperOffset === null) pushAddress(w, bases, plan, x);
          else
            w.get(thread).if(
              () =>
                w
                  .get(helper)
                  .i32.const(helperOffset + x.offset)
                  .i32.add(),
              () => pushAddress(w, bases, plan, x),
              'i32',
            );
        },
      });
      teamWriting.barrier(w, team);
    },
    { export: 'run' },
  );
  return m.bytes();
}
