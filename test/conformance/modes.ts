/** What is computed of a row: its value and its derivatives, each as a plain function of a flat list of tensors. */
import type { CheckRow } from '../../src/engine/check-row.ts';
import { isFloat } from '../../src/engine/dtype.ts';
import type { Tensor } from '../../src/engine/tensor.ts';
import { jvp, vjp } from '../../src/engine/transforms/api.ts';
import { drawArgs, drawLike, type HostTensor } from './draw.ts';

export type ModeName = 'value' | 'forward' | 'reverse' | 'forwardOverReverse' | 'reverseOverReverse';

export interface Mode {
  readonly name: ModeName;
  /** The row's operands, then directions or cotangents. */
  readonly run: (all: readonly Tensor[]) => Tensor[];
  /** Operands for a draw. */
  readonly draw: (draw: number) => HostTensor[];
  /** How many of the operands are the row's own. */
  readonly own: number;
}

const isVaried = (row: CheckRow): boolean[] =>
  row.args.map((a) => (a.kind ?? 'float') === 'float' && a.isFixed !== true);

/** The row as a function of its varied operands, at given values of all. */
function varying(row: CheckRow, all: readonly Tensor[]): { f: (xs: Tensor[]) => Tensor; xs: Tensor[] } {
  const varied = isVaried(row);
  const f = (xs: Tensor[]): Tensor => {
    let at = 0;
    return row.f(...row.args.map((_, i) => (varied[i] ? xs[at++]! : all[i]!)));
  };
  return { f, xs: row.args.flatMap((_, i) => (varied[i] ? [all[i]!] : [])) };
}

/** The modes of a row, up to its order; `like` is its value somewhere. */
export function modesOf(row: CheckRow, like: Tensor): Mode[] {
  const own = row.args.length;
  const ins = row.args.filter((_, i) => isVaried(row)[i]).map((a) => a.shape);
  const order = isFloat(like.dtype) && ins.length > 0 ? (row.order ?? 2) : 0;
  const mode = (name: ModeName, extra: readonly (readonly number[])[], run: Mode['run']): Mode => ({
    name,
    run,
    own,
    draw: (draw) => [...drawArgs(row, draw), ...drawLike(row.name, extra, draw)],
  });
  const pulled = (all: readonly Tensor[], ct: Tensor) => (xs: Tensor[]) => vjp(varying(row, all).f, xs)[1](ct);
  const first = [
    mode('forward', ins, (all) => [jvp(varying(row, all).f, varying(row, all).xs, all.slice(own))[1]]),
    mode('reverse', [like.shape], (all) => pulled(all, all[own]!)(varying(row, all).xs)),
  ];
  const second = [
    mode(
      'forwardOverReverse',
      [like.shape, ...ins],
      (all) => jvp(pulled(all, all[own]!), varying(row, all).xs, all.slice(own + 1))[1],
    ),
    mode('reverseOverReverse', [like.shape, ...ins], (all) =>
      vjp(pulled(all, all[own]!), varying(row, all).xs)[1](all.slice(own + 1)),
    ),
  ];
  const value = mode('value', [], (all) => [row.f(...all)]);
  return [value, ...(order >= 1 ? first : []), ...(order >= 2 ? second : [])];
}
