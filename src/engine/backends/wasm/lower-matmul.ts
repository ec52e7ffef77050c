/** The matrix product on WASM: leading axes by pointer arithmetic, transposes by strides; nothing is moved before the kernel. */
import { BYTES, type Dtype } from '../../dtype.ts';
import type { MatmulParams } from '../../ops/matmul.ts';
import { matmulExtents } from '../../ops/matmul.ts';
import { broadcastStrides, sizeOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { matmulKernel, matmulScratchBytes } from './kernels/matmul.ts';
import type { LowerContext, Operand } from './lower.ts';
import { repeatCalls } from './lower-repeat.ts';

/** One product and how its operands lie: element strides of rows and columns. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly stridesX: readonly [number, number];
  readonly stridesY: readonly [number, number];
}

/** Leading extents of a batch of products, and the elements from one to the next in (out, x, y). */
export interface ProductBatch {
  readonly dims: readonly number[];
  readonly strides: readonly [readonly number[], readonly number[], readonly number[]];
}

/** The dtype under which the kernels know this one. */
export const kernelDtype = (dtype: Dtype): 'f32' | 'f64' | 'i32' =>
  dtype === 'f32' || dtype === 'f64' ? dtype : 'i32';

/** Scratch memory for products of at most these extents. */
export function productScratch(
  context: LowerContext,
  dtype: Dtype,
  { m, n, k }: Pick<Product, 'm' | 'n' | 'k'>,
): Operand {
  const words = Math.ceil(matmulScratchBytes(kernelDtype(dtype), m, n, k) / 4);
  return context.temp({ shape: [words], dtype: 'u32' }, { per: 'thread' });
}

/** Calls the product kernel for every member of the batch. */
export function callProducts(
  context: LowerContext,
  [out, x, y]: readonly [Operand, Operand, Operand],
  product: Product,
  { dims, strides }: ProductBatch,
  scratch: Operand,
  accumulate = false,
): void {
  const { m, n, k, stridesX, stridesY } = product;
  if (m === 0 || n === 0) return;
  const isWide = sizeOf(dims) === 1 && n > m;
  const spec = matmulKernel({ dtype: kernelDtype(out.dtype), accumulate, shared: isWide ? 'columns' : 'rows' });
  const bytes = BYTES[out.dtype];
  const steps = strides.map((s) => s.map((e) => e * bytes));
  repeatCalls(context, {
    spec,
    pointers: [out, x, y],
    steps,
    dims,
    args: [m, n, k, ...stridesX, ...stridesY, scratch],
    share: isWide ? n : m,
  });
}

/** The product as a single one, leading axes of x joined to its rows; null for a batch of products. */
export function flatProduct([x, y]: readonly [Aval, Aval], params: MatmulParams): Product | null {
  const { m, n, k, lead } = matmulExtents(x, y, params);
  const count = sizeOf(lead);
  const isFolded = !params.transposeX && sizeOf(y.shape.slice(0, -2)) === 1 && sizeOf(x.shape.slice(0, -2)) === count;
  if (!isFolded && count !== 1) return null;
  return {
    m: isFolded ? m * count : m,
    n,
    k,
    stridesX: params.transposeX ? [1, m] : [k, 1],
    stridesY: params.transposeY ? [1, k] : [n, 1],
  };
}

export function lowerMatmul(
  context: LowerContext,
  ins: readonly Operand[],
  [out]: readonly Operand[],
  params: MatmulParams,
): void {
  const [x, y] = ins as [Operand, Operand];
  const flat = flatProduct([x, y], params);
  if (flat !== null) {
    callProducts(
      context,
      [out!, x, y],
      flat,
      { dims: [], strides: [[], [], []] },
      productScratch(context, out!.dtype, flat),
    );
    return;
  }
  const { m, n, k, lead } = matmulExtents(x, y, params);
  const stridesX = params.transposeX ? ([1, m] as const) : ([k, 1] as const);
  const stridesY = params.transposeY ? ([1, k] as const) : ([n, 1] as const);
  const product = { m, n, k, stridesX, stridesY };
  const leadStrides = (operand: Operand, size: number) =>
    broadcastStrides([...operand.shape.slice(0, -2), size], [...lead, size]).slice(0, -1);
  const strides = [leadStrides(out!, m * n), leadStrides(x, m * k), leadStrides(y, k * n)] as const;
  callProducts(context, [out!, x, y], product, { dims: lead, strides }, productScratch(context, out!.dtype, product));
}
