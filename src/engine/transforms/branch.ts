/** `branch`: what a plan knows of a choice by one value: two flat bodies, of which one is run. */
import { interpretArrays } from '../backends/js/loop.ts';
import { lowerBranch } from '../backends/wasm/lower-branch.ts';
import { UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { costOf } from '../graph.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { inlineCalls } from '../passes/inline.ts';
import { outAvals } from './body.ts';

export interface BranchParams {
  /** Closed graphs with the same inputs and results. */
  readonly onTrue: Graph;
  readonly onFalse: Graph;
}

/** Inputs: the choice, then those of the graphs. */
export const branchOp: Op<BranchParams> = /* @__PURE__ */ defineOp<BranchParams>({
  name: 'branch',
  version: 1,
  infer: (_, { onTrue }) => outAvals(onTrue),
  batch: () => {
    throw new UnsupportedError('branch: made for plans only; cond is what is batched');
  },
  // the dearer branch: a bound that does not depend on values
  cost: (_ins, _outs, { onTrue, onFalse }) => {
    const [t, f] = [costOf(onTrue), costOf(onFalse)];
    return t.flops >= f.flops ? t : f;
  },
  js([choice, ...inputs], outputs, { params: { onTrue, onFalse } }) {
    const results = interpretArrays(inlineCalls(choice![0] !== 0 ? onTrue : onFalse), inputs);
    outputs.forEach((y, i) => {
      y.set(results[i]!);
    });
  },
  wasm: lowerBranch,
});
