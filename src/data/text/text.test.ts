import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyFrom } from '../../engine/threefry.ts';
import { loadDataset } from '../load.ts';
import { loader } from '../loader.ts';
import { fitNormaliser, normalise } from '../normalise.ts';
import { ENGLISH, type Grammar, grammarEntropy, grammarText } from './grammar.ts';
import { markovSource, markovText } from './markov.ts';
import { characterVocabulary, wordsOf, wordVocabulary } from './vocabulary.ts';
import { encodeRows, textWindows } from './windows.ts';

const entropyOf = (p: Iterable<number>): number => [...p].reduce((h, v) => (v > 0 ? h - v * Math.log(v) : h), 0);

function frequencies(items: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  let n = 0;
  for (const item of items) {
    counts.set(item, (counts.get(item) ?? 0) + 1);
    n++;
  }
  return new Map([...counts].map(([item, count]) => [item, count / n]));
}

describe('characterVocabulary', () => {
  it('numbers characters in code-point order and gives every text back', () => {
    const v = characterVocabulary('banana, 🦊!');
    expect(v.tokens).toEqual([' ', '!', ',', 'a', 'b', 'n', '🦊']);
    expect([...v.encode('nab🦊')]).toEqual([5, 3, 4, 6]);
    expect(v.decode(v.encode('ban🦊a !'))).toBe('ban🦊a !');
    expect(characterVocabulary(v.tokens).tokens).toEqual(v.tokens);
  });

  it('names the place of a character that it does not have, or puts the unknown token there', () => {
    const v = characterVocabulary('ab\n');
    expect(() => v.encode('ab\nabx')).toThrow(/"x" at line 2, column 3 is not among 3 tokens/);
    const open = characterVocabulary('ab', { unknown: '?' });
    expect(open.decode(open.encode('abcba'))).toBe('ab?ba');
    expect(() => v.decode([0, 7])).toThrow(/id 7 at 1 stands for nothing: there are 3 tokens/);
    expect(() => characterVocabulary('')).toThrow(/one character/);
  });
});

describe('wordVocabulary', () => {
  it('orders words by count, then by code units, after the special tokens', () => {
    const v = wordVocabulary(['The cat, the dog.', "A dog isn't a cat: the end"], { padding: '<pad>', minCount: 2 });
    expect(v.tokens).toEqual(['<pad>', '<unk>', 'the', 'a', 'cat', 'dog']);
    expect([v.padding, v.unknown]).toEqual([0, 1]);
    expect(v.decode(v.encode('THE END of a dog'))).toBe('the <unk> <unk> a dog');
    expect(wordVocabulary(['b a b'], { size: 1, unknown: null }).tokens).toEqual(['b']);
    expect(() => wordVocabulary(['b a'], { unknown: null }).encode('a c')).toThrow(/"c" at line 1, column 3/);
    expect(() => wordVocabulary(['b'], { minCount: 0 })).toThrow(/minCount must be 1 or more/);
  });

  it('keeps apostrophes and hyphens inside of words, and punctuation as tokens', () => {
    expect(wordsOf("It's a well-known, naïve «idea» — 3.5")).toEqual([
      "It's",
      'a',
      'well-known',
      ',',
      'naïve',
      '«',
      'idea',
      '»',
      '—',
      '3',
      '.',
      '5',
    ]);
  });

  it('makes rows of equal length', () => {
    const v = wordVocabulary(['a b c'], { padding: '<pad>' });
    expect([...encodeRows(['a', 'c b a c'], v, 3)]).toEqual([2, 0, 0, 4, 3, 2]);
    expect(() => encodeRows(['a'], wordVocabulary(['a']), 3)).toThrow(/text 0 has 1 tokens, fewer than 3/);
  });
});

