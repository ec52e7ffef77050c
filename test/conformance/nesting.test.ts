/** The nesting matrix of docs/notes/0005: every transformation over every node that holds functions, and pairs of transformations. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/engine/index.ts';
import * as c from '../../src/engine/index.ts';

afterEach(() => c.setBackend('wasm'));

const w = (): Tensor =>
  c.tensor(
    [
      [0.5, -1, 0.25],
      [2, 0.75, -0.5],
    ],
    { dtype: 'f64' },
  );
const x = (): Tensor => c.tensor([0.3, -0.7], { dtype: 'f64' });
const v = (): Tensor => c.tensor([1.5, 0.25], { dtype: 'f64' });
const rows = (): Tensor =>
  c.tensor(
    [
      [0.3, -0.7],
      [1, 2],
      [-0.4, 0.1],
    ],
    { dtype: 'f64' },
  );

type Inner = (t: Tensor) => Tensor;

const cube: Inner = (t) => c.mul(t, c.mul(t, t));
const plain: Inner = (t) => cube(c.matmul(t, w()));

const times = (t: Tensor): Tensor =>
  c.linearCall(
    (r: { w: Tensor }, u: Tensor) => c.matmul(u, r.w),
    (r, ct: Tensor) => c.matmul(ct, r.w, { transposeY: true }),
    { w: w() },
    c.reshape(t, [1, 2]),
  );

/** cube with a derivative of its own, the true one. */
const ownCube: Inner = c.customJvp(cube, (t: Tensor, dt: Tensor) => [cube(t), c.mul(dt, c.mul(3, c.mul(t, t)))]);

/** plain with a pullback of its own, the true one; the weights are part of the argument. */
const ownPlain = c.customVjp(
  (p: { t: Tensor; w: Tensor }) => cube(c.matmul(p.t, p.w)),
  (p) => {
    const z = c.matmul(p.t, p.w);
    return [cube(z), { ...p, z }];
  },
  (r, ct: Tensor) => {
    const dz = c.mul(ct, c.mul(3, c.mul(r.z, r.z)));
    return { t: c.matmul(dz, r.w, { transposeY: true }), w: c.mul(c.expandDims(r.t, 1), dz) };
  },
);

const columns = (): Tensor => c.transpose(w());

/** One row of t·W: z + t[i]·W[i]. */
const addRow = (z: Tensor, { u, r }: { u: Tensor; r: Tensor }): [Tensor, null] => [c.add(z, c.mul(u, r)), null];

const scanned: Inner = (t) => cube(c.scan(addRow, c.zeros([3], 'f64'), { u: t, r: w() })[0]);
/** addRow backwards: z − t[i]·W[i]. */
const takeRow = (z: Tensor, { u, r }: { u: Tensor; r: Tensor }): Tensor => c.sub(z, c.mul(u, r));

const ownScanned: Inner = c.customJvp(scanned, (t: Tensor, dt: Tensor) => {
  const [y, push] = c.linearize(scanned, t);
  return [y, push(dt)];
});
const ownJoint: Inner = c.customJvp(scanned, (t: Tensor, dt: Tensor) => c.jvp(scanned, t, dt));

/** Doubles two times. */
const twice = (z: Tensor, options = {}): Tensor =>
  c.whileLoop(
    ({ n }: { n: Tensor; z: Tensor }) => c.lt(n, 2),
    (k) => ({ n: c.add(k.n, 1), z: c.mul(k.z, 2) }),
    { n: c.zeros([], 'i32'), z },
    options,
  ).z;

/** x = x/2 + z/2, whose fixed point is z. */
const half = (z: Tensor): Tensor =>
  c.fixedPoint((y: Tensor, p: Tensor) => c.mul(0.5, c.add(y, p)), c.zeros(z.shape, 'f64'), z, {
    tolerance: 1e-15,
    maxIterations: 200,
  })[0];

