import { beforeAll, describe, expect, it } from 'vitest';
import {
  abs,
  add,
  argsort,
  grad,
  jit,
  max,
  mean,
  mul,
  oneHot,
  random,
  reshape,
  setDefaultDtype,
  sub,
  type Tensor,
  take,
  tensor,
  trees,
} from '../../engine/index.ts';
import { CLONE_MACHINE, oracleSynapse, slotSynapse } from './clone-synapse.ts';
import { type LstmState, lstmSynapse } from './lstm-synapse.ts';
import { type MachineState, machine, metaLossOf } from './machine.ts';
import { onlineBackprop } from './online.ts';

const stream = (seed: number, [T, E, A, C]: readonly [number, number, number, number]) => {
  const [forX, forY] = random.split(random.key(seed), 2) as [Tensor, Tensor];
  return { xs: random.normal(forX, [T, E, A]), ys: oneHot(random.randint(forY, [T, E], 0, C), C) };
};
const gap = (a: Tensor, b: Tensor): number => max(abs(sub(a, b))).item();

describe('in f64', () => {
  beforeAll(() => {
    setDefaultDtype('f64');
    return () => setDefaultDtype('f32');
  });

  it('the oracle synapse is online gradient descent, in its weights, outputs and errors', () => {
    const net = machine([6, 5, 3], oracleSynapse({ rate: 0.1 }), CLONE_MACHINE);
    const { xs, ys } = stream(1, [30, 1, 6, 3]);
    const start = net.start(random.key(2), 1);
    const [after, logits] = net.run(null, start, { xs, ys });
    const weights = start.layers.map(({ w }) => reshape(w, w.shape.slice(1)));
    const other = onlineBackprop({ weights, xs: reshape(xs, [30, 6]), ys: reshape(ys, [30, 3]), rate: 0.1 });
    expect(gap(reshape(logits, [30, 3]), other.logits)).toBeLessThan(1e-13);
    for (const [k, { w }] of after.layers.entries())
      expect(gap(reshape(w, w.shape.slice(1)), other.weights[k]!)).toBeLessThan(1e-13);
  });

  it.each([
    [true, 'mean'],
    [false, 'sum'],
  ] as const)('permuted units give permuted answers (backwardPass %s, %s)', (backwardPass, reduce) => {
    const synapse = lstmSynapse({ units: 4, messageSize: 3, reduce });
    const net = machine([5, 4, 3], synapse, { backwardPass });
    const theta = synapse.init(random.key(3));
    const start = net.start(random.key(4), 2);
    const { xs, ys } = stream(5, [6, 2, 5, 3]);
    const orders = [
      [3, 0, 4, 1, 2],
      [2, 0, 3, 1],
      [2, 0, 1],
    ].map((order) => tensor(order, { dtype: 'i32' }));
    const moved: MachineState<LstmState> = {
      ...start,
      layers: start.layers.map((layer, k) =>
        trees.mapTensors((s) => take(take(s, orders[k]!, 1), orders[k + 1]!, 2), layer),
      ),
    };
    const [, plain] = net.run(theta, start, { xs, ys });
    const [, permuted] = net.run(theta, moved, { xs: take(xs, orders[0]!, 2), ys: take(ys, orders[2]!, 2) });
    expect(gap(take(permuted, argsort(orders[2]!), 2), plain)).toBeLessThan(1e-13);
    expect(gap(permuted, plain)).toBeGreaterThan(1e-9);
  });

  it('the gradient of the meta-loss agrees with finite differences through messages, states and errors', () => {
    const synapse = lstmSynapse({ units: 4, messageSize: 2, microTicks: 2, gateOffset: 1 });
    const net = machine([3, 4, 2], synapse, { backwardPass: false, feedLabel: true });
    const start = net.start(random.key(6), 2);
    const { xs, ys } = stream(7, [4, 2, 3, 2]);
    const [flat, unravel] = trees.ravel(synapse.init(random.key(8)));
    const loss = jit((p: Tensor) => metaLossOf(net.run(unravel(p), start, { xs, ys })[1], ys));
    const slope = grad(loss)(flat);
    const way = random.normal(random.key(9), flat.shape);
    const h = 1e-5;
    const numeric = sub(loss(add(flat, mul(way, h))), loss(sub(flat, mul(way, h)))).item() / (2 * h);
    expect(trees.dot(slope, way).item()).toBeCloseTo(numeric, 7);
  });

  it('an inner batch of equal examples learns as one example does', () => {
    const synapse = lstmSynapse({ units: 4 });
    const theta = synapse.init(random.key(1));
    const { xs, ys } = stream(2, [3, 1, 4, 2]);
    const [, one] = machine([4, 2], synapse).run(theta, machine([4, 2], synapse).start(random.key(3), 1), { xs, ys });
    const single = machine([4, 2], synapse).start(random.key(3), 1);
    const twice = trees.mapTensors((t) => take(t, tensor([0, 0], { dtype: 'i32' }), 0), single);
    const both = {
      xs: take(xs, tensor([0, 0], { dtype: 'i32' }), 1),
      ys: take(ys, tensor([0, 0], { dtype: 'i32' }), 1),
    };
    const [, batched] = machine([4, 2], synapse, { isBatch: true }).run(theta, twice, both);
    expect(gap(mean(batched, 1), reshape(one, [3, 2]))).toBeLessThan(1e-14);
  });
});

describe('a machine', () => {
  it('has as many parameters as the card counts, whatever its size', () => {
    expect(trees.countParams(lstmSynapse().init(random.key(1)))).toBe(2384);
    expect(trees.countParams(slotSynapse({ rate: 0.1 }).init(random.key(1)))).toBe(1331);
  });

  it('normalises messages where asked', () => {
    const synapse = lstmSynapse({ units: 4, messageSize: 4, layerNorm: true });
    const net = machine([3, 2], synapse);
    const { xs, ys } = stream(1, [1, 1, 3, 2]);
    const theta = synapse.init(random.key(2));
    const f = synapse.tick(
      theta,
      net.start(random.key(3), 1).layers[0]!,
      random.normal(random.key(4), [1, 3, 4]),
      random.normal(random.key(5), [1, 2, 4]),
    );
    expect(Math.abs(mean(f.forward).item())).toBeLessThan(1e-6);
    expect(net.run(theta, net.start(random.key(3), 1), { xs, ys })[1].shape).toEqual([1, 1, 2]);
  });

  it('refuses sizes, messages and streams that do not fit', () => {
    expect(() => machine([4], lstmSynapse())).toThrow(/at least two widths/);
    expect(() => machine([4, 2], lstmSynapse({ messageSize: 1 }))).toThrow(/messages of 1 numbers where 2/);
    expect(() => lstmSynapse({ units: 0 })).toThrow(/units is 0/);
    expect(() => machine([4, 2], slotSynapse({ rate: 1 }), { ...CLONE_MACHINE, isBatch: true })).toThrow(/inner batch/);
    const net = machine([4, 2], lstmSynapse());
    const theta = lstmSynapse().init(random.key(1));
    expect(() => net.run(theta, net.start(random.key(1), 1), stream(1, [3, 1, 5, 2]))).toThrow(/\[3,1,5\]/);
  });
});
