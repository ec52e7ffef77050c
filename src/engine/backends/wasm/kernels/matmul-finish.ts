/** What is done to a product's rows while they are still in the cache: the elementwise code that reads the product, on one row tile at a time. */
import type { Dtype } from '../../../dtype.ts';
import type { Local, ModuleBuilder, ValType } from '../assembler.ts';
import { type ElementwiseBody, type ElementwiseInput, numberType, VectorLoop } from '../elementwise.ts';
import type { Profile } from '../profile.ts';

/** Elementwise code over (rows, columns) of a product. */
export interface Finish {
  /** Different for different code. */
  readonly key: string;
  readonly outs: readonly Dtype[];
  /** The operands of the code, the product among them. */
  readonly inputs: readonly ElementwiseInput[];
  /** Which input is the product. */
  readonly product: number;
  readonly numbers: readonly Dtype[];
  readonly body: ElementwiseBody;
  readonly unroll: number;
  readonly lanes: 2 | 4;
  /** Nobody reads the product itself, and one block of k makes it: its tiles are never written to memory. */
  readonly staysInTile: boolean;
}

/** Arguments beside those of the product: outputs, the other inputs, elements from one row of each to the next, numbers. */
export function finishParams({ outs, inputs, numbers }: Finish): ValType[] {
  return [...Array<'i32'>(outs.length + 2 * (inputs.length - 1)).fill('i32'), ...numbers.map(numberType)];
}

const PLACE_PARAMS = 7;

/** (tile, tile's row length, row, rows, column, columns, row length of the outputs, finish…): lengths in elements; the tile begins at (row, column). */
export function finishHelper(m: ModuleBuilder, profile: Profile, finish: Finish): number {
  const params: ValType[] = [...Array<'i32'>(PLACE_PARAMS).fill('i32'), ...finishParams(finish)];
  return m.helper(`finish ${finish.key}`, params, [], (w, tile, step, row, rows, column, columns, length, ...rest) => {
    const { outs, inputs, product } = finish;
    const others = inputs.length - 1;
    const at = (from: number, count: number): Local[] => rest.slice(from, from + count);
    const [ins, strides] = [at(outs.length, others), at(outs.length + others, others)];
    const withProduct = (list: readonly Local[], own: Local) => list.toSpliced(product, 0, own);
    const loop = new VectorLoop(w, { ...finish, profile });
    loop.hoist(rest.slice(outs.length + 2 * others));
    const places = withProduct(strides, step!);
    const firstRow = (k: number) => (k === product ? 0 : row!);
    loop.range(
      { outs: at(0, outs.length), ins: withProduct(ins, tile!) },
      {
        begin: 0,
        end: rows!,
        inner: columns!,
        outStart: (r) => w.get(row!).get(r).i32.add().get(length!).i32.mul().get(column!).i32.add(),
        inStart(k, r) {
          w.push(firstRow(k)).get(r).i32.add().get(places[k]!).i32.mul();
          if (k !== product && inputs[k]!.mode === 'v') w.get(column!).i32.add();
        },
      },
    );
  });
}
