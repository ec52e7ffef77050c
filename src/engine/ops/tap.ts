/** `tap` and `stopGradient`: identities with a name or an end. */

import { lowerIdentity } from '../backends/wasm/lowerings.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import type { TensorLike } from './constant.ts';
import type { None } from './makers.ts';
import { linear, NONE } from './makers.ts';
import { asTensor } from './promote.ts';

interface TapParams {
  readonly name: string;
}

export const tapOp: Op<TapParams> = /* @__PURE__ */ linear<TapParams>('tap', {
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  transpose: (ct) => ct,
  batch: ({ inputs, params }) => ({ outs: [bind1(tapOp, inputs, params)], batched: [true] }),
  js: ([x], [out]) => out!.set(x!),
  wasm: lowerIdentity,
  isView: true,
});

/** What to do at a tap: gets the value and the tap's name, returns what goes on (the same value to read only). */
export type TapHandler = (x: Tensor, name: string) => Tensor;

let handlers: readonly TapHandler[] = [];

/** Whether taps are being watched; jitted functions then run their plain form. */
export const hasTapHandlers = (): boolean => handlers.length > 0;

/** An identity with a name: `withTaps` may read it, add to it, replace its cotangent or stop it. */
export function tap(name: string, x: TensorLike): Tensor {
  let t = asTensor(x);
  for (const handler of handlers) t = handler(t, name);
  return bind1(tapOp, [t], { name });
}

/** Runs `body` with taps watched: one handler for all of them, or one per name: `{ hidden: (x) => add(x, noise) }`. */
export function withTaps<R>(taps: TapHandler | Readonly<Record<string, TapHandler>>, body: () => R): R {
  const before = handlers;
  const handler: TapHandler = typeof taps === 'function' ? taps : (x, name) => taps[name]?.(x, name) ?? x;
  handlers = [handler, ...before];
  try {
    return body();
  } finally {
    handlers = before;
  }
}

export const stopGradientOp: Op<None> = /* @__PURE__ */ defineOp<None>({
  name: 'stopGradient',
  version: 1,
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  batch: ({ inputs }) => ({ outs: [bind1(stopGradientOp, inputs, NONE)], batched: [true] }),
  cost: () => ({ flops: 0 }),
  js: ([x], [out]) => out!.set(x!),
  wasm: lowerIdentity,
  isView: true,
});

/** x, through which no derivative flows. */
export const stopGradient = (x: TensorLike): Tensor => bind1(stopGradientOp, [asTensor(x)], NONE);

export const tapChecks: readonly CheckRow[] = [
  { name: 'tap', f: (x) => tap('here', x!), args: [{ shape: [3, 5] }] },
  { name: 'stopGradient', f: (x) => stopGradient(x!), args: [{ shape: [3, 5] }], order: 0 },
];
