/** Lazy rows: what a step does not touch keeps its parameters and its memory. */

import type { Tensor } from '../engine/index.ts';
import { any, ne, range, where } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import type { LeafRecord } from './record.ts';
import { fromRecord, overMemory, recordOf } from './record.ts';

export interface LazyRowsOptions {
  /** Chooses leaves by path, `[2].w`; all of them unless said. */
  readonly match?: (path: string) => boolean;
}

/**
 * Moves only the rows (places of the first axis) whose credit is not 0 throughout; the memory of the others stays as it was, without decay.
 *
 * Counts, such as those of Adam's bias correction, go on for all rows together. State is that of the optimiser on a record of leaves by path.
 */
export function lazyRows(optimizer: Optimizer, { match = () => true }: LazyRowsOptions = {}): Optimizer {
  return {
    name: 'lazyRows',
    config: { optimizer: { name: optimizer.name, ...optimizer.config } },
    init: (params) => optimizer.init(recordOf(params)),
    update(credit, state, call) {
      const [credits, params] = [recordOf(credit), recordOf(call.params)];
      const isTouched = new Map(
        Object.entries(credits).map(([path, g]) => [path, match(path) ? touchedRows(g) : null]),
      );
      const choose = (now: LeafRecord, before: LeafRecord | null): LeafRecord =>
        Object.fromEntries(
          Object.entries(now).map(([path, x]) => {
            const rows = isTouched.get(path) ?? null;
            return [path, rows === null ? x : where(rows, x, before === null ? 0 : before[path]!)];
          }),
        );
      const [step, next] = optimizer.update(credits, state, { ...call, params });
      const kept = overMemory((now, before) => choose(now, before!), params, next, state);
      return [fromRecord(choose(step as LeafRecord, null), credit), kept];
    },
  };
}

/** Which rows hold anything but 0, in a shape that broadcasts over them. */
const touchedRows = (g: Tensor): Tensor => {
  const held = ne(g, 0);
  return g.rank < 2 ? held : any(held, range(g.rank - 1, 1), { keepDims: true });
};
