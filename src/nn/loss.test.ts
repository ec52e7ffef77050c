import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { cast, DataError, grad, relativeError, ShapeError, tensor } from '../engine/index.ts';
import { binaryCrossEntropy, crossEntropy } from './cross-entropy.ts';
import { hinge, huber, mse } from './distance.ts';
import type { Batch, Loss } from './loss.ts';
import { checkLabels } from './loss.ts';
import { accuracy } from './metric.ts';
import { gaussian } from './testing.ts';

const f64 = (x: number | number[] | number[][]): Tensor => tensor(x, { dtype: 'f64' });
const i32 = (x: number[] | number[][]): Tensor => cast(tensor(x), 'i32');
const batchOf = (y: Tensor, mask?: number[]): Batch => ({
  x: f64([0]),
  y,
  ...(mask === undefined ? {} : { mask: f64(mask) }),
});

const z = [
  [1, -2, 0.5],
  [0, 3, -1],
];
const labels = i32([2, 1]);

/** −log softmax(row)[k], by its definition. */
const nll = (row: number[], k: number): number => Math.log(row.reduce((s, v) => s + Math.exp(v), 0)) - row[k]!;

describe('closed forms', () => {
  const rows: [string, Loss, number[][], Batch, number][] = [
    ['cross-entropy, mean', crossEntropy(), z, batchOf(labels), (nll(z[0]!, 2) + nll(z[1]!, 1)) / 2],
    ['cross-entropy, sum', crossEntropy({ batch: 'sum' }), z, batchOf(labels), nll(z[0]!, 2) + nll(z[1]!, 1)],
    ['cross-entropy without the padding', crossEntropy(), z, batchOf(labels, [0, 1]), nll(z[1]!, 1)],
    [
      'cross-entropy with smoothing',
      crossEntropy({ smoothing: 0.3 }),
      z,
      batchOf(labels),
      [2, 1].reduce(
        (s, k, i) => s + [0, 1, 2].reduce((t, c) => t + ((c === k ? 0.7 : 0) + 0.1) * nll(z[i]!, c), 0),
        0,
      ) / 2,
    ],
    [
      'cross-entropy on probabilities',
      crossEntropy(),
      z,
      batchOf(
        f64([
          [0.5, 0.5, 0],
          [0, 0.2, 0.8],
        ]),
      ),
      (0.5 * nll(z[0]!, 0) + 0.5 * nll(z[0]!, 1) + 0.2 * nll(z[1]!, 1) + 0.8 * nll(z[1]!, 2)) / 2,
    ],
    [
      'mean squared error',
      mse(),
      z,
      batchOf(
        f64([
          [0, 0, 0],
          [1, 1, 1],
        ]),
      ),
      (1 + 4 + 0.25 + 1 + 4 + 4) / 6,
    ],
    [
      'squared error, sum and mean',
      mse({ features: 'sum' }),
      z,
      batchOf(
        f64([
          [0, 0, 0],
          [1, 1, 1],
        ]),
      ),
      14.25 / 2,
    ],
    [
      'half the squared error, summed',
      mse({ features: 'half-sum', batch: 'sum' }),
      z,
      batchOf(
        f64([
          [0, 0, 0],
          [1, 1, 1],
        ]),
      ),
      14.25 / 2,
    ],
    [
      'squared error to classes',
      mse({ features: 'sum', batch: 'sum' }),
      z,
      batchOf(labels),
      1 + 4 + 0.25 + (0 + 4 + 1),
    ],
    [
      'binary cross-entropy',
      binaryCrossEntropy(),
      [[0.5], [-2]],
      batchOf(f64([[1], [0]])),
      (Math.log(1 + Math.exp(-0.5)) + Math.log(1 + Math.exp(-2))) / 2,
    ],
    [
      'binary cross-entropy with a column of labels',
      binaryCrossEntropy(),
      [[0.5], [-2]],
      batchOf(i32([1, 0])),
      (Math.log(1 + Math.exp(-0.5)) + Math.log(1 + Math.exp(-2))) / 2,
    ],
    [
      'huber',
      huber({ features: 'sum', batch: 'sum' }),
      z,
      batchOf(
        f64([
          [0, 0, 0],
          [0, 0, 0],
        ]),
      ),
      0.5 + 1.5 + 0.125 + 0 + 2.5 + 0.5,
    ],
    ['hinge', hinge({ features: 'sum', batch: 'sum' }), z, batchOf(labels), 2 + 0 + 0.5 + (1 + 0 + 0)],
  ];
  for (const [name, loss, output, batch, value] of rows) {
    it(name, () => expect(loss.value(f64(output), batch).item()).toBeCloseTo(value, 12));
  }

  it('a sequence averages over its positions', () => {
    const output = tensor(
      [
        [
          [1, 0],
          [0, 2],
        ],
      ],
      { dtype: 'f64' },
    );
    expect(
      crossEntropy()
        .value(output, batchOf(i32([[0, 0]])))
        .item(),
    ).toBeCloseTo((nll([1, 0], 0) + nll([0, 2], 0)) / 2, 12);
  });

  it('large logits neither overflow nor lose the label', () => {
    expect(
      crossEntropy()
        .value(
          f64([
            [1e4, 0],
            [-1e4, 1e4],
          ]),
          batchOf(i32([1, 1])),
        )
        .item(),
    ).toBeCloseTo(5e3, 9);
    expect(
      binaryCrossEntropy()
        .value(f64([[-800]]), batchOf(f64([[1]])))
        .item(),
    ).toBeCloseTo(800, 9);
  });
});

