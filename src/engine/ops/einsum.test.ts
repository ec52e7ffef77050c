import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../errors.ts';
import { distance, numbers, of, onBackends, wavy } from '../op-testing.ts';
import type { Tensor } from '../tensor.ts';
import { einsum } from './einsum.ts';

/** The definition: a loop over all letters. */
function byDefinition(spec: string, ...xs: Tensor[]): number[] {
  const [left, output] = spec.split('->') as [string, string];
  const inputs = left.split(',');
  const extents = new Map(
    inputs.flatMap((letters, k) => [...letters].map((letter, i) => [letter, xs[k]!.shape[i]!] as const)),
  );
  const letters = [...output, ...[...extents.keys()].filter((l) => !output.includes(l))];
  const out = new Array<number>([...output].reduce((n, l) => n * extents.get(l)!, 1)).fill(0);
  const data = xs.map(numbers);
  const offset = (own: string, at: ReadonlyMap<string, number>) =>
    [...own].reduce((o, l) => o * extents.get(l)! + at.get(l)!, 0);
  const visit = (depth: number, at: Map<string, number>): void => {
    if (depth === letters.length) {
      out[offset(output, at)]! += inputs.reduce((p, own, k) => p * data[k]![offset(own, at)]!, 1);
      return;
    }
    for (let i = 0; i < extents.get(letters[depth]!)!; i++) visit(depth + 1, at.set(letters[depth]!, i));
  };
  visit(0, new Map());
  return out;
}

onBackends('einsum', (here) => {
  it.each<[string, ...(readonly number[])[]]>([
    ['ij,jk->ik', [3, 4], [4, 2]],
    ['ij,kj->ki', [3, 4], [2, 4]],
    ['bij,bjk->bik', [2, 3, 4], [2, 4, 2]],
    ['ibj,kjb->bki', [3, 2, 4], [2, 4, 2]],
    ['ij,ij->', [3, 4], [3, 4]],
    ['i,j->ij', [3], [4]],
    ['ijk->kj', [2, 3, 4]],
    ['ii->i', [3, 3]],
    ['ii->', [3, 3]],
    ['iijj->ij', [2, 2, 3, 3]],
    ['aba,ab->b', [2, 3, 2], [2, 3]],
    ['abc,cd,bd->a', [2, 3, 4], [4, 2], [3, 2]],
    ['ab,bc,cd,da->', [2, 3], [3, 2], [2, 4], [4, 2]],
    ['abcd,efcd->abef', [2, 2, 3, 2], [2, 3, 3, 2]],
    ['ab,c->c', [2, 3], [4]],
  ])('%s', (spec, ...shapes) => {
    here(() => {
      const xs = shapes.map((shape, i) => wavy(shape, 'f64', i));
      expect(distance(numbers(einsum(spec, ...xs)), byDefinition(spec, ...xs))).toBeLessThan(1e-14);
    });
  });
});

describe('einsum refuses', () => {
  const x = of([2, 3], [1, 2, 3, 4, 5, 6]);
  it.each<[string, RegExp, unknown, Tensor[]]>([
    ['ij,jk', /has no result/, ConfigError, [x, x]],
    ['ij->ik', /letter k of the result/, ConfigError, [x]],
    ['ij->ii', /letter i occurs twice/, ConfigError, [x]],
    ['ij,jk->ik', /letter j is 3 in operand 0 and 2 in operand 1/, ShapeError, [x, x]],
    ['ijk->i', /names 3 axes/, ShapeError, [x]],
    ['i.->i', /is not a letter/, ConfigError, [x]],
    ['ij,ij->i', /names 2 operands and got 1/, ConfigError, [x]],
  ])('%s', (spec, message, type, xs) => {
    expect(() => einsum(spec, ...xs)).toThrow(message);
    expect(() => einsum(spec, ...xs)).toThrow(type as new () => Error);
  });
});
