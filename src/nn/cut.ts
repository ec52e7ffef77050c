/**
 * One forward pass whose way back is cut at chosen taps: what comes from above ends there, and the caller sends a cotangent of its own instead.
 *
 * Everything below a cut, down to the next one, follows the exact derivative. Segments do not depend on one another, whatever blocks they lie in.
 */

import type { Tensor } from '../engine/index.ts';
import { scopePath, stopGradient, UnsupportedError, vjp, withTaps } from '../engine/index.ts';
import type { ApplyCall, Tree } from './layer.ts';
import type { Model } from './model.ts';

export interface Cut {
  /** Name of the tap within the model, `transformerBlock2/post`. */
  readonly name: string;
  readonly value: Tensor;
}

export interface CutPass {
  readonly output: Tensor;
  readonly modelState: Tree;
  /** In the order of the forward pass. */
  readonly cuts: readonly Cut[];
  /** Credit of all params for a cotangent of the output and one for each cut. */
  pull(output: Tensor, cuts: readonly Tensor[]): Tree;
}

/** Runs a model with its way back cut at taps, all of which must exist; `atTaps` are names within the model. */
export function runCut(
  model: Model,
  {
    params,
    state,
    x,
    atTaps,
  }: { readonly params: Tree; readonly state: Tree; readonly x: Tensor; readonly atTaps: readonly string[] },
  call: ApplyCall = {},
): CutPass {
  const outer = scopePath() === '' ? '' : `${scopePath()}/`;
  const names: string[] = [];
  const [{ output, values }, pull, modelState] = vjp(
    (p: Tree) => {
      const kept: Tensor[] = [];
      const cut = (v: Tensor, path: string): Tensor => {
        const name = path.startsWith(outer) ? path.slice(outer.length) : path;
        if (!atTaps.includes(name)) return v;
        names.push(name);
        kept.push(v);
        return stopGradient(v);
      };
      const [y, next] = withTaps(cut, () => model.apply(p, state, x, call));
      return [{ output: y, values: kept }, next] as const;
    },
    params,
    { aux: true },
  );
  checkFound(model, atTaps, names);
  return {
    output,
    modelState,
    cuts: values.map((value, i) => ({ name: names[i]!, value })),
    pull: (ct, cuts) => pull({ output: ct, values: [...cuts] }),
  };
}

function checkFound(model: Model, wanted: readonly string[], found: readonly string[]): void {
  const missing = wanted.filter((name) => !found.includes(name));
  if (missing.length === 0 && found.length === wanted.length) return;
  throw new UnsupportedError(
    missing.length > 0 ? `the model has no tap ${missing.join(', ')}` : 'a tap was passed more than once',
    { missing, help: `layers are ${model.names.join(', ')}; each has a tap <name>/post` },
  );
}
