/** Many small networks side by side, trained by credits that come from anywhere: the lower level, without a single derivative. */
import {
  add,
  clamp,
  logistic,
  matmul,
  mul,
  random,
  scan,
  softmax,
  sub,
  sum,
  type Tensor,
  tanh,
  zeros,
} from '../../engine/index.ts';

/** Weights of networks of one shape; leading axes count the networks. */
export type Nets = {
  /** (…, n_{l−1}, n_l) */
  readonly w: readonly Tensor[];
  /** (…, 1, n_l) */
  readonly b: readonly Tensor[];
};

/** What a forward pass leaves: hidden activities and the output, (…, B, n_l). */
export interface Pass {
  readonly hidden: readonly Tensor[];
  readonly output: Tensor;
}

/** A credit for every neuron: what stands where backprop has −∂loss/∂pre-activation at the output and −∂loss/∂h below. */
export interface Credits {
  readonly output: Tensor;
  readonly hidden: readonly Tensor[];
}

export type CreditSource = (pass: Pass, target: Tensor, nets: Nets) => Credits;

export interface UpdateOptions {
  /** A number, or one for each network in a shape that broadcasts against the weights. */
  readonly rate?: number | Tensor;
  /** Weights and biases stay within ±clip. */
  readonly clip?: number;
  /** Leaves φ′ out of the hidden update. */
  readonly isBare?: boolean;
}

/** Networks with weights of variance 1/fan-in and small random hidden biases. */
export function drawNets(key: Tensor, count: readonly number[], widths: readonly number[], hiddenBias = 0.1): Nets {
  const layers = widths.length - 1;
  const keys = random.split(key, 2 * layers);
  const shape = (l: number) => [...count, widths[l]!, widths[l + 1]!];
  return {
    w: keys.slice(0, layers).map((k, l) => mul(random.normal(k, shape(l)), 1 / Math.sqrt(widths[l]!))),
    b: keys.slice(layers).map((k, l) => {
      const size = [...count, 1, widths[l + 1]!];
      return l === layers - 1 ? zeros(size) : mul(random.normal(k, size), hiddenBias);
    }),
  };
}

/** tanh below, a sigmoid or softmax on top: x (…, B, n_0). */
export function forward({ w, b }: Nets, x: Tensor): Pass {
  const hidden: Tensor[] = [];
  for (let l = 0; l < w.length - 1; l++) hidden.push(tanh(add(matmul(hidden[l - 1] ?? x, w[l]!), b[l]!)));
  const a = add(matmul(hidden.at(-1) ?? x, w.at(-1)!), b.at(-1)!);
  return { hidden, output: a.shape.at(-1) === 1 ? logistic(a) : softmax(a, -1) };
}

/** One update from a batch: weights move by credit times what they saw, over the batch. */
export function update(
  nets: Nets,
  x: Tensor,
  pass: Pass,
  credits: Credits,
  { rate = 1, clip = 20, isBare = false }: UpdateOptions = {},
): Nets {
  const samples = x.shape.at(-2)!;
  const local = pass.hidden.map((h, l) => {
    const c = credits.hidden[l]!;
    return isBare ? c : mul(c, sub(1, mul(h, h))); // tanh′ = 1 − h²
  });
  const all = [...local, credits.output];
  const step = mul(rate, 1 / samples);
  const moved = (p: Tensor, by: Tensor): Tensor => clamp(add(p, mul(step, by)), -clip, clip);
  return {
    w: nets.w.map((w, l) => moved(w, matmul(pass.hidden[l - 1] ?? x, all[l]!, { transposeX: true }))),
    b: nets.b.map((b, l) => moved(b, sum(all[l]!, -2, { keepDims: true }))),
  };
}

/** Trains on a sequence of batches, xs (K, …, B, n_0) and ts (K, …, B, n_out). */
export function trainOn(nets: Nets, xs: Tensor, ts: Tensor, source: CreditSource, options: UpdateOptions = {}): Nets {
  const step = (now: Nets, { x, t }: { x: Tensor; t: Tensor }): readonly [Nets, null] => {
    const pass = forward(now, x);
    return [update(now, x, pass, source(pass, t, now), options), null];
  };
  return scan(step, nets, { x: xs, t: ts })[0];
}

/** What backprop of the cross-entropy sends, by its closed form; weights before the update. */
export const backpropCredits: CreditSource = ({ hidden, output }, target, { w }) => {
  const top = sub(target, output);
  const below: Tensor[] = [];
  for (let l = hidden.length - 1; l >= 0; l--) {
    const above = l === hidden.length - 1 ? top : mul(below[0]!, sub(1, mul(hidden[l + 1]!, hidden[l + 1]!)));
    below.unshift(matmul(above, w[l + 1]!, { transposeY: true }));
  }
  return { output: top, hidden: below };
};

/** Chance given to the right class, floored: (…, B). */
export function chanceOfTruth(output: Tensor, target: Tensor): Tensor {
  if (output.shape.at(-1) !== 1) return sum(mul(output, target), -1);
  return sum(add(mul(target, output), mul(sub(1, target), sub(1, output))), -1);
}
