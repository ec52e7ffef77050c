/** The identity matrix. */
import type { Dtype } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';
import { full } from './create.ts';
import { pad, reshape, slice } from './movement.ts';

/** The n × n identity: rows of n + 1 with a leading one, read again as rows of n, put the ones on the diagonal. */
export function oneHotRows(n: number, dtype: Dtype): Tensor {
  if (n === 0) return full([0, 0], 0, dtype);
  const led = pad(full([n, 1], 1, dtype), [
    [0, 0],
    [0, n],
  ]); // (n, n + 1)
  return reshape(slice(reshape(led, [n * (n + 1)]), [0], [n * n]), [n, n]);
}
