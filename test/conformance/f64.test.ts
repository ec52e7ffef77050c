/** f64 stays f64: no value of any graph is f32, no constant is a rounded f32 literal, and a training step agrees with the oracle to 1e-13. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Graph, GraphNode, Tensor } from '../../src/engine/index.ts';
import * as c from '../../src/engine/index.ts';
import { leavesOf } from '../../src/engine/tree.ts';
import { backprop } from '../../src/methods/backprop.ts';
import { callOf, creditOf, inF64, kinds } from '../../src/methods/testing/cases.ts';
import type { Model } from '../../src/nn/index.ts';
import { adam, applyUpdates } from '../../src/optim/index.ts';
import { collect } from './collect.ts';
import { drawArgs, dtypeOf, type HostTensor } from './draw.ts';
import { modesOf } from './modes.ts';

afterAll(() => c.setBackend('wasm'));

const put = (x: HostTensor): Tensor => c.tensor(x.data as number[], { shape: x.shape, dtype: dtypeOf(x, 'f64') });

/** Whether a number looks like the f32 rounding of another: exact in f32, with a mantissa that is nearly full. */
function isRoundedLiteral(v: number): boolean {
  if (!Number.isFinite(v) || v === 0 || Number.isInteger(v) || Math.fround(v) !== v) return false;
  const bits = new Uint32Array(Float32Array.of(v).buffer)[0]! & 0x7fffff;
  return bits !== 0 && 23 - Math.log2(bits & -bits) > 18;
}

const opened = (graph: Graph): Graph => c.optimize(graph);

/** What in a graph is not f64 although it is a float. */
function narrowParts(graph: Graph): string[] {
  const flat = opened(graph);
  const show = (n: GraphNode, id: number) => `${n.op.name} gives %${id} in f32`;
  const narrow = flat.nodes.flatMap((n) =>
    n.outputs.filter((id) => flat.avals[id]!.dtype === 'f32').map((id) => show(n, id)),
  );
  const literals = flat.nodes
    .filter((n) => n.op.name === 'constant' && isRoundedLiteral((n.params as { value: number }).value))
    .map((n) => `the constant ${(n.params as { value: number }).value} is an f32 number`);
  return [...narrow, ...literals];
}

describe('the check', () => {
  const x = c.ones([3], 'f64');
  const partsOf = (f: (t: Tensor) => Tensor) => narrowParts(c.traceGraph((t) => [f(t!)], [x]));

  it('sees an f32 value and an f32 literal, and nothing else', () => {
    expect(partsOf((t) => c.mul(t, c.cast(c.cast(t, 'f32'), 'f64')))).toEqual([expect.stringContaining('cast gives')]);
    expect(partsOf((t) => c.mul(t, Math.fround(0.1)))).toEqual([expect.stringContaining('0.1')]);
    expect(partsOf((t) => c.mul(c.mul(t, 0.1), 0.375))).toEqual([]);
  });
});

const { rows } = await collect();

describe('every op', () => {
  it.each(rows.filter((row) => row.args.some((a) => (a.kind ?? 'float') === 'float')))(
    '$name and its derivatives hold no f32',
    (row) => {
      inF64(() => {
        const found = modesOf(row, row.f(...drawArgs(row).map(put))).flatMap((mode) => {
          const operands = mode.draw(0).map(put);
          return narrowParts(c.traceGraph((...xs) => mode.run(xs), operands)).map((part) => `${mode.name}: ${part}`);
        });
        expect(found).toEqual([]);
      });
    },
  );
});

/** One Adam step by backprop, as a function of the parameters' leaves. */
function stepOf(model: Model): { step: (...xs: Tensor[]) => Tensor[]; args: Tensor[] } {
  const rule = backprop();
  const call = callOf(rule, model);
  const optimizer = adam({ learningRate: 0.01 });
  const [leaves, def] = c.flatten(call.params);
  const step = (...xs: Tensor[]): Tensor[] => {
    const params = c.unflatten<typeof call.params>(def, xs);
    const { credit, loss } = creditOf(rule, { ...call, params });
    const [update] = optimizer.update(credit, optimizer.init(params), { params });
    return [loss!, ...(leavesOf(applyUpdates(params, update)) as Tensor[])];
  };
  return { step, args: leaves as Tensor[] };
}

describe('a training step', () => {
  it.each(Object.entries(kinds))('of the %s stays in f64 and agrees with the oracle', (_, make) => {
    inF64(() => {
      const { step, args } = stepOf(make());
      expect(args.every((x) => x.dtype === 'f64')).toBe(true);
      expect(narrowParts(c.traceGraph(step, args))).toEqual([]);
      const run = (name: 'js' | 'wasm') =>
        c.withBackend(name, () =>
          c
            .jit(step)(...args)
            .map((y) => [...y.readSync()]),
        );
      const [oracle, found] = [run('js'), run('wasm')];
      found.forEach((list, k) => {
        const scale = Math.max(...oracle[k]!.map(Math.abs));
        list.forEach((v, i) => {
          expect(Math.abs(v - oracle[k]![i]!) / scale).toBeLessThan(1e-13);
        });
      });
    });
  });
});
