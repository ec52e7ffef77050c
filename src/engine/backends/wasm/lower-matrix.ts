/** Matrix ops on WASM: blocked algorithms in JavaScript on views of the memory that leave products and substitution to kernels. */

import type { TypedArray } from '../../dtype.ts';
import type { Op, Params } from '../../op.ts';
import { type Block, type BlockMath, type Desk, turned } from '../../ops/linalg/block.ts';
import type { Aval } from '../../tensor.ts';
import { aval } from '../../tensor.ts';
import { hostKernel } from './host.ts';
import { blockProductKernel, substituteKernel } from './kernels/block.ts';
import { matmulScratchBytes } from './kernels/matmul.ts';
import { rotateKernel } from './kernels/rotate.ts';
import type { KernelLibrary } from './library.ts';
import type { WasmLowering } from './lower.ts';

/** Runs an op's loops at a desk. */
export type DeskKernel<P> = (
  inputs: readonly TypedArray[],
  outputs: readonly TypedArray[],
  call: { readonly ins: readonly Aval[]; readonly outs: readonly Aval[]; readonly params: P },
  desk: Desk,
) => void;

/** The lowering of an op whose loops want `room` numbers of work space and products with extents up to `extent`. */
export function lowerMatrices<P extends Params>(
  op: () => Op<P>,
  run: DeskKernel<P>,
  need: (ins: readonly Aval[], params: P) => { readonly room: number; readonly extent: number },
): WasmLowering<P> {
  return (context, ins, outs, params) => {
    const { room, extent } = need(ins, params);
    const work = context.temp({ shape: [room], dtype: 'f64' });
    const scratch = context.temp({ shape: [matmulScratchBytes('f64', extent, extent, extent) / 8], dtype: 'f64' });
    const spec = hostKernel(op(), ins.map(aval), outs.map(aval), params, {
      rooms: [work, scratch].map(aval),
      run: (library) => {
        const math = wasmMath(library);
        return (inputs, outputs, call, [free, packed]) => {
          math.scratch = packed!.byteOffset;
          run(inputs, outputs, call, { math, work: free as Float64Array });
        };
      },
    });
    context.call(spec, [...ins, ...outs, work, scratch], 1);
  };
}

const address = ({ data, at }: Block): number => data.byteOffset + 8 * at;

function wasmMath(library: KernelLibrary): BlockMath & { scratch: number } {
  const [plus, minus] = [false, true].map((isNegative) => library.get(blockProductKernel(isNegative)));
  const [down, up] = [false, true].map((isUp) => library.get(rotateKernel(isUp)));
  const [divided, unit] = [false, true].map((hasUnit) => library.get(substituteKernel(hasUnit)));
  return {
    scratch: 0,
    product(c, a, b, mode) {
      if (isBetterTurned(c, a, b)) return this.product(turned(c), turned(b), turned(a), mode);
      const kernel = mode === 'subtract' ? minus! : plus!;
      kernel(
        address(c),
        8 * c.down,
        8 * c.across,
        address(a),
        8 * a.down,
        8 * a.across,
        address(b),
        8 * b.down,
        8 * b.across,
        a.columns,
        c.columns,
        this.scratch,
        mode === 'set' ? 0 : 1,
        0,
        c.rows,
      );
    },
    substitute(a, x, hasUnitDiagonal) {
      const kernel = hasUnitDiagonal ? unit! : divided!;
      kernel(address(a), 8 * a.down, 8 * a.across, address(x), 8 * x.down, a.rows, 0, x.columns);
    },
    rotate(x, angles, [from, to], isUp) {
      const kernel = isUp ? up! : down!;
      kernel(address(x), 8 * x.down, address(angles), 8 * angles.down, from, to, 0, x.columns);
    },
  };
}

/** Results go to contiguous rows; a column is made as a row, or a row as a column, where that reads the matrix along its rows. */
function isBetterTurned(c: Block, a: Block, b: Block): boolean {
  if (c.columns === 1 && c.rows > 1) return a.down === 1 && a.across !== 1;
  if (c.rows === 1 && c.columns > 1) return b.down === 1 && b.across !== 1;
  return c.across !== 1 && c.down === 1;
}
