/**
 * The inference of predictive coding in deviations from the free state: ξ = x − x°, where x° is the forward pass and every error is 0.
 *
 * εᵢ = ξᵢ − (μᵢ(x° + ξ) − μᵢ(x°)), the last one −λ·∂L/∂o; ξᵢ moves by −εᵢ plus what its children pull. This is the gradient flow of ½Σ‖ε‖² + λ·L with the output's value eliminated, and loses no
 * digits to the size of x°, however small λ.
 */
import type { Tensor, TensorLike } from '../../engine/index.ts';
import { add, mul, neg, square, sub, sum, zerosLike } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import type { Batch, Loss } from '../../nn/loss.ts';
import { changeAndPull } from '../energy/difference.ts';
import { forwardValues, heard, type Network, type Surroundings, type Values } from '../energy/network.ts';
import { samplesIn } from '../energy/prediction.ts';
import { type Relaxed, relax } from '../energy/relax.ts';

export interface Teacher {
  readonly loss: Loss;
  readonly batch: Batch;
  /** λ: how strongly the loss pulls. */
  readonly nudge: TensorLike;
}

export interface InferenceOptions {
  /** T: moves, all values at once. */
  readonly steps: number;
  /** Length of a move along the force. */
  readonly rate: number;
  /** ξ to go on from; 0 unless said. */
  readonly from?: readonly Tensor[];
}

/** What is worth a look at one step: energies summed over the batch, and the squared distance from the free state. */
export type InferenceRecord = { readonly internal: Tensor; readonly loss: Tensor; readonly moved: Tensor };

export interface Inference<R extends Tree = null> {
  /** x°, the forward pass. */
  readonly free: Values;
  /** x: where inference ended. */
  readonly values: Values;
  /** ξ = x − x° of every vertex but the output. */
  readonly moved: readonly Tensor[];
  /** ε of every vertex there, the last one from the loss. */
  readonly errors: readonly Tensor[];
  /** L at the free state and in the units of the loss. */
  readonly loss: Tensor;
  readonly modelState: Tree;
  /** How the relaxation went; null for a model without hidden vertices. */
  readonly relaxed: Relaxed<readonly Tensor[], R> | null;
}

/** Relaxes the hidden values of a network from the forward pass under the pull of a loss. */
export function infer(net: Network, around: Surroundings, teacher: Teacher, options: InferenceOptions): Inference;
export function infer(
  net: Network,
  around: Surroundings,
  teacher: Teacher,
  options: InferenceOptions & { readonly trace: true },
): Inference<InferenceRecord>;
export function infer(
  net: Network,
  around: Surroundings,
  teacher: Teacher,
  { steps, rate, from, trace = false }: InferenceOptions & { readonly trace?: boolean },
): Inference<InferenceRecord | null> {
  const { values: free, modelState } = forwardValues(net, around);
  const hidden = free.slice(0, -1);
  const at = (xi: readonly Tensor[]): Errors => errorsAt(net, around, teacher, free, xi);
  const start = from ?? hidden.map(zerosLike);
  const record = trace ? { record: (xi: readonly Tensor[]) => recordOf(at(xi), xi, teacher) } : {};
  const relaxed =
    hidden.length === 0
      ? null
      : relax<readonly Tensor[], InferenceRecord | null>((xi) => at(xi).force, start, { steps, rate, ...record });
  const xi = relaxed?.state ?? start;
  return {
    free,
    values: [...hidden.map((x, i) => add(x, xi[i]!)), free.at(-1)!],
    moved: xi,
    errors: at(xi).errors,
    loss: teacher.loss.value(free.at(-1)!, teacher.batch),
    modelState,
    relaxed,
  };
}

interface Errors {
  readonly errors: readonly Tensor[];
  readonly force: readonly Tensor[];
  readonly output: Tensor;
}

function errorsAt(
  net: Network,
  around: Surroundings,
  { loss, batch, nudge }: Teacher,
  free: Values,
  xi: readonly Tensor[],
): Errors {
  const parts = net.vertices.map((_, i) => changeAndPull(net, i, around, free, xi));
  const last = parts.at(-1);
  const output = last == null ? free.at(-1)! : add(free.at(-1)!, last[0]);
  const top = mul(mul(loss.error(output, batch), -samplesIn(loss, output)), nudge); // ε of the output
  const errors = [...xi.map((x, i) => (parts[i] === null ? x : sub(x, parts[i]![0]))), top];
  const messages = heard(
    net,
    parts.map((part, i) => (part === null ? null : part[1](errors[i]!))),
  );
  const force = xi.map((_, i) => (messages[i] === null ? neg(errors[i]!) : sub(messages[i]!, errors[i]!)));
  return { errors, force, output };
}

const squares = (xs: readonly Tensor[]): Tensor => xs.map((x) => sum(square(x))).reduce((a, b) => add(a, b));

const recordOf = ({ errors, output }: Errors, xi: readonly Tensor[], { loss, batch }: Teacher): InferenceRecord => ({
  internal: mul(squares(errors.slice(0, -1)), 0.5),
  loss: mul(loss.value(output, batch), samplesIn(loss, output)),
  moved: squares(xi),
});
