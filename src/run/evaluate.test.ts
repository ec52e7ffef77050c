/** Measuring on text: accuracy is the share of positions, a padded last batch does not count, and the loss of the true source is its entropy. */
import { describe, expect, it } from 'vitest';
import { loadDataset, markovSource } from '../data/index.ts';
import { log, reshape, take, tensor } from '../engine/index.ts';
import { foldIn, keyFrom } from '../engine/threefry.ts';
import { Evaluator } from './evaluate.ts';
import { taskOf } from './task.ts';

describe('the evaluator on windows of text', () => {
  it('finds the entropy of a Markov source for the source itself as predictor', async () => {
    const set = await loadDataset('markov', { symbols: 4, order: 1, context: 16, train: 4, test: 330 });
    const { next } = markovSource({ key: foldIn(keyFrom(0), 2), symbols: 4, order: 1 });
    const table = reshape(log(tensor(Array.from(next), { dtype: 'f32' })), [4, 4]);
    const task = taskOf(set);
    const measured = await new Evaluator((_: null, x) => take(table, x, 0), task).measure(null, task.test); // (B, 16) → (B, 16, 4)

    const [ids, following] = [set.test.x, set.test.y];
    let hits = 0;
    let loss = 0;
    for (let i = 0; i < ids.length; i++) {
      const row = next.subarray(4 * ids[i]!, 4 * ids[i]! + 4);
      hits += Number(row.indexOf(Math.max(...row)) === following[i]);
      loss -= Math.log(row[following[i]!]!);
    }
    expect(measured.accuracy).toBeCloseTo(hits / ids.length, 6);
    expect(measured.loss).toBeCloseTo(loss / ids.length, 5);
    expect(Math.abs(measured.loss - set.entropy!)).toBeLessThan(0.05); // 5,280 characters
  });
});
