/** Checks 2, 3 and 4 as claims: the trap, the two recursions, known and random expressions. */
import { add, backwardGradients, forwardValues, traceScalars } from '../../engine/index.ts';
import { scalarPlot, valueGraphSvg } from '../../plot/index.ts';
import { atLeast, atMost, type Claim, exactly, type PerScale, type Threshold } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { blogDerivatives, blogNetwork } from './blog.ts';
import {
  centralDifference,
  type Reference,
  randomExpressionError,
  referenceError,
  references,
  secondSweep,
  swept,
} from './expressions.ts';
import { chainRuleCalls, doubling, doublingCosts, expandPaths } from './paths.ts';
import { sweepsFigure } from './sweeps-figure.ts';

const claim = (
  id: string,
  kind: Claim['kind'],
  sentence: string,
  published: Claim['published'],
  unit: string,
  threshold: PerScale<Threshold>,
  measure: Claim['measure'],
): Claim => ({ id, kind, sentence, published, unit, threshold, expected: 'holds', measure });

const trapDepth = 30;
const perDepth = { quick: exactly(2 ** 16), full: exactly(2 ** 20) };
const shallow = (lab: Lab) => doubling(lab.pick(16, 20));

/** Time of the path expansion at depth 30, by the time a path takes, over the time of the backward sweep. */
async function extrapolatedRatio(lab: Lab): Promise<number> {
  const scalar = shallow(lab);
  const deep = doubling(trapDepth);
  const values = forwardValues(deep, [1]);
  const times = Array.from(
    { length: 5 },
    () => [timeOf(() => expandPaths(scalar)), timeOf(() => backwardGradients(deep, values))] as const,
  );
  const median = (k: 0 | 1) => times.map((t) => t[k]).sort((a, b) => a - b)[2]!;
  return (median(0) * 2 ** (trapDepth - lab.pick(16, 20))) / median(1);
}