describe('the error is the derivative of the value', () => {
  const classes = i32([0, 3, 1, 1, 2, 0]);
  const targets = gaussian([6, 4], 21);
  const rows: [string, Loss, Tensor][] = [
    ['cross-entropy', crossEntropy(), classes],
    ['cross-entropy, smoothed and summed', crossEntropy({ smoothing: 0.2, batch: 'sum' }), classes],
    ['cross-entropy on targets that are no probabilities', crossEntropy(), targets],
    ['squared error', mse(), targets],
    ['half squared error to classes', mse({ features: 'half-sum' }), classes],
    ['binary cross-entropy', binaryCrossEntropy(), classes],
    ['binary cross-entropy, summed', binaryCrossEntropy({ features: 'sum' }), targets],
    ['huber', huber({ delta: 0.7 }), targets],
    ['hinge', hinge({ features: 'sum' }), classes],
  ];
  for (const [name, loss, y] of rows) {
    it(name, () => {
      for (const mask of [undefined, [1, 1, 0, 1, 0, 1]]) {
        const output = gaussian([6, 4], 22);
        const exact = grad((o: Tensor) => loss.value(o, batchOf(y, mask)))(output);
        expect(relativeError([...loss.error(output, batchOf(y, mask)).readSync()], [...exact.readSync()])).toBeLessThan(
          1e-12,
        );
      }
    });
  }

  it('for sequences too', () => {
    const output = gaussian([2, 3, 4], 23);
    const batch = batchOf(
      i32([
        [0, 1, 2],
        [3, 3, 0],
      ]),
    );
    const exact = grad((o: Tensor) => crossEntropy().value(o, batch))(output);
    expect(relativeError([...crossEntropy().error(output, batch).readSync()], [...exact.readSync()])).toBeLessThan(
      1e-12,
    );
  });
});

describe('refusals', () => {
  it('targets that do not fit', () => {
    expect(() => mse().value(f64(z), batchOf(f64([1, 2])))).toThrow(ShapeError);
    expect(() => crossEntropy().value(f64(z), batchOf(f64([1, 2])))).toThrow(/class indices in i32 of shape \[2\]/);
    expect(() => mse().value(f64(z), batchOf(labels, [1]))).toThrow(/mask \[1\] does not belong to 2 samples/);
  });

  it('labels that are no class, with the sample', () => {
    expect(() => checkLabels(i32([0, 3, 1]), 3)).toThrow(DataError);
    expect(() => checkLabels(i32([0, -1]), 3)).toThrow(/label -1 of sample 1/);
    expect(() => checkLabels(i32([0, 2]), 3)).not.toThrow();
  });
});

it('accuracy counts samples that are not padding', () => {
  const output = f64([
    [1, 0],
    [0, 1],
    [1, 0],
    [0, 1],
  ]);
  expect(accuracy(output, batchOf(i32([0, 1, 1, 1]))).item()).toBeCloseTo(0.75, 15);
  expect(accuracy(output, batchOf(i32([0, 1, 1, 1]), [1, 0, 1, 0])).item()).toBeCloseTo(0.5, 15);
  expect(
    accuracy(
      output,
      batchOf(
        f64([
          [1, 0],
          [1, 0],
          [1, 0],
          [0, 1],
        ]),
      ),
    ).item(),
  ).toBeCloseTo(0.75, 15);
});

it('a batch of padding alone has loss 0', () => {
  expect(
    crossEntropy()
      .value(f64(z), batchOf(labels, [0, 0]))
      .item(),
  ).toBe(0);
});
