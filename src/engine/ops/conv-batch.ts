/** Batching of convolutions: a batch of images joins N; a batch of kernels joins channels or groups, so that one convolution does the work of all. */
import type { BatchCall, Batched, Op } from '../op.ts';
import { range } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import type { ConvParams } from './conv.ts';
import { moveAxis, reshape, transpose } from './movement.ts';

type Call = BatchCall<ConvParams>;

const swap = (x: Tensor, a: number): Tensor =>
  transpose(
    x,
    range(x.rank).map((i) => (i === a ? a + 1 : i === a + 1 ? a : i)),
  );

/** Axes (b, g·c) at `at` become one axis (g, b, c). */
function interleave(x: Tensor, at: number, groups: number): Tensor {
  const [b, channels] = x.shape.slice(at, at + 2) as [number, number];
  const [before, after] = [x.shape.slice(0, at), x.shape.slice(at + 2)];
  return reshape(swap(reshape(x, [...before, b, groups, channels / groups, ...after]), at), [
    ...before,
    b * channels,
    ...after,
  ]);
}

/** An axis (g, b, c) at `at` becomes (g·c), with b in front of everything. */
function separate(x: Tensor, at: number, b: number, groups: number): Tensor {
  const total = x.shape[at]!;
  const [before, after] = [x.shape.slice(0, at), x.shape.slice(at + 1)];
  const apart = swap(reshape(x, [...before, groups, b, total / groups / b, ...after]), at);
  return moveAxis(reshape(apart, [...before, b, total / b, ...after]), at, 0);
}

/** (b, N, C, …) → (N, g·b·c, …) */
const intoChannels = (x: Tensor, groups: number): Tensor => interleave(moveAxis(x, 0, 1), 1, groups);

/** Batched images with shared kernels: more images. */
function joinImages(op: Op<ConvParams>, { inputs: [images, k], size, params }: Call): Batched {
  const [, n, ...rest] = images!.shape;
  const y = bind1(op, [reshape(images!, [size * n!, ...rest]), k!], params);
  return one(reshape(y, [size, n!, ...y.shape.slice(1)]));
}

/** Both batched: more groups. */
function joinGroups(op: Op<ConvParams>, { inputs: [images, k], size, params }: Call): Batched {
  const y = bind1(op, [intoChannels(images!, 1), interleave(k!, 0, 1)], { ...params, groups: params.groups * size });
  return one(separate(y, 1, size, 1));
}

const one = (out: Tensor): Batched => ({ outs: [out], batched: [true] });

export function batchConv(op: Op<ConvParams>, call: Call): Batched {
  const { inputs, batched, size, params } = call;
  if (batched[0]) return batched[1] ? joinGroups(op, call) : joinImages(op, call);
  const y = bind1(op, [inputs[0]!, interleave(inputs[1]!, 0, params.groups)], params);
  return one(separate(y, 1, size, params.groups));
}

export function batchConvInput(op: Op<ConvParams>, call: Call): Batched {
  const { inputs, batched, size, params } = call;
  if (batched[0]) return batched[1] ? joinGroups(op, call) : joinImages(op, call);
  const x = bind1(op, [inputs[0]!, intoChannels(inputs[1]!, 1)], params);
  return one(separate(x, 1, size, params.groups));
}

export function batchConvKernel(op: Op<ConvParams>, { inputs, batched, size, params }: Call): Batched {
  const [x, y] = inputs as [Tensor, Tensor];
  const { groups } = params;
  if (batched[0] && batched[1])
    return one(
      separate(bind1(op, [intoChannels(x, 1), intoChannels(y, 1)], { ...params, groups: groups * size }), 0, size, 1),
    );
  if (batched[0]) return one(separate(bind1(op, [intoChannels(x, groups), y], params), 1, size, 1));
  return one(separate(bind1(op, [x, intoChannels(y, groups)], params), 0, size, groups));
}
