/**
 * The maker of matrix ops: f64 algorithms on one matrix at a time, leading axes alike; on wasm they leave their products to kernels.
 *
 * Public functions take f32 or f64; f32 operands are computed on in f64, derivatives too, and the results are rounded once.
 */
import { type DeskKernel, lowerMatrices } from '../../backends/wasm/lower-matrix.ts';
import type { TypedArray } from '../../dtype.ts';
import { isFloat } from '../../dtype.ts';
import { DtypeError, ShapeError } from '../../errors.ts';
import type { BatchCall, Batched, Op, Params } from '../../op.ts';
import { defineOp } from '../../op.ts';
import type { Shape } from '../../shape.ts';
import { broadcastShapes, sameShape, showShape, sizeOf } from '../../shape.ts';
import type { Aval, Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { cast } from '../cast.ts';
import type { TensorLike } from '../constant.ts';
import { broadcastTo, expandDims, squeeze } from '../movement.ts';
import { asTensor, promote } from '../promote.ts';
import { type Desk, plainMath } from './block.ts';

export interface MatrixSpec<P extends Params> extends Pick<Op<P>, 'jvp' | 'transpose'> {
  /** How many of each input's last axes belong to one matrix or vector; those in front are alike in all inputs. */
  readonly cores: readonly number[];
  /** One item's results; throws a ShapeError for cores that do not fit. */
  readonly results: (cores: readonly Shape[], params: P) => readonly Aval[];
  /** Fills one item's results. */
  readonly kernel: (
    ins: readonly TypedArray[],
    outs: readonly TypedArray[],
    cores: readonly Shape[],
    params: P,
    desk: Desk,
  ) => void;
  /** Numbers of work space that one item's kernel wants. */
  readonly room?: (cores: readonly Shape[], params: P) => number;
  readonly flops: (cores: readonly Shape[]) => number;
}

const behindLead = (x: Aval, core: number): Shape => x.shape.slice(x.shape.length - core);
const leadOf = (x: Aval, core: number): Shape => x.shape.slice(0, x.shape.length - core);

/** An op on f64 matrices (i32 operands are permutations); what a kernel computes depends on its own item alone. */
export function matrixOp<P extends Params>(name: string, spec: MatrixSpec<P>): Op<P> {
  const { cores, results, kernel, room = () => 0, flops, jvp, transpose } = spec;
  const coresOf = (ins: readonly Aval[]) => ins.map((x, i) => behindLead(x, cores[i]!));
  const run: DeskKernel<P> = (ins, outs, call, desk) => {
    const shapes = coresOf(call.ins);
    const count = sizeOf(leadOf(call.ins[0]!, cores[0]!));
    const item = (x: TypedArray, i: number) => x.subarray((i * x.length) / count, ((i + 1) * x.length) / count);
    for (let i = 0; i < count; i++)
      kernel(
        ins.map((x) => item(x, i)),
        outs.map((x) => item(x, i)),
        shapes,
        call.params,
        desk,
      );
  };
  const op: Op<P> = defineOp<P>({
    name,
    version: 1,
    infer: (ins, params) => {
      const lead = leadOf(ins[0]!, cores[0]!);
      checkOperands(name, ins, cores, lead);
      return results(coresOf(ins), params).map(({ shape, dtype }) => ({ shape: [...lead, ...shape], dtype }));
    },
    ...(jvp === undefined ? {} : { jvp }),
    ...(transpose === undefined ? {} : { transpose }),
    batch: (call) => batchMatrices(op, call),
    cost: (ins) => ({ flops: flops(coresOf(ins)) * sizeOf(leadOf(ins[0]!, cores[0]!)) }),
    js: (ins, outs, call) =>
      run(ins, outs, call, { math: plainMath, work: new Float64Array(room(coresOf(call.ins), call.params)) }),
    wasm: lowerMatrices(
      () => op,
      run,
      (ins, params) => ({
        room: room(coresOf(ins), params),
        extent: 2 * Math.max(1, ...ins.flatMap((x, i) => behindLead(x, cores[i]!))), // expmDerivative doubles its matrix
      }),
    ),
  });
  return op;
}

function checkOperands(name: string, ins: readonly Aval[], cores: readonly number[], lead: Shape): void {
  ins.forEach((x, i) => {
    if (x.dtype !== 'f64' && x.dtype !== 'i32')
      throw new DtypeError(`${name}: computes in f64, not ${x.dtype}`, { dtype: x.dtype, help: "cast(x, 'f64')" });
    if (x.shape.length < cores[i]! || !sameShape(leadOf(x, cores[i]!), lead))
      throw new ShapeError(`${name}: operands ${ins.map((y) => showShape(y.shape)).join(' and ')} do not line up`, {
        shapes: ins.map((y) => y.shape),
        help: 'the axes in front of the matrices must be alike',
      });
  });
}

function batchMatrices<P extends Params>(op: Op<P>, { inputs, batched, size, params }: BatchCall<P>): Batched {
  const all = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
  const outs = bind(op, all, params);
  return { outs, batched: outs.map(() => true) };
}

/** A matrix operand in f64; refuses integers and fewer than two axes. */
export function matrixOf(name: string, x: TensorLike): Tensor {
  const t = asTensor(x);
  if (!isFloat(t.dtype))
    throw new DtypeError(`${name}: takes f32 or f64, not ${t.dtype}`, {
      dtype: t.dtype,
      help: "cast(x, 'f64') makes it a float",
    });
  if (t.rank < 2)
    throw new ShapeError(`${name}: ${showShape(t.shape)} has no matrix in its last two axes`, {
      shape: t.shape,
      help: 'reshape a vector to [n, 1] or [1, n]',
    });
  return cast(t, 'f64');
}

/** A square matrix operand in f64. */
export function squareOf(name: string, x: TensorLike): Tensor {
  const t = matrixOf(name, x);
  if (t.shape.at(-1) !== t.shape.at(-2))
    throw new ShapeError(`${name}: ${showShape(t.shape)} is not square in its last two axes`, {
      shape: t.shape,
      help: 'lstsq(x, b) solves systems that are not square',
    });
  return t;
}

/** Rounds an f64 result to the dtype of the operand it came from. */
export const roundedLike = (y: Tensor, x: TensorLike): Tensor => cast(y, asTensor(x).dtype);

/**
 * A system's matrix and right-hand sides in f64, leading axes broadcast; `solve` gets them as (…, m, n) and (…, m, k).
 *
 * A right-hand side of one axis is one column, and so is the answer.
 */
export function withSystem(
  name: string,
  a: TensorLike,
  b: TensorLike,
  solve: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  const [x, y] = promote(a, b) as [Tensor, Tensor];
  const matrix = matrixOf(name, x);
  const isVector = y.rank === 1;
  const right = matrixOf(name, isVector ? expandDims(y, 1) : y);
  if (x.dtype !== y.dtype)
    throw new DtypeError(`${name}: operands have dtypes ${x.dtype} and ${y.dtype}`, {
      dtypes: [x.dtype, y.dtype],
      help: `cast one of them, for example cast(b, '${x.dtype}')`,
    });
  if (matrix.shape.at(-2) !== right.shape.at(-2))
    throw new ShapeError(
      `${name}: ${showShape(x.shape)} has ${matrix.shape.at(-2)} rows, ${showShape(y.shape)} ${right.shape.at(-2)}`,
      {
        left: x.shape,
        right: y.shape,
        help: 'the right-hand side is a vector (m) or columns (…, m, k)',
      },
    );
  const lead = broadcastShapes(name, matrix.shape.slice(0, -2), right.shape.slice(0, -2));
  const full = (t: Tensor) => broadcastTo(t, [...lead, ...t.shape.slice(-2)]);
  const z = solve(full(matrix), full(right));
  return cast(isVector ? squeeze(z, z.rank - 1) : z, x.dtype);
}
