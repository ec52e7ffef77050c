/** Residual block: y = φ(body(x) + skip(x)). */

import type { Shape } from '../engine/index.ts';
import { add, ShapeError, sameShape, showShape } from '../engine/index.ts';
import type { ActivationName } from './activation.ts';
import { blockAnatomy, chain, initChildren } from './chain.ts';
import { conv2d } from './convolution.ts';
import { dense } from './dense.ts';
import type { Layer, Tree } from './layer.ts';
import { applyLayer } from './layer.ts';
import { at, callFor, chainShapes, layerNames, runLayers } from './model.ts';
import { postOf } from './parts.ts';

export interface ResidualOptions {
  readonly body: readonly Layer[];
  /** Layers that carry the input over, where it should be neither the identity nor the projection of its own. */
  readonly skip?: readonly Layer[] | undefined;
  /** Whether a linear map (1×1 convolution, dense) carries the input over where the body changes its shape. */
  readonly projection?: boolean;
  /** After the sum. */
  readonly activation?: ActivationName;
}

/** A block that adds its input to what its body makes of it; params and state are lists: one entry per layer of the body, then the skip's. */
export function residual({ body, skip: around, projection = true, activation = 'identity' }: ResidualOptions): Layer {
  const skip = around === undefined ? skipOver(body, projection) : chain({ layers: around });
  const children = [...body, skip];
  const names = layerNames(body);
  const count = body.length;
  const childInputs = (input: Shape): readonly Shape[] => [...chainShapes(body, input).slice(0, -1), input];
  return {
    kind: 'residual',
    config: { body, projection, activation, ...(around === undefined ? {} : { skip: around }) },
    children,
    childNames: [...names, 'skip'],
    childInputs,
    outShape: (input) => checkSum(skip.outShape(input), chainShapes(body, input).at(-1)!),
    init: (key, input) => initChildren(children, key, childInputs(input)),
    pre(params, state, x, call) {
      const [y, after] = runLayers({ layers: body, names }, params, state, x, call);
      const [carried, skipState] = applyLayer(
        skip,
        'skip',
        at(params, count),
        at(state, count),
        x,
        callFor(call, count),
      );
      return [add(y, carried), [...(after as readonly Tree[]), skipState]];
    },
    ...postOf(activation),
    anatomy: (input) => ({ ...blockAnatomy(children, childInputs(input)), activation }),
    opensUnit: true,
  };
}

function checkSum(carried: Shape, made: Shape): Shape {
  if (sameShape(carried, made)) return made;
  throw new ShapeError(`residual: the body gives ${showShape(made)} and the skip ${showShape(carried)}`, {
    body: made,
    skip: carried,
    help: 'both ways must lead to the same shape',
  });
}

/** The way around a body: the identity, or a linear map to the body's output shape. */
function skipOver(body: readonly Layer[], mayProject: boolean): Layer {
  const across = (input: Shape): Layer | null => {
    const out = chainShapes(body, input).at(-1)!;
    return sameShape(input, out) ? null : projectionTo(input, out, mayProject);
  };
  return {
    kind: 'skip',
    config: {},
    outShape: (input) => across(input)?.outShape(input) ?? input,
    init: (key, input) => across(input)?.init(key, input) ?? { params: null, state: null },
    pre: (params, state, x, call) => across(x.shape.slice(1))?.pre(params, state, x, call) ?? [x, state],
    anatomy: (input) =>
      across(input)?.anatomy?.(input) ?? {
        isLinearInParams: true,
        isLinear: true,
        isPositionWise: true,
        fanIn: 1,
        fanOut: 1,
        activation: 'identity',
        weights: [],
      },
  };
}

function projectionTo(input: Shape, out: Shape, mayProject: boolean): Layer {
  const isImage = input.length === 3 && out.length === 3;
  const strides = [1, 2].map((axis) => Math.ceil(input[axis]! / out[axis]!)) as [number, number];
  const candidate = isImage
    ? conv2d({ filters: out[0]!, kernel: 1, stride: strides, bias: false })
    : dense({ units: out.at(-1) ?? 1, bias: false });
  if (mayProject && input.length === out.length && sameShape(candidate.outShape(input), out)) return candidate;
  throw new ShapeError(
    `residual: the body turns a sample of shape ${showShape(input)} into ${showShape(out)}, and ${mayProject ? 'no projection leads there' : 'projection is off'}`,
    {
      input,
      output: out,
      help: mayProject
        ? "keep height and width with padding: 'same'"
        : 'let the body keep the shape, or drop projection: false',
    },
  );
}
