/** The data sets of characters: sentences of a grammar, a Markov source, Tiny Shakespeare and two novels. */
import { foldIn, keyFrom } from '../engine/threefry.ts';
import { decodeUtf8, gunzip } from './bytes.ts';
import { storedSet } from './catalogue.ts';
import { type DatasetEntry, limitRows } from './dataset.ts';
import type { Dataset, Part } from './part.ts';
import { readFrom } from './source.ts';
import { charactersOf, grammarEntropy, grammarText } from './text/grammar.ts';
import { markovSource, markovText } from './text/markov.ts';
import { characterVocabulary, type Vocabulary } from './text/vocabulary.ts';
import { textWindows } from './text/windows.ts';

const CONTEXT = 64;
/** Share of a file that is for training, from its beginning. */
const TRAIN_SHARE = 0.9;

export const textSets = {
  sentences: {
    title: 'Sentences of a small grammar',
    takes: ['key', 'train', 'test', 'context'],
    load: ({ key = keyFrom(0), train = 2000, test = 400, context = CONTEXT }, _source, name) => {
      const vocabulary = characterVocabulary(charactersOf());
      const part = (n: number, which: number): Part =>
        windowsOf(grammarText(foldIn(key, which), n * context + 1), vocabulary, context);
      const { entropy } = grammarEntropy();
      return { ...describe(name, 'Sentences of a small grammar', part(train, 0), part(test, 1), vocabulary), entropy };
    },
  },
  markov: {
    title: 'Markov source',
    takes: ['key', 'train', 'test', 'context', 'symbols', 'order'],
    load: ({ key = keyFrom(0), train = 2000, test = 400, context = CONTEXT, symbols, order }, _source, name) => {
      const source = markovSource({
        key: foldIn(key, 2),
        ...(symbols && { symbols }),
        ...(order !== undefined && { order }),
      });
      const vocabulary = characterVocabulary(source.symbols);
      const part = (n: number, which: number): Part =>
        windowsOf(markovText(source, foldIn(key, which), n * context + 1), vocabulary, context);
      const title = `Markov source of order ${source.order}`;
      return { ...describe(name, title, part(train, 0), part(test, 1), vocabulary), entropy: source.entropies.at(-1)! };
    },
  },
  'tiny-shakespeare': storedText('tiny-shakespeare'),
  alice: storedText('alice'),
  'pride-and-prejudice': storedText('pride-and-prejudice'),
} as const satisfies Record<string, DatasetEntry>;

/** A file of text, split by position; its own characters are the vocabulary. */
function storedText(name: string): DatasetEntry {
  const { title, licence, files } = storedSet(name);
  return {
    title,
    takes: ['train', 'test', 'context'],
    load: async (options, source) => {
      const text = decodeUtf8(await gunzip(await readFrom(source(), name, files[0]!.path)));
      const vocabulary = characterVocabulary(text);
      const cut = Math.floor(TRAIN_SHARE * text.length);
      const part = (piece: string): Part => windowsOf(piece, vocabulary, options.context ?? CONTEXT);
      const set = describe(name, title, part(text.slice(0, cut)), part(text.slice(cut)), vocabulary);
      return limitRows({ ...set, licence }, options);
    },
  };
}

const windowsOf = (text: string, vocabulary: Vocabulary, context: number): Part =>
  textWindows(vocabulary.encode(text), { context });

function describe(name: string, title: string, train: Part, test: Part, { tokens }: Vocabulary): Dataset {
  return {
    name,
    title,
    task: 'classification',
    train,
    test,
    classes: tokens,
    featureShape: train.shape.slice(1),
    licence: 'MIT (made by this package)',
  };
}
