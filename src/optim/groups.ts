/** Parameter groups: different optimisers for different leaves. */

import type { Tree } from '../engine/index.ts';
import { ConfigError } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import type { LeafRecord } from './record.ts';
import { fromRecord, recordOf } from './record.ts';

export interface Group {
  /** Chooses leaves by path, `[2].w`; a leaf belongs to the first group that wants it. */
  readonly match: (path: string) => boolean;
  readonly optimizer: Optimizer;
}

/** Gives every leaf to the optimiser of the first group that matches its path. */
export function groups(list: readonly Group[]): Optimizer<readonly Tree[]> {
  return {
    name: 'groups',
    config: { groups: list.map(({ optimizer }) => ({ name: optimizer.name, ...optimizer.config })) },
    init: (params) => divide(list, params).map((part, i) => list[i]!.optimizer.init(part)),
    update(credit, state, call) {
      const params = divide(list, call.params);
      const done = divide(list, credit).map((part, i) =>
        list[i]!.optimizer.update(part, state[i]!, { ...call, params: params[i]! }),
      );
      const steps: LeafRecord = Object.assign({}, ...done.map(([step]) => step));
      return [fromRecord(steps, credit), done.map(([, next]) => next)];
    },
  };
}

function divide(list: readonly Group[], tree: Tree): LeafRecord[] {
  const parts: Record<string, LeafRecord[string]>[] = list.map(() => ({}));
  for (const [path, leaf] of Object.entries(recordOf(tree))) {
    const i = list.findIndex(({ match }) => match(path));
    if (i < 0)
      throw new ConfigError(`groups: no group wants the parameter ${path || 'at the root'}`, {
        path,
        help: 'end the list with { match: () => true, optimizer }; frozen() holds parameters still',
      });
    parts[i]![path] = leaf;
  }
  return parts;
}
