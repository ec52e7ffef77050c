/** Products that keep some of their rows for the derivative of the weights, as in stochastic backpropagation by dropped rows. */
import { ShapeError } from '../errors.ts';
import { take } from '../ops/gather.ts';
import { matmul } from '../ops/matmul.ts';
import { transpose } from '../ops/movement.ts';
import { showShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { SavedRule } from './pull-node.ts';

/** For `keep({ matmul: keptRows(rows) }, f)`: x·w keeps the named rows of x (i32) and computes the cotangent of w from them alone; the cotangent of x is exact. */
export const keptRows = (rows: Tensor): SavedRule => ({
  save({ inputs: [x, w] }) {
    if (x!.rank !== 2 || w!.rank !== 2)
      throw new ShapeError(
        `keptRows: takes a product of matrices, not of ${showShape(x!.shape)} and ${showShape(w!.shape)}`,
        {
          left: x!.shape,
          right: w!.shape,
          help: 'reshape the leading axes into rows',
        },
      );
    return [take(x!, rows), w!, rows];
  },
  pull([some, w, which], [ct]) {
    const backTo = transpose(w!);
    return [matmul(ct!, backTo), matmul(transpose(some!), take(ct!, which!))];
  },
});
