/** Ops without an emitter run their JavaScript reference on views of the memory: eagerly, interpreted and from plan modules alike. */
import { remembered } from '../../cache.ts';
import { type TypedArray, viewOf } from '../../dtype.ts';
import type { Op, Params } from '../../op.ts';
import { sizeOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { aval, showAval } from '../../tensor.ts';
import type { KernelLibrary, KernelSpec } from './library.ts';
import type { WasmLowering } from './lower.ts';

/** The op's own lowering, or a host call of its reference loops. */
export const loweringOf = <P extends Params>(op: Op<P>): WasmLowering<P> => op.wasm ?? hostLowering(op);

type HostRun<P> = (
  inputs: readonly TypedArray[],
  outputs: readonly TypedArray[],
  call: { readonly ins: readonly Aval[]; readonly outs: readonly Aval[]; readonly params: P },
  rooms: readonly TypedArray[],
) => void;

function hostLowering<P extends Params>(op: Op<P>): WasmLowering<P> {
  return (context, ins, outs, params) => {
    const spec = hostKernel(op, ins.map(aval), outs.map(aval), params, { rooms: [], run: () => op.js });
    context.call(spec, [...ins, ...outs], 1);
  };
}

/** A kernel that runs JavaScript on views of inputs, outputs and rooms, in this order. */
export function hostKernel<P extends Params>(
  op: Op<P>,
  ins: readonly Aval[],
  outs: readonly Aval[],
  params: P,
  { rooms, run }: { readonly rooms: readonly Aval[]; readonly run: (library: KernelLibrary) => HostRun<P> },
): KernelSpec {
  const all = [...ins, ...outs, ...rooms];
  return {
    key: `host ${op.name}#${serialOf(op)} ${[...ins, ...outs].map(showAval).join(' ')} ${JSON.stringify(params, exactly)}`,
    params: Array<'i32'>(all.length + 2).fill('i32'),
    emit: () => undefined,
    host: (memory, library) => {
      const work = run(library);
      return (...addresses) => {
        const view = (x: Aval, k: number): TypedArray =>
          viewOf(x.dtype, memory.buffer, addresses[k]! >>> 0, sizeOf(x.shape));
        const views = all.map(view);
        const last = ins.length + outs.length;
        work(views.slice(0, ins.length), views.slice(ins.length, last), { ins, outs, params }, views.slice(last));
      };
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
