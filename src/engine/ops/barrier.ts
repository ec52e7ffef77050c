/** `barrier`: an identity that no pass looks through, so that what is computed behind it is not shared with what is computed before it. */
import { lowerIdentity } from '../backends/wasm/lowerings.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { linear, NONE, type None } from './makers.ts';

export const barrierOp: Op<None> = /* @__PURE__ */ linear<None>('barrier', {
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  transpose: (ct) => ct,
  batch: ({ inputs }) => ({ outs: [barrier(inputs[0]!)], batched: [true] }),
  js: ([x], [out]) => out!.set(x!),
  wasm: lowerIdentity,
  isView: true,
});

/** x under another name. */
export const barrier = (x: Tensor): Tensor => bind1(barrierOp, [x], NONE);

export const barrierChecks: readonly CheckRow[] = [
  { name: 'barrier', f: (x) => barrier(x!), args: [{ shape: [3, 5] }] },
];
