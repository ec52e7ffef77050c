/** Matrix products. Every output is one chain of multiply-adds over k in order, whatever the tiling or the threads. */
import { matmulFinishing } from '../backends/wasm/finish-matmul.ts';
import { lowerMatmul } from '../backends/wasm/lower-matmul.ts';
import type { CheckRow } from '../check-row.ts';
import type { TypedArray } from '../dtype.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import type { BatchCall, Batched, Op } from '../op.ts';
import type { Shape } from '../shape.ts';
import { broadcastShapes, broadcastStrides, showShape, sizeOf } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { NUMERIC } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { advance, bilinear } from './makers.ts';
import { expandDims, reshape, squeeze } from './movement.ts';
import { promote } from './promote.ts';
import { sumTo } from './reduce.ts';

export interface MatmulParams {
  /** The operand is read with its last two axes exchanged; nothing is moved. */
  readonly transposeX: boolean;
  readonly transposeY: boolean;
}

export interface MatmulExtents {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly lead: Shape;
}

/** The extents of a product (…, m, k)·(…, k, n); throws a ShapeError that names both operands. */
export function matmulExtents(x: Aval, y: Aval, { transposeX, transposeY }: MatmulParams): MatmulExtents {
  const [xr, xc] = x.shape.slice(-2) as [number, number];
  const [yr, yc] = y.shape.slice(-2) as [number, number];
  const [m, k] = transposeX ? [xc, xr] : [xr, xc];
  const [k2, n] = transposeY ? [yc, yr] : [yr, yc];
  if (k !== k2) {
    throw new ShapeError(
      `matmul: ${showShape(x.shape)}${transposeX ? 'ᵀ' : ''} · ${showShape(y.shape)}${transposeY ? 'ᵀ' : ''}: the inner extents are ${k} (left) and ${k2} (right)`,
      {
        left: x.shape,
        right: y.shape,
        axis: 'k',
        help:
          m === k2 || k === n
            ? 'transpose one operand: matmul(x, y, { transposeY: true })'
            : 'the last axis of the left operand must be as long as the second-to-last of the right one',
      },
    );
  }
  return { m, n, k, lead: broadcastShapes('matmul', x.shape.slice(0, -2), y.shape.slice(0, -2)) };
}

export const matmulOp: Op<MatmulParams> = /* @__PURE__ */ bilinear<MatmulParams>('matmul', {
  infer: ([x, y], params) => {
    if (x!.dtype !== y!.dtype || !NUMERIC.includes(x!.dtype))
      throw new DtypeError(`matmul: operands have dtypes ${x!.dtype} and ${y!.dtype}`, {
        dtypes: [x!.dtype, y!.dtype],
        help: `cast one of them, for example cast(y, '${x!.dtype}')`,
      });
    const { m, n, lead } = matmulExtents(x!, y!, params);
    return [{ shape: [...lead, m, n], dtype: x!.dtype }];
  },
  // z = X·Y: dX = ct·Yᵀ, or its transpose when X is read transposed; flags are flipped, nothing is moved.
  transposeX: (ct, x, y, { transposeX, transposeY }) =>
    sumTo(
      transposeX
        ? bind1(matmulOp, [y, ct], { transposeX: transposeY, transposeY: true })
        : bind1(matmulOp, [ct, y], { transposeX: false, transposeY: !transposeY }),
      x.shape,
    ),
  transposeY: (ct, x, y, { transposeX, transposeY }) =>
    sumTo(
      transposeY
        ? bind1(matmulOp, [ct, x], { transposeX: true, transposeY: transposeX })
        : bind1(matmulOp, [x, ct], { transposeX: !transposeX, transposeY: false }),
      y.shape,
    ),
  batch: batchMatmul,
  cost: ([x], [z], params) => {
    const macs = sizeOf(z!.shape) * x!.shape.at(params.transposeX ? -2 : -1)!;
    return { flops: 2 * macs, macs };
  },
  js: ([x, y], [out], { ins, outs, params }) => matmulLoops(x!, y!, out!, ins, outs[0]!, params),
  wasm: lowerMatmul,
  finishing: matmulFinishing,
});