describe('textWindows', () => {
  const ids = Int32Array.from({ length: 11 }, (_, i) => i);

  it('gives each id but the first as a target once, without copying', () => {
    const part = textWindows(ids, { context: 3 });
    expect([part.shape, part.yShape, part.x.buffer === ids.buffer]).toEqual([[3, 3], [3, 3], true]);
    expect([[...part.x], [...part.y]]).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8],
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ]);
    expect(textWindows(ids, { context: 5 }).n).toBe(2);
  });

  it('may overlap, start later and ask for the last id alone', () => {
    const part = textWindows(ids, { context: 3, stride: 2, from: 1, target: 'last' });
    expect([part.shape, [...part.x.subarray(3, 6)], [...part.y]]).toEqual([
      [4, 3],
      [3, 4, 5],
      [4, 6, 8, 10],
    ]);
    expect(() => textWindows(ids, { context: 11 })).toThrow(/11 ids are too few for a window of 11/);
    expect(() => textWindows(ids, { context: 1.5 })).toThrow(/context must be an integer/);
  });

  it('reaches batches as i32, whatever normaliser is there', () => {
    const part = textWindows(ids, { context: 2 });
    const normaliser = fitNormaliser(part);
    expect(normaliser).toMatchObject({ mean: [0, 0], std: [1, 1] });
    expect(normalise(part, normaliser)).toBe(part);
    const batch = loader({ set: part, batch: 2, normaliser }).batchAt({ epoch: 0, step: 1 });
    expect([batch.x, batch.y]).toEqual([Int32Array.of(4, 5, 6, 7), Int32Array.of(5, 6, 7, 8)]);
  });
});

/** Probability (or number, with weights of 1) of the derivations of a whole text, by trying all of them. */
function derivations(grammar: Grammar, text: string, weigh: boolean): number {
  const memo = new Map<string, Map<number, number>>();
  const follow = (parts: readonly string[], from: number): Map<number, number> => {
    let ends = new Map([[from, 1]]);
    for (const part of parts) {
      const next = new Map<number, number>();
      for (const [at, p] of ends) for (const [end, q] of spans(part, at)) next.set(end, (next.get(end) ?? 0) + p * q);
      ends = next;
    }
    return ends;
  };
  const spans = (part: string, from: number): Map<number, number> => {
    const productions = grammar[part];
    if (productions === undefined) return new Map(text.startsWith(part, from) ? [[from + part.length, 1]] : []);
    const known = memo.get(`${part} ${from}`);
    if (known !== undefined) return known;
    const total = productions.reduce((sum, { weight }) => sum + weight, 0);
    const out = new Map<number, number>();
    for (const { weight, parts } of productions)
      for (const [end, q] of follow(parts, from)) out.set(end, (out.get(end) ?? 0) + q * (weigh ? weight / total : 1));
    memo.set(`${part} ${from}`, out);
    return out;
  };
  return spans(Object.keys(grammar)[0]!, 0).get(text.length) ?? 0;
}

describe('a grammar', () => {
  it('has the entropy of the list of its sentences', () => {
    const grammar: Grammar = {
      S: [
        { weight: 3, parts: ['A', 'B', '.'] },
        { weight: 1, parts: ['B', '.'] },
      ],
      A: [
        { weight: 1, parts: ['x'] },
        { weight: 2, parts: ['yy'] },
      ],
      B: [
        { weight: 1, parts: ['0'] },
        { weight: 4, parts: ['11'] },
      ],
    };
    const a = [1 / 3, 2 / 3];
    const b = [1 / 5, 4 / 5];
    const list = [...a.flatMap((p) => b.map((q) => 0.75 * p * q)), ...b.map((q) => 0.25 * q)];
    const { sentenceNats, sentenceLength, entropy } = grammarEntropy(grammar);
    expect(sentenceNats).toBeCloseTo(entropyOf(list), 12);
    expect(sentenceLength).toBeCloseTo(0.75 * (1 / 3 + 4 / 3) + 1 / 5 + 8 / 5 + 1, 12);
    expect(entropy).toBe(sentenceNats / sentenceLength);
  });

  it('may be recursive: a geometric number of letters', () => {
    const more = { weight: 3, parts: ['a', 'S'] };
    const { sentenceNats, sentenceLength } = grammarEntropy({ S: [more, { weight: 1, parts: ['.'] }] });
    expect(sentenceNats).toBeCloseTo(entropyOf([0.75, 0.25]) / 0.25, 10);
    expect(sentenceLength).toBeCloseTo(4, 10);
    expect(() => grammarEntropy({ S: [{ weight: 1, parts: ['a', 'S', 'S'] }] })).toThrow(/no finite length/);
    expect(() => grammarText([0, 0], 5, { S: [{ weight: 0, parts: ['a'] }] })).toThrow(/positive weights/);
  });

  it('is unambiguous in English, so that its text has the entropy that is said', () => {
    const sentences = grammarText(keyFrom(3), 60_000).split('\n').slice(0, -1);
    const nats = sentences.map((s) => -Math.log(derivations(ENGLISH, `${s}\n`, true)));
    for (const s of sentences.slice(0, 200)) expect(derivations(ENGLISH, `${s}\n`, false)).toBe(1);
    const mean = nats.reduce((a, b) => a + b, 0) / nats.length;
    const deviation = Math.sqrt(nats.reduce((a, b) => a + (b - mean) ** 2, 0) / nats.length);
    const { sentenceNats } = grammarEntropy();
    expect(Math.abs(mean - sentenceNats)).toBeLessThan((4 * deviation) / Math.sqrt(nats.length));
  });

  it('is a function of its key, and a shorter text begins a longer one', () => {
    expect(grammarText(keyFrom(1), 500)).toBe(grammarText(keyFrom(1), 900).slice(0, 500));
    expect(grammarText(keyFrom(1), 500)).not.toBe(grammarText(keyFrom(2), 500));
  });
});

