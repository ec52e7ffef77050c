import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { above, budget, choice, every, names, rates, seeds, shapes, whole } from './fields.ts';

const reads = (type: z.ZodType, value: unknown): unknown => type.parse(value);
const refusal = (type: z.ZodType, value: unknown): string => type.safeParse(value).error!.issues[0]!.message;

describe('options', () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    ['whole', whole(1), '12', 12],
    ['whole, from JSON', whole(), 0, 0],
    ['above', above(0), '1e-3', 0.001],
    ['a choice', choice('wasm', 'js'), 'js', 'js'],
    ['names', names(), 'backprop, dfa,', ['backprop', 'dfa']],
    ['names, from JSON', names(), ['all'], ['all']],
    ['a number of seeds', seeds(), '3', 3],
    ['some seeds', seeds(), '1,2,5', [1, 2, 5]],
    ['one seed', seeds(), '7,', [7]],
    ['seeds, from JSON', seeds(), [4, 0], [4, 0]],
    ['epochs', budget(), '5epochs', { kind: 'epochs', value: 5 }],
    ['half an epoch', budget(), '0.5 epoch', { kind: 'epochs', value: 0.5 }],
    ['FLOPs', budget(), '2e12flops', { kind: 'flops', value: 2e12 }],
    ['seconds', budget(), '30s', { kind: 'seconds', value: 30 }],
    ['minutes', budget(), '2min', { kind: 'seconds', value: 120 }],
    ['a bare number', budget(), 5, { kind: 'epochs', value: 5 }],
    ['steps', every(), '200steps', { unit: 'steps', value: 200 }],
    ['one epoch', every(), '1epoch', { unit: 'epochs', value: 1 }],
    ['a rate', rates(), '0.01', { default: 0.01 }],
    ['rates', rates(), 'dfa=1e-3, default=0.1', { dfa: 0.001, default: 0.1 }],
    ['rates, from JSON', rates(), { dfa: 0.5 }, { dfa: 0.5 }],
    [
      'inputs',
      shapes(),
      ['x=2,3', 'n= 4 :i32', 's='],
      { x: { shape: [2, 3] }, n: { shape: [4], dtype: 'i32' }, s: { shape: [] } },
    ],
  ])('read %s', (_what, type, value, expected) => expect(reads(type, value)).toEqual(expected));

  it.each<[z.ZodType, unknown, string]>([
    [whole(1), '0', '"0" is not a whole number of at least 1'],
    [whole(), '1.5', '"1.5" is not a whole number of at least 0'],
    [whole(), '', '"" is not a whole number of at least 0'],
    [whole(), true, 'true is not a whole number of at least 0'],
    [above(0), '0', '"0" is not a number above 0'],
    [above(0), 'Infinity', '"Infinity" is not a number above 0'],
    [choice('wasm', 'js'), 'webgl', '"webgl" is not one of wasm, js'],
    [names(), ',', '"," is not a list of names'],
    [seeds(), '0', '"0" is not a number of seeds (3) or a list of seeds (1,2,5)'],
    [seeds(), '1,x', '"1,x" is not a number of seeds (3) or a list of seeds (1,2,5)'],
    [budget(), '5parsecs', '"5parsecs" is not a budget such as 5epochs, 2e12flops or 30s'],
    [budget(), '0s', '"0s" is not a budget such as 5epochs, 2e12flops or 30s'],
    [every(), '5', '"5" is not an interval such as 200steps or 2epochs'],
    [
      rates(),
      'dfa=-1',
      '"dfa=-1" is not a learning rate above 0 (0.01) or one for each rule (dfa=0.001,backprop=0.01)',
    ],
    [shapes(), ['x=2,3', 'y'], '["x=2,3","y"] is not an input such as x=2,3 or n=4:i32'],
  ])('say what is wrong', (type, value, message) => expect(refusal(type, value)).toBe(message));
});