/** Nodes that hold functions, each computing the same as `plain`. */
const nodes: Readonly<Record<string, Inner>> = {
  'call (jit)': (t) => c.jit(plain)(t),
  'jit over a value captured from outside': (t) => {
    const half = c.mul(t, 0.5);
    return c.jit((u: Tensor) => plain(c.add(c.mul(u, 0.5), half)))(t);
  },
  linearCall: (t) => c.reshape(cube(times(t)), [3]),
  'linearCall inside jit': (t) => c.jit((u: Tensor) => c.reshape(cube(times(u)), [3]))(t),
  customJvp: (t) => ownCube(c.matmul(t, w())),
  'customJvp inside jit': (t) => c.jit((u: Tensor) => ownCube(c.matmul(u, w())))(t),
  customVjp: (t) => ownPlain({ t, w: w() }),
  'customVjp inside jit': (t) => c.jit((u: Tensor) => ownPlain({ t: u, w: w() }))(t),
  checkpoint: (t) => c.checkpoint(plain)(t),
  'checkpoint with a policy': (t) => c.checkpoint(plain, { policy: { ops: ['matmul'] } })(t),
  'checkpoint inside jit': (t) => c.jit((u: Tensor) => c.checkpoint(plain)(u))(t),
  'checkpoint of a checkpoint': (t) => c.checkpoint((u: Tensor) => c.checkpoint(cube)(c.matmul(u, w())))(t),
  'jit inside checkpoint': (t) => c.checkpoint(c.jit(plain), { policy: { ops: ['matmul'] } })(t),
  'cond of a known choice': (t) => c.cond(true, plain, (u) => c.exp(plain(u)), t),
  'cond (false)': (t) => c.cond(c.gt(c.sum(c.mul(t, 0)), 1), (u) => c.exp(plain(u)), plain, t),
  'cond (true)': (t) => c.cond(c.lt(c.sum(c.mul(t, 0)), 1), plain, (u) => c.mul(c.stopGradient(plain(u)), 7), t),
  'cond inside jit': (t) =>
    c.jit((u: Tensor) => {
      const z = c.matmul(u, w());
      return c.cond(
        c.gt(c.sum(u), 0),
        () => cube(z),
        (y: Tensor) => c.mul(c.mul(y, y), y),
        z,
      );
    })(t),
  'scan over rows': (t) => c.scan((k: Tensor, wr: Tensor) => [k, cube(c.matmul(k, wr))], t, columns())[1],
  'scan over the sequence that is differentiated': (t) =>
    cube(c.scan(addRow, c.zeros([3], 'f64'), { u: t, r: w() })[0]),
  'scan backwards inside jit': (t) =>
    c.jit((u: Tensor) => cube(c.scan(addRow, c.zeros([3], 'f64'), { u, r: w() }, { reverse: true })[0]))(t),
  'scan in segments': (t) => cube(c.scan(addRow, c.zeros([3], 'f64'), { u: t, r: w() }, { checkpointEvery: 1 })[0]),
  'scan that is undone': (t) => cube(c.scan(addRow, c.zeros([3], 'f64'), { u: t, r: w() }, { undo: takeRow })[0]),
  'scan that is undone inside jit': (t) =>
    c.jit((u: Tensor) => cube(c.scan(addRow, c.zeros([3], 'f64'), { u, r: w() }, { undo: takeRow })[0]))(t),
  'scan that stops': (t) =>
    cube(
      c.scan(
        ({ z, n }: { z: Tensor; n: Tensor }, x: { u: Tensor; r: Tensor }) => [
          { z: addRow(z, x)[0], n: c.add(n, 1) },
          null,
        ],
        { z: c.zeros([3], 'f64'), n: c.zeros([], 'i32') },
        { u: c.concat([t, c.mul(t, 9)]), r: c.concat([w(), w()]) },
        { stopWhen: ({ n }) => c.ge(n, 2) },
      )[0].z,
    ),
  'scan of customJvp': (t) => c.scan((k: Tensor, wr: Tensor) => [k, ownCube(c.matmul(k, wr))], t, columns())[1],
  'scan of linearCall': (t) =>
    c.scan((k: Tensor) => [k, c.reshape(cube(times(k)), [3])], t, null, { length: 1 })[1].reshape([3]),
  'scan of checkpoint': (t) =>
    c.scan(
      (k: Tensor, wr: Tensor) => [k, c.checkpoint((a: Tensor, b: Tensor) => cube(c.matmul(a, b)))(k, wr)],
      t,
      columns(),
    )[1],
  'scan of cond': (t) =>
    c.scan(
      (k: Tensor, wr: Tensor) => {
        const z = c.matmul(k, wr);
        return [
          k,
          c.cond(
            c.gt(z, 0),
            () => cube(z),
            (y: Tensor) => c.mul(c.mul(y, y), y),
            z,
          ),
        ];
      },
      t,
      columns(),
    )[1],
  'scan of jit': (t) =>
    c.scan((k: Tensor, wr: Tensor) => [k, c.jit((a: Tensor) => cube(c.matmul(a, wr)))(k)], t, columns())[1],
  'scan of scan': (t) =>
    c.scan(
      (k: Tensor, wr: Tensor) => [
        k,
        cube(c.scan((s: Tensor, p: [Tensor, Tensor]) => [c.add(s, c.mul(...p)), null], c.zeros([], 'f64'), [k, wr])[0]),
      ],
      t,
      columns(),
    )[1],
  'checkpoint of scan': (t) =>
    c.checkpoint((u: Tensor) => cube(c.scan(addRow, c.zeros([3], 'f64'), { u, r: w() })[0]))(t),
  'cond of scan': (t) =>
    c.cond(
      c.lt(c.sum(c.mul(t, 0)), 1),
      (u: Tensor) => cube(c.scan(addRow, c.zeros([3], 'f64'), { u, r: w() })[0]),
      plain,
      t,
    ),
  'scan of customVjp': (t) =>
    c.scan((k: Tensor) => [k, ownPlain({ t: k, w: w() })], t, null, { length: 1 })[1].reshape([3]),
  'customJvp of scan': (t) => ownScanned(t),
  'customJvp of jvp of scan': (t) => ownJoint(t),
  'whileLoop with a bound': (t) => cube(twice(c.matmul(c.mul(t, 0.25), w()), { maxTrips: 3 })),
  'whileLoop without a bound': (t) => cube(twice(c.matmul(c.mul(t, 0.25), w()))),
  fixedPoint: (t) => cube(half(c.matmul(t, w()))),
  'fixedPoint inside jit': (t) => c.jit((u: Tensor) => cube(half(c.matmul(u, w()))))(t),
  'fixedPoint inside scan': (t) => c.scan((k: Tensor, wr: Tensor) => [k, cube(half(c.matmul(k, wr)))], t, columns())[1],
  tap: (t) => c.tap('out', plain(c.tap('in', t))),
  'tap inside jit': (t) => c.jit((u: Tensor) => c.tap('out', plain(u)))(t),
};