function timeOf(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

const trapClaims: readonly Claim[] = [
  claim(
    'trap-gradient',
    'identity',
    'Thirty times x ← x + x: the gradient is 2³⁰.',
    2 ** 30,
    '',
    exactly(2 ** 30),
    () => doublingCosts(trapDepth).gradient,
  ),
  claim(
    'trap-forward',
    'cost',
    'The thirty doublings take 30 operations.',
    30,
    'operations',
    exactly(30),
    () => doublingCosts(trapDepth).forward,
  ),
  claim(
    'trap-backward',
    'cost',
    'Their backward sweep takes 60 operations, although 2³⁰ paths lead back.',
    60,
    'operations',
    exactly(60),
    () => doublingCosts(trapDepth).backward,
  ),
  claim(
    'trap-paths',
    'cost',
    'The sum over all paths visits 2^d of them (d = 16 quick, 20 full).',
    '2^d',
    'paths',
    perDepth,
    (lab) => expandPaths(shallow(lab)).paths,
  ),
  claim(
    'trap-path-gradient',
    'identity',
    'The sum over all paths is the gradient, exactly (d = 16 quick, 20 full).',
    '2^d',
    '',
    perDepth,
    (lab) => expandPaths(shallow(lab)).gradient,
  ),
  claim(
    'trap-calls',
    'cost',
    'The chain rule as a recursion without a memory asks 2^d times for dx/dx (d = 16 quick, 20 full).',
    '2^d',
    'calls',
    perDepth,
    (lab) => chainRuleCalls(shallow(lab)).calls,
  ),
  claim(
    'trap-time',
    'timing',
    'At depth 30 the sum over paths, extrapolated, takes more than 100,000 times as long as the backward sweep.',
    null,
    '×',
    atLeast(1e5),
    extrapolatedRatio,
  ),
];

function blogIn(lab: Lab) {
  return lab.once('blog', () => {
    const found = blogDerivatives();
    lab.figure(
      'two-recursions',
      'The network of the blog and both sweeps, step by step: derivatives by a forwards, derivatives of c backwards',
      sweepsFigure(found),
    );
    return found;
  });
}

const blog = (
  id: string,
  sentence: string,
  value: number,
  of: (found: ReturnType<typeof blogDerivatives>) => number,
): Claim => claim(id, 'identity', sentence, value, '', exactly(value), async (lab) => of(await blogIn(lab)));

const blogClaims: readonly Claim[] = [
  blog(
    'blog-forwards',
    'The recursion over direct inputs (partial × total) gives dc/da = 33.',
    33,
    ({ byA }) => byA.get(3)!,
  ),
  blog(
    'blog-backwards',
    'The recursion over direct users (total × partial) gives dc/da = 33.',
    33,
    ({ ofC }) => ofC.get(0)!,
  ),
  blog('blog-dc-db1', 'On the way back dc/db1 is 9: b1 acts on c also through b2.', 9, ({ ofC }) => ofC.get(1)!),
  blog('blog-dc-db2', 'On the way back dc/db2 is 5.', 5, ({ ofC }) => ofC.get(2)!),
  blog(
    'blog-partial-partial',
    'Wrong, and plausible: ∂c/∂b1 = 4 taken for dc/db1 gives 23.',
    23,
    (f) => f.partialTimesPartial,
  ),
  blog('blog-total-total', 'Wrong, and plausible: total × total gives 43.', 43, (f) => f.totalTimesTotal),
  claim(
    'blog-engine',
    'identity',
    "The scalar engine's gradient of the whole network agrees with its central difference.",
    0,
    '',
    atMost(1e-8),
    () => {
      const scalar = traceScalars((a) => blogNetwork(a!), ['a']);
      const gradient = backwardGradients(scalar, forwardValues(scalar, [1])).get(scalar.graph.inputs[0]!)!;
      return Math.abs(gradient - 33) + Math.abs(centralDifference(scalar, [1], 0) - gradient);
    },
  ),
];

const shown: Readonly<Record<string, string>> = { 'product-sum': 'expression', neuron: 'neuron' };

function referenceClaim(reference: Reference): Claim {
  const { id, text, tolerance } = reference;
  const sentence = `Value and gradients of ${text} are the known ones: distance over ${tolerance}.`;
  return claim(`expression-${id}`, 'identity', sentence, 0, 'tolerances', atMost(1), (lab) => {
    const name = shown[id];
    if (name !== undefined) lab.figure(name, `${text} with the value and the gradient of every node`, drawn(reference));
    return referenceError(reference);
  });
}

/** The picture of a reference expression. */
export function drawn(reference: Reference): string {
  const { scalar, values, gradients } = swept(reference);
  const labels = new Map([[scalar.output, reference.id === 'product-sum' ? 'L' : 'o']]);
  return valueGraphSvg(scalarPlot(scalar, values, gradients, { labels }), { title: reference.text });
}

/** Growth of the gradients of (a·b + c)·f by name: e = a·b, d = e + c. */
const growth = (keeps: 'leaves' | 'all values', at: number) => () => secondSweep(references[0]!, keeps).get(at)!;

const secondClaims: readonly Claim[] = [
  ...['a', 'b', 'c', 'f'].map((name, i) =>
    claim(
      `second-sweep-${name}`,
      'identity',
      `A second backward sweep without clearing doubles the gradient of the input ${name}: inner gradients are temporary.`,
      2,
      '×',
      exactly(2),
      growth('leaves', i),
    ),
  ),
  ...(
    [
      ['a', 0, 4],
      ['b', 1, 4],
      ['e', 4, 3],
      ['c', 2, 3],
      ['f', 3, 2],
      ['d', 5, 2],
    ] as const
  ).map(([name, at, factor]) =>
    claim(
      `second-sweep-kept-${name}`,
      'identity',
      `Broken on purpose: where inner gradients are kept, a second sweep multiplies that of ${name} by ${factor}.`,
      factor,
      '×',
      exactly(factor),
      growth('all values', at),
    ),
  ),
];

export const expressionClaims: readonly Claim[] = [
  ...trapClaims,
  ...blogClaims,
  ...references.map(referenceClaim),
  ...secondClaims,
  claim(
    'random-expressions',
    'identity',
    'Gradients of 200 random expressions of up to 25 operations agree with central differences: |difference − gradient| / max(1, |gradient|).',
    4e-9,
    '',
    atMost(1e-6),
    (lab) => randomExpressionError(lab, 200),
  ),
  claim(
    'long-chain',
    'identity',
    'A chain of 10,000 nodes does not overflow the stack: the gradient of its input.',
    10_001,
    '',
    exactly(10_001),
    () => {
      const scalar = traceScalars(
        (x) => Array.from({ length: 10_000 }).reduce((y: typeof x, _) => add(y!, x!), x)!,
        ['x'],
      );
      return backwardGradients(scalar, forwardValues(scalar, [1])).get(scalar.graph.inputs[0]!)!;
    },
  ),
];
