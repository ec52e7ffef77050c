/** What an entry of the registry of data sets is, and the options it may take. */
import { ConfigError } from '../engine/errors.ts';
import type { KeyWords } from '../engine/threefry.ts';
import { type Dataset, sliceRows } from './part.ts';
import type { DataSource } from './source.ts';
import type { Encoding } from './toy/encoding.ts';

export interface LoadOptions {
  /** Folder or source of the files; default `dataFolder()`. */
  readonly source?: DataSource | string;
  /** Draws the split of a table, or the examples of a generated set; default the key of seed 0. */
  readonly key?: KeyWords;
  /** Rows of the training part: the first ones of a stored set, the number generated of another. */
  readonly train?: number;
  readonly test?: number;
  /** Share of a table's rows that go to the training part; default 0.7. */
  readonly share?: number;
  /** Which CIFAR-10 images: the first 4,000 / 1,000, the 12k JPEG subset, or all. */
  readonly subset?: 'exact' | 'jpeg' | 'full';
  /** Side of the digits in pixels. */
  readonly size?: 28 | 8;
  /** Standard deviation of the noise of a generated set. */
  readonly noise?: number;
  /** Values of the input bits of XOR and parity; default {0, 1}. */
  readonly encoding?: Encoding;
  /** Number of inputs of the parity task. */
  readonly bits?: number;
  /** Number of classes of spirals and blobs. */
  readonly classes?: number;
  /** Number of inputs of blobs and of the teacher network. */
  readonly features?: number;
  /** Hidden widths of the teacher network. */
  readonly hidden?: readonly number[];
  /** Number of outputs of the teacher network. */
  readonly outputs?: number;
  /** Characters in a window of text; default 64. */
  readonly context?: number;
  /** Symbols of the Markov source, and how many of them the next one depends on. */
  readonly symbols?: number;
  readonly order?: number;
  /** Steps of a cue and of the delay between two cues. */
  readonly cue?: number;
  readonly delay?: number;
}

export interface DatasetEntry {
  readonly title: string;
  /** The options it takes besides `source`; any other is refused. */
  readonly takes: readonly (keyof LoadOptions)[];
  readonly load: (options: LoadOptions, source: () => DataSource, name: string) => Promise<Dataset> | Dataset;
}

/** Keeps the first rows of each part, as many as the options ask for. */
export function limitRows(set: Dataset, { train, test }: LoadOptions): Dataset {
  return {
    ...set,
    train: train === undefined ? set.train : sliceRows(set.train, 0, train),
    test: test === undefined ? set.test : sliceRows(set.test, 0, test),
  };
}

/** Refuses options that the data set would ignore. */
export function requireOptions(name: string, takes: readonly string[], options: LoadOptions): void {
  for (const option of Object.keys(options)) {
    if (option === 'source' || takes.includes(option)) continue;
    throw new ConfigError(`${name} takes no option "${option}"`, {
      name,
      option,
      help: `it takes: ${takes.join(', ') || 'none'}`,
    });
  }
}
