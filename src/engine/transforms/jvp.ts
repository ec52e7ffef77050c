/** Forward mode: every op is run on the values and its derivative rule on the tangents. */
import { isFloat } from '../dtype.ts';
import { UnsupportedError } from '../errors.ts';
import { collecting, type Scope } from '../memory.ts';
import type { MaybeTensor, Op, Params } from '../op.ts';
import { zerosLike } from '../ops/movement.ts';
import type { Tensor } from '../tensor.ts';
import { Tracer } from '../tensor.ts';
import { bind, Trace, withTrace } from '../trace.ts';
import { noteRule } from './rule-calls.ts';

export class JvpTracer extends Tracer {
  readonly trace: JvpTrace;
  readonly primal: Tensor;
  readonly tangent: Tensor;
  constructor(trace: JvpTrace, primal: Tensor, tangent: Tensor) {
    super(primal.shape, primal.dtype);
    this.trace = trace;
    this.primal = primal;
    this.tangent = tangent;
  }

  /** Under a derivative values are concrete: reading works wherever the value below can be read. */
  override readSync(): ReturnType<Tensor['readSync']> {
    return this.primal.readSync();
  }
}

/** Carries (primal, tangent) pairs; when tangents are tracers of a linear graph, this is the first half of reverse mode. */
export class JvpTrace extends Trace {
  readonly name: string;
  readonly #owned: Scope | null;

  constructor(level: number, name: string, owned: Scope | null = null) {
    super(level);
    this.name = name;
    this.#owned = owned;
  }

  wrap(primal: Tensor, tangent: MaybeTensor): Tensor {
    return tangent === null ? primal : new JvpTracer(this, primal, tangent);
  }

  unwrap(x: Tensor): [primal: Tensor, tangent: MaybeTensor] {
    return x instanceof JvpTracer && x.trace === this ? [x.primal, x.tangent] : [x, null];
  }

  process(op: Op, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    return this.#owned === null
      ? this.#apply(op, inputs, params)
      : collecting(this.#owned, () => this.#apply(op, inputs, params));
  }

  #apply(op: Op, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    const pairs = inputs.map((x) => this.unwrap(x));
    const primals = pairs.map((p) => p[0]);
    const tangents = pairs.map((p) => p[1]);
    if (op.linearize !== undefined && tangents.some((t) => t !== null)) {
      const both = op.linearize(primals, tangents, params);
      return both.outs.map((x, i) => this.wrap(x, both.tangents[i]!));
    }
    const outs = bind(op, primals, params);
    if (op.jvp === undefined || tangents.every((t) => t === null)) return outs;
    noteRule('jvp', op.name);
    const results = op.jvp({ primals, outs, tangents, params });
    return outs.map((x, i) => this.wrap(x, isFloat(x.dtype) ? (results[i] ?? null) : null));
  }
}

/** Runs f on primals with tangents (null = zero): the flat form that the public `jvp` wraps. */
export function jvpFlat(
  f: (...xs: Tensor[]) => readonly Tensor[],
  primals: readonly Tensor[],
  tangents: readonly MaybeTensor[],
  name = 'jvp',
): { readonly outs: Tensor[]; readonly tangents: MaybeTensor[] } {
  return withTrace(
    (level) => new JvpTrace(level, name),
    (trace) => {
      const results = f(...primals.map((x, i) => trace.wrap(x, tangents[i]!))).map((y) => trace.unwrap(y));
      return { outs: results.map((r) => r[0]), tangents: results.map((r) => r[1]) };
    },
  );
}

/** A tangent that must be a tensor: symbolic zeros become zeros. */
export const instantiate = (t: MaybeTensor, like: Tensor): Tensor => t ?? zerosLike(like);

/** Refuses ops that have no transpose, by name. */
export function noTranspose(op: Op): never {
  throw new UnsupportedError(`${op.name} cannot be transposed: it is not linear, or its transpose is not defined`, {
    op: op.name,
    help: 'reverse mode goes through jvp rules made of linear ops; see docs/notes on the nesting matrix',
  });
}
