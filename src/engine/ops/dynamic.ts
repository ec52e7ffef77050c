/** Windows whose place is computed: reading and writing a part of fixed size at starts that are tensors. */
import type { CheckRow } from '../check-row.ts';
import { ShapeError } from '../errors.ts';
import { showShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, sub } from './arithmetic.ts';
import { ge, lt } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { asIndices, take } from './gather.ts';
import { iota } from './iota.ts';
import { and, where } from './logic.ts';
import { expandDims, reshape } from './movement.ts';
import { maximum, minimum } from './piecewise.ts';
import { promote } from './promote.ts';

/** A start as an i32 without axes, moved so that the window lies inside. */
function clampedStart(start: TensorLike, extent: number, size: number): Tensor {
  const place = asIndices(start);
  if (place.rank !== 0)
    throw new ShapeError(`a start has the shape ${showShape(place.shape)}, not []`, {
      shape: place.shape,
      help: 'pass one start for each axis, and use vmap for many windows',
    });
  return minimum(maximum(place, 0), extent - size);
}

function checkWindow(
  name: string,
  shape: readonly number[],
  starts: readonly TensorLike[],
  sizes: readonly number[],
): void {
  const fits = starts.length === shape.length && sizes.length === shape.length;
  if (!fits || sizes.some((s, i) => !Number.isInteger(s) || s < 0 || s > shape[i]!))
    throw new ShapeError(
      `${name}: ${starts.length} starts and a window of ${showShape(sizes)} do not fit ${showShape(shape)}`,
      { shape, sizes, help: 'one start and one size ≤ the extent for each axis' },
    );
}

/** The part of x of the given sizes that begins at `starts`, one number or i32 tensor without axes for each axis of x; starts are clamped so that it lies inside. */
export function dynamicSlice(x: Tensor, starts: readonly TensorLike[], sizes: readonly number[]): Tensor {
  checkWindow('dynamicSlice', x.shape, starts, sizes);
  return starts.reduce<Tensor>((part, start, axis) => {
    const [extent, size] = [x.shape[axis]!, sizes[axis]!];
    if (size === extent) return part;
    return take(part, add(iota(size), clampedStart(start, extent, size)), axis);
  }, x);
}

/** x with the part that begins at `starts` replaced by `update`; starts are clamped so that it lies inside. */
export function dynamicUpdateSlice(x: TensorLike, update: TensorLike, starts: readonly TensorLike[]): Tensor {
  const [target, part] = promote(x, update) as [Tensor, Tensor];
  checkWindow('dynamicUpdateSlice', target.shape, starts, part.shape);
  if (part.size === 0) return target;
  let isInside: Tensor | undefined;
  let spread = part;
  for (const [axis, start] of starts.entries()) {
    const [extent, size] = [target.shape[axis]!, part.shape[axis]!];
    if (size === extent) continue;
    const place = sub(iota(extent), clampedStart(start, extent, size));
    spread = take(spread, place, axis); // clamped beside the window, where it is not looked at
    const flags = and(ge(place, 0), lt(place, size));
    const shaped = reshape(flags, [extent, ...target.shape.slice(axis + 1).map(() => 1)]);
    isInside = isInside === undefined ? shaped : and(isInside, shaped);
  }
  return isInside === undefined ? spread : where(isInside, spread, target);
}

const start = { shape: [], kind: 'i32', domain: [-1, 5] } as const;
const plane = { shape: [5, 4] };

export const dynamicChecks: readonly CheckRow[] = [
  { name: 'dynamicSlice', f: (x, i, j) => dynamicSlice(x!, [i!, j!], [2, 3]), args: [plane, start, start] },
  { name: 'dynamicSlice.whole', f: (x, i) => dynamicSlice(x!, [i!, 0], [2, 4]), args: [plane, start] },
  {
    name: 'dynamicUpdateSlice',
    f: (x, y, i, j) => dynamicUpdateSlice(x!, y!, [i!, j!]),
    args: [plane, { shape: [2, 3] }, start, start],
  },
  {
    name: 'dynamicUpdateSlice.row',
    f: (x, y, i) => dynamicUpdateSlice(x!, expandDims(y!, 0), [i!, 0]),
    args: [plane, { shape: [4] }, start],
  },
];