const total =
  (f: Inner): Inner =>
  (t) =>
    c.sum(f(t));

/** Transformations and pairs of them; each gives numbers to compare with those of `plain`. */
const transformations: Readonly<Record<string, (f: Inner) => Tensor | Tensor[]>> = {
  none: (f) => f(x()),
  jvp: (f) => c.jvp(f, x(), v()),
  linearize: (f) => {
    const [y, push] = c.linearize(f, x());
    return [y, push(v()), push(x())];
  },
  'transpose (vjp)': (f) => c.vjp(f, x())[1](c.tensor([1, -2, 0.5], { dtype: 'f64' })),
  grad: (f) => c.grad(total(f))(x()),
  vmap: (f) => c.vmap(f)(rows()),
  jit: (f) => c.jit(f)(x()),
  'jvp of jvp': (f) => c.jvp((t) => c.jvp(f, t, v())[1], x(), v()),
  'grad of grad': (f) => c.grad((t: Tensor) => c.sum(c.mul(c.grad(total(f))(t), v())))(x()),
  hvp: (f) => c.hvp(total(f), x(), v()),
  'reverse over forward': (f) => c.grad((t: Tensor) => c.sum(c.jvp(f, t, v())[1]))(x()),
  'vmap of grad': (f) => c.vmap(c.grad(total(f)))(rows()),
  'grad of vmap': (f) => c.grad((t: Tensor) => c.sum(c.vmap(f)(t)))(rows()),
  'vmap of jvp': (f) => c.vmap((t: Tensor) => c.jvp(f, t, v())[1])(rows()),
  'jit of grad': (f) => c.jit(c.grad(total(f)))(x()),
  'grad of jit': (f) => c.grad(c.jit(total(f)))(x()),
  'jit of vmap of grad': (f) => c.jit(c.vmap(c.grad(total(f))))(rows()),
  'vmap of jit': (f) => c.vmap(c.jit(f))(rows()),
  'vmap of vmap': (f) => c.vmap(c.vmap(f))(c.stack([rows(), c.neg(rows())])),
  'jit of hvp': (f) => c.jit((t: Tensor) => c.hvp(total(f), t, v()))(x()),
  'hvp of jit': (f) => c.hvp(c.jit(total(f)), x(), v()),
  'jit of jit of grad of jit': (f) => c.jit(c.jit(c.grad(c.jit(total(f)))))(x()),
  jacobian: (f) => c.jacobian(f)(x()),
};

