import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from './index.ts';
import * as c from './index.ts';

afterEach(() => c.setBackend('wasm'));

const caught = (f: () => unknown): c.CotangentError => {
  try {
    f();
  } catch (e) {
    return e as c.CotangentError;
  }
  return expect.unreachable();
};

/** The number of the line on which this is called, two lines up from the frame's own. */
const here = (): number => Number(/errors\.test\.ts:(\d+)/.exec(new Error().stack!.split('\n')[2]!)![1]);

describe('the line of the user', () => {
  const a = c.zeros([2, 3]);
  const b = c.zeros([4]);

  it.each([
    ['eagerly', (f: () => Tensor) => f()],
    ['under grad', (f: () => Tensor) => c.grad(() => c.sum(f()))(a)],
    ['under jit', (f: () => Tensor) => c.jit(f)()],
    ['under vmap', (f: () => Tensor) => c.vmap((_: Tensor) => f())(a)],
  ])('stands in a ShapeError raised %s', (_, run) => {
    let line = 0;
    const error = caught(() =>
      run(() => {
        line = here() + 1;
        return c.add(a, b);
      }),
    );
    expect(error.code).toBe('ShapeError');
    expect(error.details.at).toMatch(new RegExp(`errors\\.test\\.ts:${line}$`));
    expect(error.message.split('\n').at(-1)).toBe(`  at ${error.details.at}`);
  });

  it('stands in a DtypeError', () => {
    const line = here() + 1;
    const error = caught(() => c.add(a, c.zeros([2, 3], 'f64')));
    expect(error.code).toBe('DtypeError');
    expect(error.details.at).toMatch(new RegExp(`errors\\.test\\.ts:${line}$`));
  });

  it('is known for nodes of a traced graph, also for those made by a transformation', () => {
    let line = 0;
    const f = c.jit((x: Tensor) => {
      line = here() + 1;
      return c.sum(c.exp(x));
    });
    const [node] = f.graphOf(a).nodes;
    expect(String(node!.site)).toMatch(new RegExp(`errors\\.test\\.ts:${line}$`));
    const { graph } = c.jit(c.grad(f)).graphOf(a).nodes[0]!.params as { graph: c.Graph };
    for (const n of graph.nodes.filter((n) => n.op.name === 'exp'))
      expect(String(n.site)).toMatch(new RegExp(`errors\\.test\\.ts:${line}$`));
  });
});

describe('values that are not known yet', () => {
  const reading: Readonly<Record<string, (x: Tensor) => unknown>> = {
    'item()': (x) => c.sum(x).item(),
    'readSync()': (x) => x.readSync(),
    'toArray()': (x) => x.toArray(),
    comparison: (x) => (c.sum(x) as unknown as number) > 0,
    arithmetic: (x) => (x as unknown as number) * 2,
  };
  it.each(Object.entries(reading))('%s under jit names the op to use', (_, read) => {
    const error = caught(() =>
      c.jit((x: Tensor) => {
        read(x);
        return x;
      })(c.ones([3])),
    );
    expect(error).toBeInstanceOf(c.TracerError);
    expect(error.message).toMatch(/where\(condition, a, b\)/);
    expect(error.details.at).toMatch(/errors\.test\.ts/);
  });

  it('are known under grad outside of jit', () => {
    const f = (x: Tensor): Tensor => (c.sum(x).item() > 0 ? c.sum(c.square(x)) : c.sum(x));
    expect([
      ...c
        .grad(f)(c.tensor([1, 2]))
        .readSync(),
    ]).toEqual([2, 4]);
    expect([
      ...c
        .grad(f)(c.tensor([-1, -2]))
        .readSync(),
    ]).toEqual([1, 1]);
  });

  it('a JavaScript operator on a tensor is refused instead of giving NaN', () => {
    const x = c.ones([2]) as unknown as number;
    expect(() => x * 2).toThrow(/add, sub, mul/);
    expect(() => x > 1).toThrow(c.UnsupportedError);
    expect(`${c.ones([2])}`).toBe('Tensor f32[2] [1,1]');
  });
});

describe('tracers that escaped', () => {
  const escaped = (transform: (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor): Tensor => {
    let kept: Tensor | null = null;
    transform((x) => {
      kept = c.mul(x, 2);
      return c.sum(x);
    })(c.ones([2]));
    return kept!;
  };
  it.each([
    ['grad', (f) => c.grad(f)],
    ['jit', (f) => c.jit(f)],
    ['vmap', (f) => c.vmap(f)],
  ] as [string, (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor][])(
    'of %s are refused by name',
    (name, transform) => {
      expect(() => c.add(escaped(transform), 1)).toThrow(new RegExp(`belongs to a ${name} that has already ended`));
    },
  );
});

it('errors keep a stable code, their details and their class', () => {
  const error = new c.DataError('short file', { help: 'fetch it again', bytes: 3 });
  expect(error).toBeInstanceOf(c.CotangentError);
  expect([error.name, error.code, error.message]).toEqual([
    'DataError',
    'DataError',
    'short file\n  help: fetch it again',
  ]);
  expect(error.details).toEqual({ help: 'fetch it again', bytes: 3 });
});