function batchMatmul({ inputs, batched, params }: BatchCall<MatmulParams>): Batched {
  const rank = Math.max(...inputs.map((x, i) => x.rank - (batched[i] ? 1 : 0)));
  const aligned = inputs.map((x, i) => {
    if (!batched[i]) return x;
    const [b, ...own] = x.shape;
    return reshape(x, [b!, ...new Array<number>(rank - own.length).fill(1), ...own]);
  });
  return { outs: [bind1(matmulOp, aligned, params)], batched: [true] };
}

function matmulLoops(
  x: TypedArray,
  y: TypedArray,
  out: TypedArray,
  ins: readonly Aval[],
  z: Aval,
  params: MatmulParams,
): void {
  const { m, n, k, lead } = matmulExtents(ins[0]!, ins[1]!, params);
  const [rx, cx] = params.transposeX ? [1, m] : [k, 1];
  const [ry, cy] = params.transposeY ? [1, k] : [n, 1];
  const strides = ins.map((a) =>
    broadcastStrides(
      [...a.shape.slice(0, -2), a.shape.at(-1)! * a.shape.at(-2)!],
      [...lead, a.shape.at(-1)! * a.shape.at(-2)!],
    ).slice(0, -1),
  );
  const index = lead.map(() => 0);
  const at = [0, 0];
  const isInteger = z.dtype === 'i32' || z.dtype === 'u32';
  for (let b = 0; b < sizeOf(lead); b++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) {
          const u = x[at[0]! + i * rx + p * cx]!;
          const v = y[at[1]! + p * ry + j * cy]!;
          sum = isInteger ? (sum + Math.imul(u, v)) | 0 : sum + u * v;
        }
        out[(b * m + i) * n + j] = sum;
      }
    }
    advance(index, lead, at, strides);
  }
}

/** The matrix product over the last two axes, leading axes broadcast: (…, m, k)·(…, k, n) → (…, m, n). A vector counts as a row on the left and a column on the right. */
export function matmul(
  x: TensorLike,
  y: TensorLike,
  { transposeX = false, transposeY = false }: Partial<MatmulParams> = {},
): Tensor {
  const [a, b] = promote(x, y) as [Tensor, Tensor];
  if (a.rank === 0 || b.rank === 0)
    throw new ShapeError(`matmul: ${showShape(a.shape)} · ${showShape(b.shape)}: a scalar is no matrix`, {
      left: a.shape,
      right: b.shape,
      help: 'use mul(x, y) for products with a scalar',
    });
  const left = a.rank === 1 ? expandDims(a, 0) : a;
  const right = b.rank === 1 ? expandDims(b, 1) : b;
  const z = bind1(matmulOp, [left, right], {
    transposeX: transposeX && a.rank > 1,
    transposeY: transposeY && b.rank > 1,
  });
  const drop = [...(a.rank === 1 ? [z.rank - 2] : []), ...(b.rank === 1 ? [z.rank - 1] : [])];
  return drop.length === 0 ? z : squeeze(z, drop);
}

export const matmulChecks: readonly CheckRow[] = [
  { name: 'matmul', f: (x, y) => matmul(x!, y!), args: [{ shape: [3, 4] }, { shape: [4, 2] }] },
  {
    name: 'matmul.transposed',
    f: (x, y) => matmul(x!, y!, { transposeX: true, transposeY: true }),
    args: [{ shape: [4, 3] }, { shape: [2, 4] }],
  },
  {
    name: 'matmul.broadcast',
    f: (x, y) => matmul(x!, y!, { transposeY: true }),
    args: [{ shape: [2, 1, 3, 4] }, { shape: [5, 2, 4] }],
  },
  { name: 'matmul.vectors', f: (x, y) => matmul(x!, y!), args: [{ shape: [5] }, { shape: [2, 5, 3] }] },
];
