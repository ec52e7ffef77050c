/** Prepares strided copies on the host: fewer, better ordered dimensions before the kernel sees them. */

export interface Coalesced {
  readonly dims: readonly number[];
  /** One list of element strides per array. */
  readonly strides: readonly (readonly number[])[];
}

/** Drops dimensions of size 1 and joins neighbours that every array steps through evenly; the order stays. */
export function coalesce(dims: readonly number[], ...strides: readonly (readonly number[])[]): Coalesced {
  const kept: { size: number; steps: number[] }[] = [];
  dims.forEach((size, axis) => {
    if (size === 1) return;
    const steps = strides.map((s) => s[axis]!);
    const outer = kept.at(-1);
    if (outer?.steps.every((step, k) => step === steps[k]! * size)) {
      outer.size *= size;
      outer.steps = steps;
    } else kept.push({ size, steps });
  });
  return { dims: kept.map((d) => d.size), strides: strides.map((_, k) => kept.map((d) => d.steps[k]!)) };
}

export interface CopyPlan {
  /** d0…d4, os0…os4, is0…is4: what `stridedCopyKernel` takes after its two pointers. */
  readonly args: readonly number[];
  /** The size of d0, over which shares run. */
  readonly extent: number;
  /** Element offsets (out, in) of each call; more than one only when more than five dimensions remain. */
  readonly calls: readonly (readonly [number, number])[];
}

const RANK = 5;

/** Plans a copy of `dims` elements between two strided arrays; the order of the dimensions is chosen for the caches. */
export function planCopy(
  dims: readonly number[],
  outStrides: readonly number[],
  inStrides: readonly number[],
): CopyPlan {
  const order = dims.map((_, axis) => axis).sort((a, b) => Math.abs(outStrides[b]!) - Math.abs(outStrides[a]!));
  const pick = (list: readonly number[]) => order.map((axis) => list[axis]!);
  const joined = coalesce(pick(dims), pick(outStrides), pick(inStrides));
  const loops = joined.dims.map((size, k) => ({ size, out: joined.strides[0]![k]!, in: joined.strides[1]![k]! }));
  pairForTranspose(loops);
  divideOuter(loops);
  while (loops.length < RANK) loops.splice(loops.length < 3 ? 0 : 1, 0, ONCE);
  const outer = loops.splice(0, loops.length - RANK);
  return {
    args: [...loops.map((d) => d.size), ...loops.map((d) => d.out), ...loops.map((d) => d.in)],
    extent: loops[0]!.size,
    calls: outer.reduce<(readonly [number, number])[]>(
      (all, d) =>
        all.flatMap(([o, i]) => Array.from({ length: d.size }, (_, k) => [o + k * d.out, i + k * d.in] as const)),
      [[0, 0]],
    ),
  };
}

interface CopyLoop {
  readonly size: number;
  readonly out: number;
  readonly in: number;
}

/** Elements from which a copy is worth sharing, and the rows or columns that a share must have at least. */
const SHARED_FROM = 32_768;
const SHARE_LENGTH = 32;

const ONCE: CopyLoop = { size: 1, out: 0, in: 0 };

/** A large copy of one plane becomes one of several planes, so that it has a share that can be cut. */
function divideOuter(loops: CopyLoop[]): void {
  const elements = loops.reduce((n, loop) => n * loop.size, 1);
  if (loops.length === 0 || loops.length > 2 || elements < SHARED_FROM) return;
  const { size, out, in: from } = loops[0]!;
  if (loops.length === 2 && size < 2 * SHARE_LENGTH && Math.abs(loops[1]!.in) <= 1) {
    loops.splice(1, 0, ONCE);
    return;
  }
  const parts = [16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2].find(
    (f) => size % f === 0 && size / f >= SHARE_LENGTH,
  );
  if (parts === undefined) return;
  const length = size / parts;
  loops[0] = { size: length, out, in: from };
  if (loops.length === 1) loops.unshift(ONCE);
  loops.unshift({ size: parts, out: out * length, in: from * length });
}

// The kernel transposes in registers when the input is contiguous along the last but one dimension.
function pairForTranspose(loops: CopyLoop[]): void {
  if (loops.length < 3 || loops.at(-1)!.in === 1) return;
  const at = loops.findIndex((d) => d.in === 1);
  if (at >= 0) loops.splice(-1, 0, ...loops.splice(at, 1));
}
