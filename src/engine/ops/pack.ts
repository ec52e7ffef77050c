/** Masks as single bits, 32 to a u32 word: element i of a line is bit i mod 32 of word ⌊i/32⌋. */
import type { CheckRow } from '../check-row.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import { showShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { cast } from './cast.ts';
import { ne } from './compare.ts';
import { scalar } from './constant.ts';
import { bitAnd, shiftLeft, shiftRight } from './integer.ts';
import { iota } from './iota.ts';
import { expandDims, pad, reshape, sliceAxis } from './movement.ts';
import { sum } from './reduce.ts';

const WORD = 32;

/** The bits of a bool tensor's last axis as u32 words: (…, n) → (…, ⌈n/32⌉); the rest of the last word is 0. */
export function packBits(x: Tensor): Tensor {
  if (x.dtype !== 'bool')
    throw new DtypeError(`packBits: takes bool, not ${x.dtype}`, { dtype: x.dtype, help: 'compare first: gt(x, 0)' });
  if (x.rank === 0) throw new ShapeError('packBits: a scalar has no axis to pack', { shape: x.shape });
  const n = x.shape.at(-1)!;
  const words = Math.ceil(n / WORD);
  const lead = x.shape.slice(0, -1);
  const whole = pad(cast(x, 'u32'), [...lead.map(() => [0, 0] as const), [0, words * WORD - n]]);
  return sum(shiftLeft(reshape(whole, [...lead, words, WORD]), iota(WORD, 'u32')), -1);
}

/** The first n bits of u32 words as bool: (…, words) → (…, n). */
export function unpackBits(words: Tensor, n: number = words.size === 0 ? 0 : WORD * words.shape.at(-1)!): Tensor {
  if (words.dtype !== 'u32')
    throw new DtypeError(`unpackBits: takes u32 words, not ${words.dtype}`, { dtype: words.dtype });
  const most = WORD * (words.shape.at(-1) ?? 0);
  if (!Number.isInteger(n) || n < 0 || n > most)
    throw new ShapeError(`unpackBits: words ${showShape(words.shape)} hold ${most} bits a line, not ${n}`, {
      shape: words.shape,
      n,
    });
  const bits = bitAnd(shiftRight(expandDims(words, words.rank), iota(WORD, 'u32')), scalar(1, 'u32'));
  const lines = reshape(ne(bits, scalar(0, 'u32')), [...words.shape.slice(0, -1), most]);
  return sliceAxis(lines, -1, 0, n);
}

export const packChecks: readonly CheckRow[] = [
  { name: 'packBits', f: (x) => packBits(x!), args: [{ shape: [2, 37], kind: 'bool' }] },
  {
    name: 'unpackBits',
    f: (x) => unpackBits(x!, 50),
    args: [{ shape: [3, 2], kind: 'u32', domain: [0, 4294967295] }],
  },
];
