/** What is cloned: online gradient descent on x⁽ᵏ⁺¹⁾ = tanh(x⁽ᵏ⁾)·W with cross-entropy, by automatic differentiation, one example after another. */
import {
  add,
  concat,
  matmul,
  mul,
  random,
  reshape,
  scan,
  sub,
  type Tensor,
  take,
  tanh,
  trees,
  valueAndGrad,
  zeros,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import { surprise } from './machine.ts';

/** Examples of one run: xs (T, A), ys (T, C) one-hot. */
export interface OnlineCall {
  /** (A, B) for each layer. */
  readonly weights: readonly Tensor[];
  readonly xs: Tensor;
  readonly ys: Tensor;
  readonly rate: number;
}

/** What a synapse saw and held at one moment, (n) each. */
export interface Tuples {
  readonly x: Tensor;
  readonly e: Tensor;
  readonly w: Tensor;
}

export interface OnlineRun {
  readonly weights: readonly Tensor[];
  /** (T, C), each made before its own update. */
  readonly logits: Tensor;
  /** ∂L/∂x⁽ᵏ⁾ of the inputs and of every layer's outputs, (T, width). */
  readonly errors: readonly Tensor[];
}

interface Step {
  readonly weights: readonly Tensor[];
  readonly logits: Tensor;
  readonly errors: readonly Tensor[];
  /** x⁽ᵏ⁾ of every layer's inputs. */
  readonly inputs: readonly Tensor[];
}

/** Gradient descent over a stream, one update an example. */
export function onlineBackprop({ weights, xs, ys, rate }: OnlineCall): OnlineRun {
  const [after, [logits, errors]] = scan(
    (held: readonly Tensor[], [x, y]: [Tensor, Tensor]): readonly [readonly Tensor[], [Tensor, readonly Tensor[]]] => {
      const step = descend(held, x, y, rate);
      return [step.weights, [step.logits, step.errors]];
    },
    weights,
    [xs, ys] as [Tensor, Tensor],
  );
  return { weights: after, logits, errors };
}

/** What randomly chosen synapses of every layer see during such a run, before each update. */
export function recordTuples({ weights, xs, ys, rate }: OnlineCall, key: Key, synapses = 20): Tuples {
  const keys = random.keys(key, xs.shape[0]!);
  const [, seen] = scan(
    (held: readonly Tensor[], [x, y, from]: [Tensor, Tensor, Tensor]): readonly [readonly Tensor[], Tuples] => {
      const step = descend(held, x, y, rate);
      return [step.weights, sampled(held, step, from, synapses)];
    },
    weights,
    [xs, ys, keys] as [Tensor, Tensor, Tensor],
  );
  const flat = (t: Tensor) => reshape(t, [t.size]);
  return { x: flat(seen.x), e: flat(seen.e), w: flat(seen.w) };
}

/** One update. Zeros are added to the inputs and to every layer's outputs: the gradients by them are the errors. */
function descend(weights: readonly Tensor[], x: Tensor, y: Tensor, rate: number): Step {
  const probes = [x.shape[0]!, ...weights.map((w) => w.shape[1]!)].map((width) => zeros([1, width], x.dtype));
  const seen = (p: { readonly weights: readonly Tensor[]; readonly probes: readonly Tensor[] }) => {
    const inputs = [add(reshape(x, [1, x.size]), p.probes[0]!)];
    p.weights.forEach((w, k) => void inputs.push(add(matmul(tanh(inputs[k]!), w), p.probes[k + 1]!)));
    const logits = reshape(inputs.at(-1)!, [y.size]);
    return [surprise(logits, y), { logits, inputs: inputs.slice(0, -1).map((z) => reshape(z, [z.size])) }] as [
      Tensor,
      { logits: Tensor; inputs: Tensor[] },
    ];
  };
  const [[, { logits, inputs }], slopes] = valueAndGrad(seen, { aux: true })({ weights, probes }) as unknown as [
    [Tensor, { logits: Tensor; inputs: Tensor[] }],
    { weights: Tensor[]; probes: Tensor[] },
  ];
  return {
    weights: trees.addScaled(weights, -rate, slopes.weights),
    logits,
    inputs,
    errors: slopes.probes.map((p) => reshape(p, [p.size])),
  };
}

function sampled(weights: readonly Tensor[], { inputs, errors }: Step, key: Key, n: number): Tuples {
  const parts = weights.map((w, k): Tuples => {
    const [forA, forB] = random.split(random.foldIn(key, k), 2) as [Key, Key];
    const [inputsOf, outputsOf] = w.shape as [number, number];
    const a = random.randint(forA, [n], 0, inputsOf);
    const b = random.randint(forB, [n], 0, outputsOf);
    const at = add(mul(a, outputsOf), b);
    return { x: take(inputs[k]!, a), e: take(errors[k + 1]!, b), w: take(reshape(w, [w.size]), at) };
  });
  const join = (name: keyof Tuples) => concat(parts.map((part) => part[name]));
  return { x: join('x'), e: join('e'), w: join('w') };
}

/** Cosine of the changes of two runs from the same start, layer by layer. */
export function changeCosines(start: readonly Tensor[], one: readonly Tensor[], other: readonly Tensor[]): number[] {
  return start.map((w, k) => {
    const [u, v] = [sub(one[k]!, w), sub(other[k]!, w)];
    return trees.dot(u, v).item() / Math.sqrt(trees.dot(u, u).item() * trees.dot(v, v).item());
  });
}
