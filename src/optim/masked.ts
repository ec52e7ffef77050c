/** Masks: parameters that are held at their value, element by element. */

import type { Tensor, Tree } from '../engine/index.ts';
import { ne, ShapeError, sameShape, showShape, trees, where } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import type { LeafRecord } from './record.ts';
import { fromRecord, overMemory, recordOf } from './record.ts';

/** The mask is state, so that it may change between steps without compiling anew. */
export type MaskedState = { readonly mask: LeafRecord; readonly inner: Tree };

/**
 * Lets an optimiser move only the elements where the mask is not 0. Credit, the optimiser's memory and its step (with decay in it) are 0 elsewhere, also right after the mask has changed.
 *
 * The mask has the tree of the parameters; null, or a missing part, leaves all of them free.
 */
export function masked(optimizer: Optimizer, mask: Tree): Optimizer<MaskedState> {
  return {
    name: 'masked',
    config: { optimizer: { name: optimizer.name, ...optimizer.config } },
    init: (params) => ({ mask: maskRecord(mask, recordOf(params)), inner: optimizer.init(recordOf(params)) }),
    update(credit, state, call) {
      const params = recordOf(call.params);
      const keep = (tree: LeafRecord): LeafRecord =>
        Object.fromEntries(Object.entries(tree).map(([path, x]) => [path, select(state.mask[path], x)]));
      const [step, inner] = optimizer.update(keep(recordOf(credit)), overMemory(keep, params, state.inner), {
        ...call,
        params,
      });
      return [fromRecord(keep(step as LeafRecord), credit), { mask: state.mask, inner }];
    },
  };
}

const select = (mask: Tensor | undefined, x: Tensor): Tensor => (mask === undefined ? x : where(mask, x, 0));

function maskRecord(mask: Tree, params: LeafRecord): LeafRecord {
  const given = recordOf(mask);
  for (const [path, m] of Object.entries(given)) {
    const p = params[path];
    if (p === undefined || !sameShape(p.shape, m.shape)) {
      throw new ShapeError(
        `masked: the mask ${showShape(m.shape)} at ${path || 'the root'} belongs to ${p === undefined ? 'no parameter' : `a parameter of shape ${showShape(p.shape)}`}`,
        { path, expected: p?.shape, found: m.shape, help: 'build it with mapTensors over the parameters' },
      );
    }
  }
  return trees.mapTensors((m) => (m.dtype === 'bool' ? m : ne(m, 0)), given);
}
