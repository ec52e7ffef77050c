/** Rules of chosen ops, and what ops keep, inside the bodies of loops: as in the unrolled loop. */
import { describe, expect, it } from 'vitest';
import type { PullRule, Tensor } from '../index.ts';
import * as c from '../index.ts';
import { distance, numbers, onBackends, wavy } from '../op-testing.ts';
import { unrolled } from './scan-unrolled.ts';

const [T, B, N] = [6, 3, 40];
const guided: PullRule = ({ inputs: [x], cts: [ct] }) => c.where(c.gt(x!, 0), c.relu(ct!), 0);

type Options = Parameters<typeof c.scan>[3];
type Run = (w: Tensor, xs: Tensor) => Tensor;

const step =
  (w: Tensor) =>
  (h: Tensor, x: Tensor): [Tensor, Tensor] => {
    const next = c.namedScope('cell', () => c.relu(c.add(c.matmul(h, w), x)));
    return [next, c.sin(next)];
  };
const start = wavy([B, N], 'f64', 7);
const total = ([last, ys]: readonly [Tensor, Tensor]): Tensor => c.add(c.sum(last), c.sum(ys));
const looped =
  (options: Options = {}): Run =>
  (w, xs) =>
    total(c.scan(step(w), start, xs, options as object));
const flat: Run = (w, xs) => total(unrolled(step(w), start, xs, T, false));

const w = c.mul(wavy([N, N], 'f64'), 0.2);
const xs = wavy([T, B, N], 'f64', 2);

onBackends('rules in a loop', (here) => {
  const slopes = (f: Run, rules: c.PullRules): number[] =>
    here(() => [0, 1].flatMap((argument) => numbers(c.grad(c.withPulls(rules, f), { argument })(w, xs))));
  const rules: [name: string, rule: c.PullRules][] = [
    ['of an op', { relu: guided }],
    ['of a scope', [{ op: 'relu', scope: 'cell', pull: guided }]],
    ['of ops that read their results', { sin: ({ outputs: [y], cts: [ct] }) => c.mul(c.mul(ct!, y!), 3) }],
  ];
  const loops: [name: string, f: Run][] = [
    ['a scan', looped()],
    ['a scan in segments', looped({ checkpointEvery: 2 })],
    ['a scan with a flag', looped({ stopWhen: () => c.scalar(0, 'bool') })],
    ['a scan inside jit', (a, b) => c.jit(looped())(a, b)],
  ];

  for (const [name, rule] of rules)
    it.each(loops)(`${name} hold inside %s`, (_, f) => {
      const [found, expected] = [slopes(f, rule), slopes(flat, rule)];
      expect(distance(found, expected)).toBeLessThan(1e-12);
      expect(distance(found, slopes(looped(), { relu: ({ pull, cts }) => pull(cts) }))).toBeGreaterThan(0.1);
    });

  it('hold outside of jit and vmap, with equal bits', () => {
    const one = c.grad(c.withPulls({ relu: guided }, looped()), { argument: 1 });
    const expected = here(() => numbers(one(w, xs)));
    expect(here(() => numbers(c.jit(one)(w, xs)))).toEqual(expected);
    const many = here(() => c.vmap((x: Tensor) => one(w, x))(c.stack([c.neg(xs), xs])));
    expect(numbers(many).slice(expected.length)).toEqual(expected);
  });
});

describe('rules in a loop', () => {
  it('hold where the loop is undone', () => {
    const drift = (h: Tensor, x: Tensor): [Tensor, null] => [c.add(h, c.tanh(x)), null];
    const back = (h: Tensor, x: Tensor): Tensor => c.sub(h, c.tanh(x));
    const f = (u: Tensor): Tensor => c.sum(c.scan(drift, start, u, { undo: back })[0]);
    const sevenfold: PullRule = ({ cts: [ct] }) => c.mul(ct!, 7);
    const found = numbers(c.grad(c.withPulls({ tanh: sevenfold }, f))(xs));
    expect(found).toEqual(new Array(T * B * N).fill(7));
  });

  it('that fit nothing there are told with what there is', () => {
    expect(() => c.withPulls({ relus: guided }, looped())(w, xs)).toThrow(/nothing that fits the op relus/);
  });
});

describe('what ops keep in a loop', () => {
  const masked = c.keep({ relu: 'mask' }, looped());
  const inXs = (f: Run) => (x: Tensor) => f(w, x);

  it('is one bit per unit and step, where their results take 64', () => {
    const clipped = (x: Tensor): Tensor =>
      c.sum(c.scan((h: Tensor, u: Tensor): [Tensor, null] => [c.relu(c.add(h, u)), null], start, x)[0]);
    const bytes = (f: (x: Tensor) => Tensor): number =>
      c.jit((x: Tensor, ct: Tensor) => c.vjp(f, x)[1](ct)).plan(xs, c.ones([], 'f64')).savedForBackward;
    const [results, masks] = [T * B * N * 8, T * 4 * Math.ceil((B * N) / 32)];
    expect(bytes(clipped)).toBe(results);
    expect(bytes(c.keep({ relu: 'mask' }, clipped))).toBe(masks);
    expect(c.savedBytes(c.keep({ relu: 'mask' }, clipped), xs)).toBe(masks);
  });

  it('changes no bit of a gradient', () => {
    const slope = (f: Run) => numbers(c.grad(inXs(f))(xs));
    expect(slope(masked)).toEqual(slope(looped()));
    expect(numbers(c.jit(c.grad(inXs(masked)))(xs))).toEqual(slope(looped()));
  });
});
