/**
 * A forward pass taken apart into units, each with its own pullbacks: what feedback-based rules work with.
 *
 * A unit begins at a layer with trainable weights and runs up to the next one: activation, normalisation, pooling and reshaping behind the weights belong to it. Cotangents are handed to a unit at
 * its output; nothing flows between units unless the rule sends it.
 */

import type { Tensor } from '../engine/index.ts';
import { isFloat, UnsupportedError, vjp } from '../engine/index.ts';
import type { ApplyCall, Tree } from './layer.ts';
import { applyLayer } from './layer.ts';
import type { Model } from './model.ts';
import { at, callFor } from './model.ts';

export interface UnitRange {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

export interface UnrolledUnit extends UnitRange {
  readonly input: Tensor;
  readonly output: Tensor;
  /** Credit of the unit's params (a list, one entry a layer) for a cotangent at its output. */
  pullParams(ct: Tensor): Tree;
  /** Cotangent of the unit's input. */
  pullInput(ct: Tensor): Tensor;
}

export interface Unrolled {
  readonly units: readonly UnrolledUnit[];
  readonly output: Tensor;
  readonly modelState: Tree;
}

/** Splits a model into units; layers before the first weights join the first unit. */
export function unitsOf(model: Model): UnitRange[] {
  const starts = model.layers.flatMap((layer, i) => (layer.opensUnit === true ? [i] : []));
  const from = starts.length === 0 ? [0] : [0, ...starts.slice(1)];
  return from.map((start, k) => ({
    from: start,
    to: from[k + 1] ?? model.layers.length,
    name: model.names[starts[k] ?? start]!,
  }));
}

/** Runs the model once and gives every unit its pullbacks. */
export function unroll(model: Model, params: Tree, modelState: Tree, x: Tensor, call: ApplyCall): Unrolled {
  const next: Tree[] = [];
  let y = x;
  const units = unitsOf(model).map((range): UnrolledUnit => {
    const input = y;
    const own = (params as readonly Tree[]).slice(range.from, range.to);
    const varying = isFloat(input.dtype) ? input : null; // indices have no cotangent
    const [output, pull, after] = vjp(
      ({ p, v }: { p: Tree; v: Tensor | null }) => runRange(model, range, p, modelState, v ?? input, call),
      { p: own, v: varying },
      { aux: true },
    );
    next.push(...after);
    y = output;
    return {
      ...range,
      input,
      output,
      pullParams: (ct) => pull(ct).p,
      pullInput: (ct) => pull(ct).v ?? refuse(range, input),
    };
  });
  return { units, output: y, modelState: next };
}

function refuse({ name }: UnitRange, input: Tensor): never {
  throw new UnsupportedError(`${name}: its input is ${input.dtype} and has no cotangent`, {
    dtype: input.dtype,
    help: 'only units with float inputs can be pulled back to their input',
  });
}

/** Runs the layers of one unit; `params` starts at the unit's first layer. */
function runRange(
  model: Model,
  { from, to }: UnitRange,
  params: Tree,
  modelState: Tree,
  x: Tensor,
  call: ApplyCall,
): [Tensor, Tree[]] {
  let y = x;
  const states: Tree[] = [];
  for (let i = from; i < to; i++) {
    const [out, state] = applyLayer(
      model.layers[i]!,
      model.names[i]!,
      at(params, i - from),
      at(modelState, i),
      y,
      callFor(call, i),
    );
    y = out;
    states.push(state);
  }
  return [y, states];
}
