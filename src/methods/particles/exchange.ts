/** All neurons take what they found at once: as it is, or only as far as the network gets better by it. */
import type { Tensor } from '../../engine/index.ts';
import type { Context, Rows } from './search.ts';
import { type Neuron, type Sweep, scalarOf } from './sweep.ts';

export interface Finding {
  readonly neuron: Neuron;
  readonly row: Tensor;
}

/** The weights after the exchange. Guarded: the joint change where it is better than the network was, else the best half that is, and so on down to single rows. */
export async function exchange(
  sweep: Sweep,
  context: Context,
  rows: Rows,
  found: readonly Finding[],
): Promise<readonly Tensor[]> {
  const withRows = (some: readonly Finding[]): readonly Tensor[] =>
    context.weights.map((w, layer) =>
      some
        .filter(({ neuron }) => neuron.layer === layer)
        .reduce((now, { neuron, row }) => sweep.place(now, row, scalarOf(neuron.unit)), w),
    );
  if (sweep.searcher.search.order === 'parallel') return withRows(found);
  const worth = async (weights: readonly Tensor[]): Promise<number> => (await sweep.value(weights, rows).read())[0]!;
  const before = await worth(context.weights);
  for (let groups = [found]; groups.length > 0; groups = groups.flatMap(halves)) {
    let best = { weights: context.weights, value: before };
    for (const group of groups) {
      const weights = withRows(group);
      const value = await worth(weights);
      if (value < best.value) best = { weights, value };
    }
    if (best.value < before) return best.weights;
  }
  return context.weights;
}

function halves(group: readonly Finding[]): (readonly Finding[])[] {
  const middle = Math.ceil(group.length / 2);
  return group.length < 2 ? [] : [group.slice(0, middle), group.slice(middle)];
}
