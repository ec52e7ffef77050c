/** Check 1: with the credits that backprop sends the lower level is backprop; with the delta rule only the output learns; no derivative is taken. */
import {
  add,
  cast,
  countRules,
  eq,
  grad,
  gt,
  log,
  matmul,
  max,
  mean,
  mul,
  neg,
  random,
  sub,
  type Tensor,
} from '../../engine/index.ts';
import { numbersOf } from '../../methods/testing/cases.ts';
import {
  backpropCredits,
  chanceOfTruth,
  drawNets,
  forward,
  type Nets,
  update,
} from '../../methods/top-down/bottom-up.ts';
import { linearTopDown, type TopDownShape, topDownCredits } from '../../methods/top-down/top-down.ts';
import { atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';

const STEPS = 50;
const BATCH = 16;

interface Drawn {
  readonly nets: Nets;
  readonly batches: readonly { readonly x: Tensor; readonly t: Tensor }[];
  readonly outputs: number;
}

/** A small network and targets of a teacher, in the default dtype. */
function draw(lab: Lab, outputs: number): Drawn {
  const [forNets, forTeacher, forX] = random.split(lab.key('identity', outputs), 3) as [Tensor, Tensor, Tensor];
  const widths = [6, 9, outputs];
  const teacher = drawNets(forTeacher, [], widths);
  const batches = Array.from({ length: STEPS }, (_, i) => {
    const x = random.normal(random.foldIn(forX, i), [BATCH, 6]);
    const { output } = forward(teacher, x);
    const t = outputs === 1 ? gt(output, 0.5) : eq(output, max(output, -1, { keepDims: true }));
    return { x, t: cast(t, x.dtype) };
  });
  return { nets: drawNets(forNets, [], widths), batches, outputs };
}

const crossEntropy = (nets: Nets, x: Tensor, t: Tensor): Tensor =>
  neg(mean(log(chanceOfTruth(forward(nets, x).output, t))));

/** The largest difference of a number in two trees. */
function gap(a: Nets, b: Nets): number {
  const [own, other] = [numbersOf(a), numbersOf(b)];
  return Math.max(...own.map((v, i) => Math.abs(v - other[i]!)));
}

/** Fifty updates by sent credits against fifty steps down the gradient of the cross-entropy, rate 1. */
function apartFromBackprop(lab: Lab, outputs: number): number {
  const { nets, batches } = draw(lab, outputs);
  let [own, exact] = [nets, nets];
  for (const { x, t } of batches) {
    const pass = forward(own, x);
    own = update(own, x, pass, backpropCredits(pass, t, own));
    const slope = grad((n: Nets) => crossEntropy(n, x, t))(exact);
    const down = (p: Tensor, g: Tensor): Tensor => sub(p, g);
    exact = { w: exact.w.map((w, l) => down(w, slope.w[l]!)), b: exact.b.map((b, l) => down(b, slope.b[l]!)) };
  }
  return gap(own, exact);
}

/** Fifty updates by S = [−I; I] alone, and the delta rule of the output written out on the same activities. */
function deltaRule(lab: Lab, outputs: number): { readonly output: number; readonly hidden: number } {
  const { nets, batches } = draw(lab, outputs);
  const shape: TopDownShape = { outputs, hidden: [9], sources: [3], observeHidden: false, units: 8 };
  const source = topDownCredits(linearTopDown(shape), shape);
  let own = nets;
  let [w, b] = [nets.w[1]!, nets.b[1]!];
  for (const { x, t } of batches) {
    const pass = forward(own, x);
    own = update(own, x, pass, source(pass, t, own));
    const h = pass.hidden[0]!;
    const { output } = forward({ w: [nets.w[0]!, w], b: [nets.b[0]!, b] }, x);
    const error = mul(sub(t, output), 1 / BATCH);
    w = add(w, matmul(h, error, { transposeX: true }));
    b = add(b, error.sum(0, { keepDims: true }));
  }
  const of = (l: number, n: Nets): Nets => ({ w: [n.w[l]!], b: [n.b[l]!] });
  return { output: gap(of(1, own), { w: [w], b: [b] }), hidden: gap(of(0, own), of(0, nets)) };
}

/** Derivative rules called while the lower level is run. */
function rulesCalled(lab: Lab): number {
  const { nets, batches, outputs } = draw(lab, 3);
  const shape: TopDownShape = { outputs, hidden: [9], sources: [3], observeHidden: true, units: 8 };
  const source = topDownCredits(linearTopDown(shape), shape);
  const { calls } = countRules(() =>
    batches.reduce((now, { x, t }) => {
      const pass = forward(now, x);
      return update(now, x, pass, source(pass, t, now));
    }, nets),
  );
  return [...Object.values(calls.jvp), ...Object.values(calls.transpose)].reduce((a, b) => a + b, 0);
}

const claim = (id: string, sentence: string, threshold: Claim['threshold'], measure: (lab: Lab) => number): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  threshold,
  expected: 'holds',
  measure: (lab) => lab.f64(() => measure(lab)),
});

export const identityClaims: readonly Claim[] = [
  claim(
    'backprop-sigmoid',
    'With c_out = t − o and c_hid = (t − o)·W_out fifty updates are fifty steps of backprop at rate 1 (one hidden layer, sigmoid): largest difference of a weight.',
    atMost(1e-12),
    (lab) => apartFromBackprop(lab, 1),
  ),
  claim('backprop-softmax', 'The same with three outputs and a softmax.', atMost(1e-12), (lab) =>
    apartFromBackprop(lab, 3),
  ),
  claim(
    'delta-rule',
    'With S = [−I; I] and nothing else the output follows the delta rule: largest difference of a weight after fifty updates.',
    atMost(1e-12),
    (lab) => Math.max(deltaRule(lab, 1).output, deltaRule(lab, 3).output),
  ),
  claim('delta-rule-hidden', 'Hidden weights and biases then stay where they are: largest change.', exactly(0), (lab) =>
    Math.max(deltaRule(lab, 1).hidden, deltaRule(lab, 3).hidden),
  ),
  claim(
    'no-derivatives',
    'Fifty updates of the lower level call no derivative rule of any op: calls.',
    exactly(0),
    rulesCalled,
  ),
];