const FORWARD = ['none', 'vmap', 'jit', 'vmap of jit', 'vmap of vmap', 'jvp', 'jvp of jvp', 'vmap of jvp'];

/** Forward mode through a function of which only the pullback is known; reverse mode through a loop of unknown length. */
function refused(node: string, name: string): RegExp | null {
  if (node === 'whileLoop without a bound') return FORWARD.includes(name) ? null : /whileLoop: reverse mode/;
  if (node === 'customJvp of jvp of scan')
    return [...FORWARD, 'reverse over forward'].includes(name) ? null : /customJvp: in reverse mode/;
  const isForward = ['jvp', 'linearize', 'jvp of jvp', 'reverse over forward', 'vmap of jvp', 'jacobian'].includes(
    name,
  );
  return node.includes('customVjp') && isForward ? /customVjp: forward mode was asked for/ : null;
}

const numbers = (t: Tensor | Tensor[]): number[] => (Array.isArray(t) ? t : [t]).flatMap((y) => [...y.readSync()]);

for (const backend of ['js', 'wasm'] as const) {
  describe(`on ${backend}`, () => {
    for (const [node, f] of Object.entries(nodes)) {
      for (const [name, transform] of Object.entries(transformations)) {
        it(`${name} of ${node}`, () => {
          c.setBackend(backend);
          const refusal = refused(node, name);
          if (refusal !== null) {
            expect(() => transform(f)).toThrow(refusal);
            return;
          }
          const expected = numbers(transform(plain));
          const found = numbers(transform(f));
          expect(found.length).toBe(expected.length);
          for (const [i, y] of found.entries())
            expect(Math.abs(y - expected[i]!)).toBeLessThan(1e-12 * (1 + Math.abs(expected[i]!)));
        });
      }
    }
  });
}

describe('closed forms', () => {
  it('jvp, vjp and hvp of Σ(xW)³ are what calculus says', () => {
    const W = [
      [0.5, -1, 0.25],
      [2, 0.75, -0.5],
    ];
    const at = [0.3, -0.7];
    const along = [1.5, 0.25];
    const z = [0, 1, 2].map((j) => at[0]! * W[0]![j]! + at[1]! * W[1]![j]!);
    const dz = [0, 1, 2].map((j) => along[0]! * W[0]![j]! + along[1]! * W[1]![j]!);
    const tangent = z.map((zj, j) => 3 * zj * zj * dz[j]!);
    const gradient = [0, 1].map((i) => z.reduce((s, zj, j) => s + 3 * zj * zj * W[i]![j]!, 0));
    const hessian = [0, 1].map((i) => z.reduce((s, zj, j) => s + 6 * zj * dz[j]! * W[i]![j]!, 0));
    const close = (found: Tensor, expected: number[]) => {
      for (const [i, y] of found.readSync().entries()) expect(y).toBeCloseTo(expected[i]!, 12);
    };
    close(c.jvp(plain, x(), v())[1], tangent);
    close(c.grad(total(plain))(x()), gradient);
    close(c.hvp(total(plain), x(), v()), hessian);
  });
});

describe('stopGradient', () => {
  const product: Inner = (t) => c.sum(c.mul(t, c.stopGradient(t)));

  it('is a constant to every derivative', () => {
    for (const f of [product, c.jit(product)]) {
      expect(numbers(c.grad(f)(x()))).toEqual([0.3, -0.7]);
      expect(numbers(c.jvp(f, x(), v())[1])[0]).toBeCloseTo(0.3 * 1.5 - 0.7 * 0.25, 14);
      expect(numbers(c.hvp(f, x(), v()))).toEqual([0, 0]);
    }
  });

  it('is an identity under vmap', () => {
    expect(numbers(c.vmap((t: Tensor) => c.stopGradient(t))(rows()))).toEqual(numbers(rows()));
  });
});

