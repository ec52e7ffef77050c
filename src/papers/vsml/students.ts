/** Everything that learns a short task online: machines of synapses, a Meta RNN, and softmax regression by gradient descent. */
import {
  add,
  argmax,
  cast,
  concat,
  eq,
  expandDims,
  grad,
  jit,
  logistic,
  matmul,
  mean,
  mul,
  random,
  reshape,
  scan,
  sliceAxis,
  softmax,
  sub,
  sum,
  type Tensor,
  type Tree,
  tanh,
  zeros,
} from '../../engine/index.ts';
import { type Example, type Machine, type MachineState, type Stream, surprise } from '../../methods/vsml/machine.ts';
import type { Student } from '../../methods/vsml/meta.ts';
import { applyUpdates, type Optimizer } from '../../optim/index.ts';

/** Learns one example after another, in many episodes side by side. */
export interface Online<S> {
  start(episodes: number): S;
  learn(state: S, example: Example): readonly [state: S, logits: Tensor];
  predict(state: S, x: Tensor): Tensor;
}

/** A machine with its parameters and the key of its first states. */
export const asOnline = <Theta, S>(net: Machine<Theta, S>, theta: Theta, key: Tensor): Online<MachineState<S>> => ({
  start: (episodes) => net.start(key, episodes),
  learn: (state, example) => net.learn(theta, state, example),
  predict: (state, x) => net.predict(theta, state, x),
});

type Regression = { readonly params: { readonly W: Tensor; readonly b: Tensor }; readonly memory: Tree };

/** Softmax regression from zero, one update an example; `memory` of the optimiser carries its rate. */
export function regression(
  optimizer: Optimizer,
  { inputs, classes }: { readonly inputs: number; readonly classes: number },
): Online<Regression> {
  const logitsOf = ({ W, b }: Regression['params'], x: Tensor) => {
    const out = add(matmul(expandDims(x, 1), W), b); // (E, 1, C)
    return reshape(out, [x.shape[0]!, classes]);
  };
  return {
    start(episodes) {
      const params = { W: zeros([episodes, inputs, classes]), b: zeros([episodes, 1, classes]) };
      return { params, memory: optimizer.init(params) };
    },
    learn({ params, memory }, { x, y }) {
      const slope = grad((p: Regression['params']) => sum(surprise(logitsOf(p, x), y)))(params);
      const [step, next] = optimizer.update(slope, memory, { params });
      return [{ params: applyUpdates(params, step), memory: next }, logitsOf(params, x)];
    },
    predict: ({ params }, x) => logitsOf(params, x),
  };
}

/** Share of right predictions at every place of the stream, over episodes; compiled. */
export function accuracyCurve<S>(online: Online<S>, stream: Stream): number[] {
  const run = jit(({ xs, ys }: { xs: Tensor; ys: Tensor }) => {
    const learn = (s: S, [x, y]: [Tensor, Tensor]) => online.learn(s, { x, y });
    const [, logits] = scan(learn, online.start(xs.shape[1]!), [xs, ys] as [Tensor, Tensor]);
    return mean(cast(eq(argmax(logits, -1), argmax(ys, -1)), 'f32'), 1);
  });
  return Array.from(run({ ...stream }).readSync(), Number);
}

/** A recurrent net that is to learn in its activations alone: LSTM on input, last error and last label. */
export interface MetaRnn extends Student<RnnTheta, RnnState> {
  init(key: Tensor): RnnTheta;
  learn(theta: RnnTheta, state: RnnState, example: Example): readonly [RnnState, Tensor];
}

export type RnnTheta = { readonly W: Tensor; readonly b: Tensor; readonly V: Tensor; readonly a: Tensor };
export type RnnState = { readonly h: Tensor; readonly c: Tensor; readonly e: Tensor; readonly y: Tensor };

/** The Meta RNN: gates i, f, g, o with 1 added to the forget gate; N(0, 1/fan-in), biases zero. */
export function metaRnn({ inputs, classes, units }: Record<'inputs' | 'classes' | 'units', number>): MetaRnn {
  const fanIn = inputs + 2 * classes + units;
  const learn = (theta: RnnTheta, { h, c, e, y: last }: RnnState, { x, y }: Example): readonly [RnnState, Tensor] => {
    const z = add(matmul(concat([x, e, last, h], 1), theta.W), theta.b); // (E, 4 units)
    const gate = (i: number) => sliceAxis(z, 1, i * units, (i + 1) * units);
    const after = add(mul(logistic(add(gate(1), 1)), c), mul(logistic(gate(0)), tanh(gate(2))));
    const out = mul(logistic(gate(3)), tanh(after));
    const logits = add(matmul(out, theta.V), theta.a);
    return [{ h: out, c: after, e: sub(softmax(logits), y), y }, logits];
  };
  return {
    init(key) {
      const [forW, forV] = random.split(key, 2) as [Tensor, Tensor];
      return {
        W: mul(random.normal(forW, [fanIn, 4 * units]), 1 / Math.sqrt(fanIn)),
        b: zeros([4 * units]),
        V: mul(random.normal(forV, [units, classes]), 1 / Math.sqrt(units)),
        a: zeros([classes]),
      };
    },
    start: (_, E) => ({ h: zeros([E, units]), c: zeros([E, units]), e: zeros([E, classes]), y: zeros([E, classes]) }),
    learn,
    run: (theta, state, { xs, ys }) =>
      scan((s: RnnState, [x, y]: [Tensor, Tensor]) => learn(theta, s, { x, y }), state, [xs, ys] as [Tensor, Tensor]),
  };
}

/** What one showing of an example changes, after so many others: probabilities of the right class, means over episodes. */
export interface Exposure {
  readonly before: number;
  readonly after: number;
  /** Mean change for later inputs of the same class, and of other classes. */
  readonly same: number;
  readonly other: number;
}

/** Shows example `warmUp` of every episode once; the examples behind it are only looked at. */
export function exposure<S>(online: Online<S>, { xs, ys }: Stream, warmUp: number): Exposure {
  const [T, E] = ys.shape as [number, number];
  const at = (t: Tensor, i: number) => reshape(sliceAxis(t, 0, i, i + 1), t.shape.slice(1));
  const right = (state: S, i: number): number[] => {
    const p = sum(mul(softmax(online.predict(state, at(xs, i))), at(ys, i)), -1);
    return Array.from(p.readSync(), Number);
  };
  let state = online.start(E);
  for (let i = 0; i < warmUp; i++) [state] = online.learn(state, { x: at(xs, i), y: at(ys, i) });
  const [shown] = online.learn(state, { x: at(xs, warmUp), y: at(ys, warmUp) });
  const labels = Array.from(argmax(ys, -1).readSync(), Number);
  const changes = { same: [] as number[], other: [] as number[] };
  for (let i = warmUp + 1; i < T; i++) {
    const [was, is] = [right(state, i), right(shown, i)];
    for (let e = 0; e < E; e++)
      changes[labels[i * E + e] === labels[warmUp * E + e] ? 'same' : 'other'].push(is[e]! - was[e]!);
  }
  const average = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / Math.max(1, v.length);
  return {
    before: average(right(state, warmUp)),
    after: average(right(shown, warmUp)),
    same: average(changes.same),
    other: average(changes.other),
  };
}
