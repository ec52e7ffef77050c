import { describe, expect, it } from 'vitest';
import { ConfigError, Tensor, tensor } from '../engine/index.ts';
import { evaluate, inputsOf, parseExpression } from './expression.ts';

const value = (text: string, inputs: Record<string, Tensor> = {}): unknown => {
  const found = evaluate(parseExpression(text), new Map(Object.entries(inputs)));
  return found instanceof Tensor ? found.toArray() : found;
};

describe('an expression', () => {
  // Python and JavaScript agree on every one of these.
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['8 - 3 - 2', 3],
    ['12 / 3 / 2', 2],
    ['2 ** 3 ** 2', 512],
    ['2 ** -1', 0.5],
    ['-(2 ** 2)', -4],
    ['--3', 3],
    ['.5 + 1e-1', 0.6],
    ['2 * -3', -6],
  ])('%s = %d', (text, expected) => expect(value(text)).toBeCloseTo(expected, 12));

  it('takes the power before the sign, as Python does', () => expect(value('-2 ** 2')).toBe(-4));

  it('calls ops on inputs, with numbers and lists as arguments', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(value('sum(x, [0])', { x })).toEqual([4, 6]);
    expect(value('reshape(x, [4]) * 2 - 1', { x })).toEqual([1, 3, 5, 7]);
    expect(value('matmul(x, x)', { x })).toEqual([
      [7, 10],
      [15, 22],
    ]);
  });

  it('knows its inputs in the order of their first use', () => {
    expect(inputsOf(parseExpression('tanh(matmul(x, w) + b) * x'))).toEqual(['x', 'w', 'b']);
  });

  it.each([
    ['tanh(x', '")" should stand where it ends', 6],
    ['x +', 'a value should stand where it ends', 3],
    ['x y', 'an operator should stand where there is "y"', 2],
    ['x $ 2', 'the character "$" means nothing here', 2],
    ['*x', 'a value should stand where there is "*"', 0],
    ['process(x)', 'there is no op "process"', 0],
    ['constructor(x)', 'there is no op "constructor"', 0],
  ])('%j is refused where it goes wrong', (text, why, column) => {
    let thrown: unknown;
    try {
      parseExpression(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConfigError);
    const { message, details } = thrown as ConfigError;
    expect(message.split('\n').slice(0, 3)).toEqual([why, `  ${text}`, `  ${' '.repeat(column)}^`]);
    expect(details.column).toBe(column);
  });
});
