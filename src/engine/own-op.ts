/** `op`: kernels from outside the engine as ops like any other — eager, jitted, batched, differentiated as far as the block says how. */
import type { WasmLowering } from './backends/wasm/lower.ts';
import type { TypedArray } from './dtype.ts';
import { isFloat } from './dtype.ts';
import { ConfigError, OverflowError, UnsupportedError } from './errors.ts';
import type { BatchCall, Batched, JvpCall, MaybeTensor, Op, Params, TransposeCall } from './op.ts';
import { defineOp } from './op.ts';
import type { TensorLike } from './ops/constant.ts';
import { concat, expandDims, reshape, sliceAxis } from './ops/movement.ts';
import { asTensor, promote } from './ops/promote.ts';
import { showShape } from './shape.ts';
import type { Aval, Tensor } from './tensor.ts';
import { bind } from './trace.ts';

/** Arrays in, arrays to fill; counted kernels return how many entries there are, also when that is more than fit. */
export type OwnKernel<P> = (
  inputs: readonly TypedArray[],
  outputs: readonly TypedArray[],
  call: { readonly ins: readonly Aval[]; readonly outs: readonly Aval[]; readonly params: P },
) => unknown;

export interface OwnOp<P extends Params> {
  /** Unique among the ops of a program; letters, digits and `.-_/`. */
  readonly name: string;
  readonly version?: number;
  /** Shapes and dtypes of the outputs; throws for operands that do not fit. */
  readonly infer: (ins: readonly Aval[], params: P) => readonly Aval[];
  /** A pure function of the operands over contiguous row-major arrays; what it does not write is 0. */
  readonly js: OwnKernel<P>;
  /** Kernel calls on WebAssembly; the JavaScript kernel runs on views of the memory unless given. Not for counted ops. */
  readonly wasm?: WasmLowering<P>;
  /** Tangents of the outputs; differentiation is refused without it. */
  readonly jvp?: (call: JvpCall<P>) => readonly MaybeTensor[];
  /** Cotangents of the operands in which the op is linear. */
  readonly transpose?: (call: TransposeCall<P>) => readonly MaybeTensor[];
  /** One call for all instances of vmap; they are run one by one unless given. */
  readonly batch?: (call: BatchCall<P>) => Batched;
  readonly cost?: Op<P>['cost'];
  /** The first axis of every output is a capacity of which the kernel fills as much as it says; the count comes back as a last, scalar i32 output, and more than fits is an OverflowError. */
  readonly isCounted?: boolean;
}

/** Applies an op to operands; numbers take the dtype of the tensors beside them. */
export type Applied<P extends Params> = ((inputs: readonly TensorLike[], params: P) => readonly Tensor[]) & {
  /** The op's block, for `withPulls`, graphs and their readers. */
  readonly op: Op<P>;
};

/** Makes an op of one's own kernel; operands of `batch`, `jvp` and `transpose` are those of the engine's own ops. */
export function op<P extends Params = Record<never, never>>(spec: OwnOp<P>): Applied<P> {
  if (!/^[a-z][\w./-]*$/i.test(spec.name))
    throw new ConfigError(`op: ${JSON.stringify(spec.name)} is no name`, {
      name: spec.name,
      help: 'begin with a letter; letters, digits and . - _ / may follow',
    });
  if (spec.isCounted === true && spec.wasm !== undefined)
    throw new ConfigError(`op: ${spec.name} is counted and has a wasm lowering, which could not report an overflow`, {
      name: spec.name,
      help: 'leave out wasm: the JavaScript kernel then runs on views of the memory',
    });
  const block = blockOf(spec);
  const apply = (inputs: readonly TensorLike[], params: P): readonly Tensor[] => bind(block, operands(inputs), params);
  return Object.assign(apply, { op: block });
}

/** Numbers become scalars beside tensors; tensors may have different dtypes. */
function operands(inputs: readonly TensorLike[]): readonly Tensor[] {
  const like = inputs.find((x) => typeof x !== 'number') ?? 0;
  return inputs.map((x) => (typeof x === 'number' ? promote(x, like)[0]! : asTensor(x)));
}

function blockOf<P extends Params>(spec: OwnOp<P>): Op<P> {
  const infer: Op<P>['infer'] = (ins, params) => {
    const outs = spec.infer(ins, params);
    return spec.isCounted === true ? [...outs, { shape: [], dtype: 'i32' }] : outs;
  };
  const block: Op<P> = defineOp<P>({
    name: spec.name,
    version: spec.version ?? 1,
    infer,
    jvp: spec.jvp ?? ((call) => refuseDerivative(spec.name, call)),
    batch: spec.batch ?? ((call) => oneByOne(block, call)),
    cost: spec.cost ?? (() => ({ flops: 0 })),
    js: (inputs, outputs, { ins, outs, params }) => {
      for (const out of outputs) out.fill(0);
      if (spec.isCounted !== true) spec.js(inputs, outputs, { ins, outs, params });
      else fillCounted(spec, inputs, outputs, { ins, outs, params });
    },
    ...(spec.transpose === undefined ? {} : { transpose: spec.transpose }),
    ...(spec.wasm === undefined ? {} : { wasm: spec.wasm }),
  });
  return block;
}

function fillCounted<P>(
  { name, js }: Pick<OwnOp<P & Params>, 'name' | 'js'>,
  inputs: readonly TypedArray[],
  outputs: readonly TypedArray[],
  { ins, outs, params }: { ins: readonly Aval[]; outs: readonly Aval[]; params: P & Params },
): void {
  const own = outs.slice(0, -1);
  const needed = js(inputs, outputs.slice(0, -1), { ins, outs: own, params });
  if (typeof needed !== 'number' || !Number.isInteger(needed) || needed < 0)
    throw new ConfigError(`${name}: a counted kernel returns how many entries there are, not ${String(needed)}`, {
      name,
    });
  const capacity = Math.min(...own.map((x) => x.shape[0] ?? 0));
  if (needed > capacity)
    throw new OverflowError(`${name}: ${needed} entries do not fit into a capacity of ${capacity}`, {
      op: name,
      needed,
      capacity,
      outputs: own.map((x) => showShape(x.shape)).join(', '),
      help: `ask for a capacity of ${needed} or more`,
    });
  outputs.at(-1)![0] = needed;
}

/** Tangents of an op without a rule: none where no output is a float, else a refusal. */
function refuseDerivative<P>(name: string, { outs }: JvpCall<P>): readonly MaybeTensor[] {
  if (!outs.some((y) => isFloat(y.dtype))) return outs.map(() => null);
  throw new UnsupportedError(`${name}: its derivative was asked for, but the op has no jvp`, {
    op: name,
    help: 'give op() a jvp, wrap the call in customVjp, or stop the gradient of its operands with stopGradient',
  });
}

/** Every instance on its own, and the results stacked. */
function oneByOne<P extends Params>(op: Op<P>, { inputs, batched, size, params }: BatchCall<P>): Batched {
  const instances = Array.from({ length: size }, (_, i) =>
    bind(
      op,
      inputs.map((x, k) => (batched[k] ? instance(x, i) : x)),
      params,
    ),
  );
  const outs = instances[0]!.map((_, k) =>
    concat(
      instances.map((ys) => expandDims(ys[k]!, 0)),
      0,
    ),
  );
  return { outs, batched: outs.map(() => true) };
}

const instance = (x: Tensor, i: number): Tensor => reshape(sliceAxis(x, 0, i, i + 1), x.shape.slice(1));
