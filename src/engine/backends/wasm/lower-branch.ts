/**
 * A choice on WASM: one kernel that calls the kernels of one branch.
 *
 * Reads      (choice, inputs, results, work, begin, end), all addresses.
 * Exactness  each branch makes the calls of a graph without a choice.
 */
import { bytesOf } from '../../tensor.ts';
import type { BranchParams } from '../../transforms/branch.ts';
import type { FunctionWriter, Local } from './assembler.ts';
import type { KernelSpec } from './library.ts';
import type { WasmLowering } from './lower.ts';
import { usedKernels, writeCalls } from './lower-body.ts';
import { type BodyPlan, planOfBody } from './lower-scan.ts';

export const lowerBranch: WasmLowering<BranchParams> = (context, ins, outs, { onTrue, onFalse }) => {
  const branches = [onTrue, onFalse].map((graph) => planOfBody(graph, context.profile)) as [BodyPlan, BodyPlan];
  const bytes = Math.max(...branches.map((b) => b.plan.segmentBytes));
  const work = context.temp({ shape: [bytes / 4], dtype: 'u32' });
  context.call(branchKernel(branches, ins.length - 1, outs.map(bytesOf)), [...ins, ...outs, work], 1);
};

function branchKernel(branches: readonly [BodyPlan, BodyPlan], inputs: number, bytes: readonly number[]): KernelSpec {
  const uses = branches.flatMap((b) => usedKernels(b.plan));
  return {
    key: `branch ${inputs} ${bytes} ${branches.map((b) => b.key).join(' else ')}`,
    params: Array<'i32'>(1 + inputs + bytes.length + 3).fill('i32'),
    uses,
    emit(w, _profile, choice, ...rest) {
      const places = {
        inputs: rest.slice(0, inputs),
        outs: rest.slice(inputs, inputs + bytes.length),
        work: rest[inputs + bytes.length]!,
      };
      const [onTrue, onFalse] = branches.map((b) => () => writeBranch(w, b, places, bytes));
      w.get(choice!).i32.load();
      w.if(onTrue!, onFalse!);
    },
  };
}

interface BranchPlaces {
  readonly inputs: readonly Local[];
  readonly outs: readonly Local[];
  readonly work: Local;
}

/** Fresh results are written where the first result that shows them is; the others are copied. */
function writeBranch(
  w: FunctionWriter,
  { plan }: BodyPlan,
  { inputs, outs, work }: BranchPlaces,
  bytes: readonly number[],
): void {
  const homes = plan.fresh.map((_, f) => outs[plan.outputs.findIndex((o) => o.from === 'fresh' && o.index === f)]!);
  writeCalls(w, plan, { inputs, homes, work });
  plan.outputs.forEach((o, k) => {
    const from = o.from === 'input' ? inputs[o.index]! : homes[o.index]!;
    if (from !== outs[k])
      w.get(outs[k]!)
        .get(from)
        .i32.const(bytes[k]! | 0)
        .memoryCopy();
  });
}
