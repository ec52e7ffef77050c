/** Vectors of claims as plain numbers. */
import { concat, matmul, reshape, type Tensor } from '../../engine/index.ts';

export const list = (x: Tensor): number[] => Array.from(x.readSync());
export const dot = (a: Tensor, b: Tensor): number => {
  const other = list(b);
  return list(a).reduce((s, x, i) => s + x * other[i]!, 0);
};
export const lengthOf = (x: Tensor): number => Math.sqrt(dot(x, x));

/** ‖a − b‖/‖b‖. */
export const distance = (a: Tensor, b: Tensor): number => lengthOf(a.sub(b)) / lengthOf(b);

export const concatRows = (...rows: readonly Tensor[]): Tensor => concat(rows, 0);

/** V·g for rows V (k, n): (k). */
export const slopesOf = (v: Tensor, g: Tensor): Tensor => reshape(matmul(v, reshape(g, [g.size, 1])), [v.shape[0]!]);
