import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { jit, random, tensor, valueAndGrad } from '../engine/index.ts';
import type { Tree } from '../nn/index.ts';
import { crossEntropy, dense, model, mse } from '../nn/index.ts';
import type { Optimizer } from './index.ts';
import { adagrad, adam, applyUpdates, cosine, masked, momentum, nesterov, rmsprop, sgd } from './index.ts';

interface Run {
  readonly params: Tree;
  readonly memory: Tree;
  readonly loss: Tensor;
}

/** A compiled step that gives its memory over to its result, as the training loop does. */
function trainer(
  of: ReturnType<typeof model>,
  loss: ReturnType<typeof mse>,
  optimizer: Optimizer,
  x: Tensor,
  y: Tensor,
) {
  return jit(
    ({ params, memory }: { readonly params: Tree; readonly memory: Tree }): Run => {
      const [value, credit] = valueAndGrad((p: Tree) => loss.value(of.apply(p, [null, null], x)[0], { x, y }))(params);
      const [step, next] = optimizer.update(credit, memory, { params });
      return { params: applyUpdates(params, step), memory: next, loss: value };
    },
    { donate: [0] },
  );
}

function train(
  of: ReturnType<typeof model>,
  loss: ReturnType<typeof mse>,
  optimizer: Optimizer,
  data: { x: Tensor; y: Tensor },
  steps: number,
): Run {
  const step = trainer(of, loss, optimizer, data.x, data.y);
  const { params } = of.initialise(random.key(1));
  let { params: p, memory, loss: last } = step({ params, memory: optimizer.init(params) });
  for (let t = 1; t < steps; t++) ({ params: p, memory, loss: last } = step({ params: p, memory }));
  return { params: p, memory, loss: last };
}

// y = 2·x₀ − x₁ + ½ on a grid: the least-squares solution is the line itself
const grid = [-1, 0, 1].flatMap((a) => [-1, 0, 1].map((b) => [a, b]));
const line = { x: tensor(grid), y: tensor(grid.map(([a, b]) => [2 * a! - b! + 0.5])) };

describe('optimisers find the least-squares solution', () => {
  const rows: Record<string, Optimizer> = {
    sgd: sgd({ learningRate: 0.3 }),
    momentum: momentum({ learningRate: 0.05 }),
    nesterov: nesterov({ learningRate: 0.05 }),
    adam: adam({ learningRate: cosine({ rate: 0.1, steps: 400 }) }),
    rmsprop: rmsprop({ learningRate: cosine({ rate: 0.05, steps: 400 }) }),
    adagrad: adagrad({ learningRate: 0.5 }),
  };
  for (const [name, optimizer] of Object.entries(rows)) {
    it(name, () => {
      const { params } = train(model([2], [dense({ units: 1 })]), mse(), optimizer, line, 400);
      const [{ w, b }] = params as unknown as [{ w: Tensor; b: Tensor }];
      const found = [...w.readSync(), ...b.readSync()];
      [2, -1, 0.5].forEach((wanted, i) => {
        expect(Math.abs(found[i]! - wanted)).toBeLessThan(2e-3);
      });
    });
  }
});

it('a masked weight stays what it was while the others learn around it', () => {
  const of = model([2], [dense({ units: 1 })]);
  const start = (of.initialise(random.key(1)).params as unknown as [{ w: Tensor }])[0].w.readSync()[0];
  const optimizer = masked(adam({ learningRate: 0.05 }), [{ w: tensor([[0], [1]]), b: null }]);
  const [{ w }] = train(of, mse(), optimizer, line, 300).params as unknown as [{ w: Tensor }];
  expect(w.readSync()[0]).toBe(start);
  expect(w.readSync()[1]).toBeCloseTo(-1, 2);
});

it('a small network learns XOR', () => {
  const data = {
    x: tensor([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]),
    y: tensor(new Int32Array([0, 1, 1, 0])),
  };
  const of = model([2], [dense({ units: 8, activation: 'tanh' }), dense({ units: 2 })]);
  expect(train(of, crossEntropy(), adam({ learningRate: 0.05 }), data, 200).loss.item()).toBeLessThan(0.02);
});
