/** Ops without an emitter run their JavaScript reference on views of the memory: eagerly, interpreted and from plan modules alike. */
import { remembered } from '../../cache.ts';
import { type TypedArray, viewOf } from '../../dtype.ts';
import type { Op, Params } from '../../op.ts';
import { sizeOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { aval, showAval } from '../../tensor.ts';
import type { KernelSpec } from './library.ts';
import type { WasmLowering } from './lower.ts';

/** The op's own lowering, or a host call of its reference loops. */
export const loweringOf = <P extends Params>(op: Op<P>): WasmLowering<P> => op.wasm ?? hostLowering(op);

function hostLowering<P extends Params>(op: Op<P>): WasmLowering<P> {
  return (context, ins, outs, params) => {
    context.call(hostKernel(op, ins.map(aval), outs.map(aval), params), [...ins, ...outs], 1);
  };
}

function hostKernel<P extends Params>(op: Op<P>, ins: readonly Aval[], outs: readonly Aval[], params: P): KernelSpec {
  const all = [...ins, ...outs];
  return {
    key: `host ${op.name}#${serialOf(op)} ${all.map(showAval).join(' ')} ${JSON.stringify(params, exactly)}`,
    params: Array<'i32'>(all.length + 2).fill('i32'),
    emit: () => undefined,
    host:
      (memory) =>
      (...addresses) => {
        const view = (x: Aval, k: number): TypedArray =>
          viewOf(x.dtype, memory.buffer, addresses[k]! >>> 0, sizeOf(x.shape));
        op.js(
          ins.map(view),
          outs.map((x, k) => view(x, ins.length + k)),
          { ins, outs, params },
        );
      },
  };
}

const serials = new WeakMap<object, number>();
let made = 0;

/** Ops from outside may share a name: each has a number of its own. */
const serialOf = (op: object): number => remembered(serials, op, () => made++);

/** JSON turns NaN, infinities and −0 into other values; their names do not. */
const exactly = (_: string, v: unknown): unknown =>
  typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0)) ? `number ${Object.is(v, -0) ? '-0' : v}` : v;