describe('linearCall with another transpose', () => {
  const feedback = c.tensor(
    [
      [1, 1, 1],
      [1, 1, 1],
    ],
    { dtype: 'f64' },
  );
  const crooked: Inner = (t) =>
    c.linearCall(
      (r: { w: Tensor; b: Tensor }, u: Tensor) => c.matmul(u, r.w),
      (r, ct: Tensor) => c.matmul(ct, r.b, { transposeY: true }),
      { w: w(), b: feedback },
      c.reshape(t, [1, 2]),
    );

  it('sends cotangents where it is told, and tangents where the map goes', () => {
    expect(numbers(c.grad(total(crooked))(x()))).toEqual([3, 3]);
    expect(numbers(c.jit(c.grad(total(crooked)))(x()))).toEqual([3, 3]);
    expect(numbers(c.vmap(c.grad(total(crooked)))(rows()))).toEqual([3, 3, 3, 3, 3, 3]);
    expect(numbers(c.jvp(crooked, x(), v())[1])).toEqual(numbers(c.matmul(v(), w())));
  });

  it('keeps the true derivative in its residuals', () => {
    const inW = (m: Tensor): Tensor =>
      c.sum(
        c.linearCall(
          (r: { m: Tensor }, u: Tensor) => c.matmul(u, r.m),
          (r, ct: Tensor) => c.mul(c.matmul(ct, r.m, { transposeY: true }), 0),
          { m },
          c.reshape(x(), [1, 2]),
        ),
      );
    expect(numbers(c.grad(inW)(w()))).toEqual([0.3, 0.3, 0.3, -0.7, -0.7, -0.7]);
  });

  it('refuses a transpose of the wrong shape', () => {
    const wrong: Inner = (t) =>
      c.linearCall(
        (r: { w: Tensor }, u: Tensor) => c.matmul(u, r.w),
        (_, ct: Tensor) => ct,
        { w: w() },
        c.reshape(t, [1, 2]),
      );
    expect(() => wrong(x())).toThrow(/the transpose returns f64\[1, 3\] for the operand f64\[1, 2\]/);
  });
});

describe('taps', () => {
  const f: Inner = (t) => c.sum(cube(c.tap('hidden', c.mul(t, 2))));

  it('read, add to, stop and replace', () => {
    const seen: number[][] = [];
    c.withTaps(
      {
        hidden: (t) => {
          seen.push([...t.readSync()]);
          return t;
        },
      },
      () => f(x()),
    );
    expect(seen).toEqual([[0.6, -1.4]]);
    const moved = c.withTaps({ hidden: (t) => c.add(t, 1) }, () => f(x()).item());
    expect(moved).toBeCloseTo(1.6 ** 3 + (-0.4) ** 3, 12);
    const stopped = c.withTaps({ hidden: (t) => c.stopGradient(t) }, () => c.grad(f)(x()));
    expect(numbers(stopped)).toEqual([0, 0]);
  });

  it('are seen inside jitted functions', () => {
    const g = c.jit(f);
    g(x());
    const names: string[] = [];
    c.withTaps(
      (t, name) => {
        names.push(name);
        return t;
      },
      () => g(x()),
    );
    expect(names).toEqual(['hidden']);
  });
});

describe('unbatched values stay unbatched', () => {
  it('the primal of vmap(jvp) is computed once', () => {
    const tangents = c.full([64, 2], 1, 'f64');
    const push = (t: Tensor): Tensor => c.jvp(plain, x(), t)[1];
    const graph = c.optimize(c.jit(c.vmap(push)).graphOf(tangents));
    const products = graph.nodes
      .filter((n) => n.op.name === 'matmul')
      .map((n) => c.sizeOf(graph.avals[n.outputs[0]!]!.shape));
    expect(products.sort((a, b) => a - b)).toEqual([3, 192]);
  });
});