describe('a Markov source', () => {
  it('has the stationary distribution and the entropy rate of a chain with two states', () => {
    const { next, stationary, entropies } = markovSource({ key: keyFrom(5), symbols: 2, order: 1 });
    const [stay, leave, back, rest] = next as unknown as [number, number, number, number];
    expect(stay + leave).toBeCloseTo(1, 14);
    const first = back / (leave + back);
    expect(stationary[0]).toBeCloseTo(first, 12);
    expect(entropies[0]).toBeCloseTo(entropyOf([first, 1 - first]), 12);
    const rate = first * entropyOf([stay, leave]) + (1 - first) * entropyOf([back, rest]);
    expect(entropies[1]).toBeCloseTo(rate, 12);
  });

  it('writes text whose blocks have the entropies that are said', () => {
    const source = markovSource({ key: keyFrom(1), symbols: 5, order: 2 });
    const text = markovText(source, keyFrom(2), 200_000);
    const block = (n: number): number =>
      entropyOf(frequencies(Array.from({ length: text.length - n + 1 }, (_, i) => text.slice(i, i + n))).values());
    const measured = [block(1), block(2) - block(1), block(3) - block(2)];
    for (const [j, h] of source.entropies.entries()) expect(Math.abs(h - measured[j]!)).toBeLessThan(0.01);
    expect(source.entropies.toSorted((a, b) => b - a)).toEqual(source.entropies);
    expect(markovText(source, keyFrom(2), 50)).toBe(text.slice(0, 50));
    expect(() => markovSource({ key: keyFrom(1), symbols: 26, order: 4 })).toThrow(/symbols \*\* order at most/);
  });
});

describe('the sets of text', () => {
  it('have the next character as target, everywhere', async () => {
    for (const name of ['sentences', 'markov']) {
      const { train, test, classes, entropy } = await loadDataset(name, { train: 40, test: 10, context: 20 });
      expect([train.shape, train.yShape, test.n]).toEqual([[40, 20], [40, 20], 10]);
      expect([...train.y.subarray(0, 799)]).toEqual([...train.x.subarray(1, 800)]);
      expect(Math.max(...train.x)).toBeLessThan(classes.length);
      expect(entropy).toBeLessThan(Math.log(classes.length));
    }
    const { entropy } = await loadDataset('markov', { symbols: 2, order: 0 });
    expect(entropy).toBeLessThanOrEqual(Math.log(2));
  });

  const real = process.env.COTANGENT_DATA;
  it.skipIf(real === undefined || !existsSync(join(real, 'books')))(
    'the novels have their published lengths',
    async () => {
      for (const [name, characters] of [
        ['alice', 144_431],
        ['pride-and-prejudice', 684_768],
      ] as const) {
        const { train, test } = await loadDataset(name, { context: 1 });
        expect(train.n + test.n).toBe(characters - 2);
      }
    },
  );

  const hasFile = real !== undefined && existsSync(join(real, 'tiny-shakespeare'));
  it.skipIf(!hasFile)(
    'Shakespeare has 65 symbols, the split by position, and 3.313 nats of unigram entropy',
    async () => {
      const { train, test, classes } = await loadDataset('tiny-shakespeare', { context: 1 });
      expect([classes.length, train.n, test.n]).toEqual([65, 1_003_854 - 1, 111_540 - 1]);
      const v = characterVocabulary(classes);
      expect(v.decode(train.x.subarray(0, 14) as Int32Array)).toBe('First Citizen:');
      const text = v.decode([...train.x, train.y.at(-1)!, ...test.x, test.y.at(-1)!]);
      expect(entropyOf(frequencies(text).values())).toBeCloseTo(3.313, 3);
    },
  );
});
