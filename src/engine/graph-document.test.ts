import { describe, expect, it } from 'vitest';
import type { Tensor } from './index.ts';
import * as c from './index.ts';
import { numbers, wavy } from './op-testing.ts';

const ops = c.opsIn(c);
const throughText = (document: c.GraphDocument): c.GraphDocument => JSON.parse(JSON.stringify(document));
const weights = wavy([3, 4], 'f32', 2);

const model = (x: Tensor): Tensor =>
  c.namedScope('model', () => {
    const h = c.relu(c.matmul(x, weights));
    const safe = c.cond(
      c.gt(c.sum(h), 0),
      (t: Tensor) => c.log(c.add(t, 1)),
      (t: Tensor) => c.neg(t),
      h,
    );
    return c.max(
      c.pad(
        c.checkpoint((t: Tensor) => c.tanh(t))(safe),
        [
          [0, 0],
          [1, 1],
        ],
        { value: Number.NEGATIVE_INFINITY },
      ),
    );
  });

describe('a graph as a document', () => {
  const x = wavy([2, 3], 'f32');
  const graph = c.jit((t: Tensor) => c.valueAndGrad(model)(t)).graphOf(x);
  const open = c.traceGraph((t) => [model(t!)], [x]);

  it.each([
    ['with captured constants', open],
    ['with a gradient and nested graphs', graph],
    ['after the passes', c.optimize(graph)],
  ])('%s comes back and computes the same bits', (_, source) => {
    const { document, constants } = c.graphToDocument(source);
    const back = c.graphFromDocument(throughText(document), constants, ops);
    const args = source.inputs.map((id) => (source.avals[id]!.shape[0] === 3 ? weights : x));
    const [expected, found] = [c.evalGraph(source, args), c.evalGraph(back, args)];
    expect(found.map(numbers)).toEqual(expected.map(numbers));
    expect(c.printGraph(back)).toBe(c.printGraph(source));
    expect(c.graphToDocument(back).document).toEqual(document);
    expect(back.nodes.map((n) => n.isBackward)).toEqual(source.nodes.map((n) => n.isBackward));
  });

  it('holds loops, their gradients and the choices in them', () => {
    const loop = (t: Tensor): Tensor => {
      const step = (h: Tensor, u: Tensor): [Tensor, Tensor] => {
        const next = c.cond(
          c.gt(c.sum(h), 0.5),
          () => c.mul(h, u),
          () => c.add(c.tanh(h), u),
        );
        return [next, c.square(next)];
      };
      const [last, ys, steps] = c.scanSteps(step, c.ones([3]), t, { stopWhen: (h) => c.gt(c.sum(h), 100) });
      return c.mul(c.add(c.sum(last), c.sum(ys)), c.cast(steps, 'f32'));
    };
    for (const source of [
      c.traceGraph((t) => [loop(t!)], [x]),
      c.jit((t: Tensor) => c.valueAndGrad(loop)(t)).graphOf(x),
      c.optimize(c.jit((t: Tensor) => c.valueAndGrad(loop)(t)).graphOf(x)),
    ]) {
      const { document, constants } = c.graphToDocument(source);
      const back = c.graphFromDocument(throughText(document), constants, ops);
      expect(c.evalGraph(back, [x]).map(numbers)).toEqual(c.evalGraph(source, [x]).map(numbers));
      expect(c.graphToDocument(back).document).toEqual(document);
    }
  });

  it('names ops with their versions and keeps each constant once', () => {
    const twice = c.traceGraph((t) => [c.add(c.matmul(t!, weights), c.sum(weights))], [x]);
    const { document, constants } = c.graphToDocument(twice);
    expect(document).toMatchObject({ format: 'cotangent-graph', version: 1 });
    expect(document.nodes.map((n) => n.op)).toEqual(['matmul@1', 'sum@1', 'add@1']);
    expect(constants).toEqual({ c0: weights });
  });

  it('differentiates after it came back', () => {
    const { document, constants } = c.graphToDocument(open);
    const back = c.graphFromDocument(throughText(document), constants, ops);
    const f = (t: Tensor): Tensor => c.evalGraph(back, [t])[0]!;
    expect(numbers(c.grad(f)(x))).toEqual(numbers(c.grad(model)(x)));
  });

  it('keeps numbers that JSON does not know', () => {
    const values = [Number.NaN, Number.NEGATIVE_INFINITY, -0];
    const odd = c.traceGraph(() => values.map((v) => c.scalar(v)), []);
    const { document, constants } = c.graphToDocument(odd);
    const back = c.graphFromDocument(throughText(document), constants, ops);
    expect(c.evalGraph(back, []).map((y) => y.item())).toEqual(values);
  });

  it('refuses other formats, unknown ops, and constants that do not fit', () => {
    const { document, constants } = c.graphToDocument(open);
    expect(() => c.graphFromDocument({ ...document, version: 9 }, constants, ops)).toThrow(/version 9/);
    expect(() => c.graphFromDocument(document, {}, ops)).toThrow(/c0 is missing/);
    expect(() => c.graphFromDocument(document, { c0: c.ones([4]) }, ops)).toThrow(c.DataError);
    expect(() => c.graphFromDocument(document, constants, [])).toThrow(/matmul@1, which is not among/);
    const newer = ops.map((op) => (op.name === 'matmul' ? { ...op, version: 2 } : op));
    expect(() => c.graphFromDocument(document, constants, newer)).toThrow(/known is matmul@2/);
  });
});
