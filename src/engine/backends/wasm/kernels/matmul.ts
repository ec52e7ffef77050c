/**
 * Matrix products c = a·b for f32, f64 and i32, any strides of a and b, c row-major.
 *
 * Order      every output is one chain acc ← a[i, p]·b[p, j] + acc over p = 0 … k−1, started at 0 (or at c, when accumulating), in the dtype;
 *            tiles, packing, blocks of k (the partial c rests in the dtype), transposes and shares leave this chain as it is, so they leave the bits.
 * Plan       c is made in register tiles. B's block of 256 × 256 is packed into panels (or read in place for few rows), A is read in place where its rows are
 *            contiguous in k, else packed tile by tile. When b is a transpose and a has few rows, cᵀ = bᵀ·aᵀ is made instead, so that the large b is read in place.
 * Arguments  (c, a, b, m, n, k, rsA, csA, rsB, csB, scratch, begin, end): element strides, rows or columns [begin, end) of c, scratch of `matmulScratchBytes` for each caller.
 */
import type { FunctionWriter, Local, Operand } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { type Finish, finishParams } from './matmul-finish.ts';
import { finishedTileBytes, MAX_HEIGHT, productHelper } from './matmul-product.ts';
import { Arithmetic, type MatmulDtype } from './matmul-tile.ts';

export { finishedTileBytes, isOneBlock, matmulScratchBytes } from './matmul-product.ts';

export interface MatmulOptions {
  readonly dtype: MatmulDtype;
  /** Starts the chains at what c holds instead of at 0. */
  readonly accumulate?: boolean;
  /** What the share is made of; rows unless said. Each caller packs the columns of b that it multiplies with, so wide products are better shared by columns. */
  readonly shared?: 'rows' | 'columns';
}

/** Up to this many rows, turning the product round beats packing a transposed b. */
const SWAP_UP_TO_ROWS = 128;
/** Below this k, writing the turned tiles costs more than packing b. */
const SWAP_FROM_K = 64;

/** Whether the product is made as cᵀ = bᵀ·aᵀ; strides in elements. */
export const isSwapped = (
  { m, n, k }: Readonly<Record<'m' | 'n' | 'k', number>>,
  [rsB, csB]: readonly [number, number],
): boolean => rsB === 1 && csB !== 1 && m <= SWAP_UP_TO_ROWS && m < n && k >= SWAP_FROM_K;

/** The matrix product of a dtype; i32 also serves u32. */
export function matmulKernel({ dtype, accumulate = false, shared = 'rows' }: MatmulOptions): KernelSpec {
  return {
    key: `matmul ${dtype}${accumulate ? ' accumulate' : ''}${shared === 'columns' ? ' by columns' : ''}`,
    params: Array<'i32'>(13).fill('i32'),
    grain: shared === 'rows' ? 4 : 16,
    emit(w, profile, c, a, b, m, n, k, rsA, csA, rsB, csB, scratch, begin, end) {
      const math = new Arithmetic(dtype, profile);
      const product = productHelper(w.module, math, accumulate);
      for (const stride of [rsA, csA, rsB, csB])
        w.assign(stride!, () => w.get(stride!).i32.const(math.shift).i32.shl());
      const rsC = w.local('i32');
      const [rows, columns] =
        shared === 'rows'
          ? ([
              [begin!, end!],
              [0, n!],
            ] as const)
          : ([
              [0, m!],
              [begin!, end!],
            ] as const);
      const keep = Number(accumulate);
      w.assign(rsC, () => w.get(n!).i32.const(math.shift).i32.shl());
      const call = (...args: Operand[]) => {
        for (const arg of args) w.push(arg);
        w.call(product);
      };

      w.get(k!).i32.eqz();
      w.if(() => {
        if (!accumulate) clear(w, { c: c!, rsC, shift: math.shift }, rows, columns);
        w.return();
      });
      w.get(rsB!).i32.const(math.bytes).i32.eq().get(csB!).i32.const(math.bytes).i32.ne().i32.and();
      w.get(m!).i32.const(SWAP_UP_TO_ROWS).i32.le_u().i32.and().get(m!).get(n!).i32.lt_u().i32.and();
      w.get(k!).i32.const(SWAP_FROM_K).i32.ge_u().i32.and();
      w.if(
        () => call(c!, b!, a!, ...columns, ...rows, k!, csB!, rsB!, csA!, rsA!, math.bytes, rsC, scratch!, keep),
        () => call(c!, a!, b!, ...rows, ...columns, k!, rsA!, csA!, rsB!, csB!, rsC, math.bytes, scratch!, keep),
      );
    },
  };
}

type Range = readonly [begin: Operand, end: Local];

/** Zeros in rows × columns of c. */
function clear(
  w: FunctionWriter,
  { c, rsC, shift }: { readonly c: Local; readonly rsC: Local; readonly shift: number },
  [i0, i1]: Range,
  [j0, j1]: Range,
): void {
  const i = w.local('i32');
  w.for(i, i0, i1, 1, () => {
    w.address(c, () => w.get(i).get(rsC).i32.mul().push(j0).i32.const(shift).i32.shl().i32.add()).i32.const(0);
    w.get(j1).push(j0).i32.sub().i32.const(shift).i32.shl().memoryFill();
  });
}

/**
 * The product with the elementwise code that reads it: (c, a, b, m, n, k, rsA, csA, rsB, csB, scratch, outputs…, other inputs…, row strides…, numbers…, begin, end).
 * Each row tile is finished while it is in the cache. Where the product stays in its tile, c is the room for one (`finishedTileBytes` for each caller); elsewhere c holds it, and may be an output.
 */
export function finishedMatmulKernel(dtype: MatmulDtype, finish: Finish): KernelSpec {
  return {
    key: `matmul ${dtype} finished ${finish.staysInTile} ${finish.key}`,
    params: [...Array<'i32'>(11).fill('i32'), ...finishParams(finish), 'i32', 'i32'],
    grain: 4,
    emit(w, profile, c, a, b, _m, n, k, rsA, csA, rsB, csB, scratch, ...rest) {
      const math = new Arithmetic(dtype, profile);
      for (const stride of [rsA, csA, rsB, csB])
        w.assign(stride!, () => w.get(stride!).i32.const(math.shift).i32.shl());
      const rsC = () =>
        finish.staysInTile
          ? w.i32.const(finishedTileBytes(dtype) / MAX_HEIGHT)
          : w.get(n!).i32.const(math.shift).i32.shl();
      const [begin, end] = rest.slice(-2);
      const args = [c!, a!, b!, begin!, end!, 0, n!, k!, rsA!, csA!, rsB!, csB!, rsC, math.bytes, scratch!, 0];
      for (const arg of [...args, ...rest.slice(0, -2)]) w.push(arg);
      w.call(productHelper(w.module, math, false, finish));
    },
  };
}
