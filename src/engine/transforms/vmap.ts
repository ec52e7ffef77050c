/** Vectorisation: one extra leading axis through every op; values that do not carry it stay as they are. */
import { ShapeError } from '../errors.ts';
import type { Op, Params } from '../op.ts';
import { broadcastTo } from '../ops/movement.ts';
import type { Tensor } from '../tensor.ts';
import { Tracer } from '../tensor.ts';
import { bind, Trace, withTrace } from '../trace.ts';

export class BatchTracer extends Tracer {
  readonly trace: BatchTrace;
  /** The value with the batch axis in front. */
  readonly value: Tensor;
  constructor(trace: BatchTrace, value: Tensor) {
    super(value.shape.slice(1), value.dtype);
    this.trace = trace;
    this.value = value;
  }
}

export class BatchTrace extends Trace {
  readonly name = 'vmap';
  readonly size: number;

  constructor(level: number, size: number) {
    super(level);
    this.size = size;
  }

  process(op: Op, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    const batched = inputs.map((x) => x instanceof BatchTracer && x.trace === this);
    const values = inputs.map((x, i) => (batched[i] ? (x as BatchTracer).value : x));
    if (!batched.includes(true)) return bind(op, values, params);
    const result = op.batch({ inputs: values, batched, size: this.size, params });
    return result.outs.map((x, i) => (result.batched[i] ? new BatchTracer(this, x) : x));
  }
}

/** Runs f with axis 0 of the chosen inputs mapped; results have the axis in front where `outBatched` says so. */
export function vmapFlat(
  f: (...xs: Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  isMapped: readonly boolean[],
  size: number,
): { readonly outs: Tensor[]; readonly batched: boolean[] } {
  return withTrace(
    (level) => new BatchTrace(level, size),
    (trace) => {
      const results = f(...inputs.map((x, i) => (isMapped[i] ? new BatchTracer(trace, x) : x)));
      const batched = results.map((y) => y instanceof BatchTracer && y.trace === trace);
      return { outs: results.map((y, i) => (batched[i] ? (y as BatchTracer).value : y)), batched };
    },
  );
}

/** A result that must carry the batch axis. */
export const withBatchAxis = (x: Tensor, isBatched: boolean, size: number): Tensor =>
  isBatched ? x : broadcastTo(x, [size, ...x.shape]);

/** The common extent of the mapped axes; throws when they differ. */
export function mappedSize(extents: readonly number[]): number {
  const [head] = extents;
  if (head === undefined)
    throw new ShapeError('vmap: no argument is mapped', {
      help: 'map at least one argument, or call the function without vmap',
    });
  if (extents.some((d) => d !== head))
    throw new ShapeError(`vmap: mapped axes have different lengths ${extents.join(', ')}`, {
      extents,
      help: 'all mapped axes must be equally long; pass inAxes with null for arguments that are not mapped',
    });
  return head;
}
