/** One registry of file formats: bytes in, typed arrays out; gzip is unpacked on the way whatever the extension. */
import { ConfigError } from '../engine/errors.ts';
import { decodeUtf8, gunzip, type NamedBytes } from './bytes.ts';
import { type CifarRecords, readCifar } from './cifar.ts';
import { type CsvOptions, readCsv, type Table } from './csv.ts';
import { type IdxFile, readIdx } from './idx.ts';
import { type JsonLine, readJsonl } from './jsonl.ts';
import { readNpy, readNpz } from './npy.ts';
import { type PngImage, readPng } from './png.ts';
import { readSafetensors, type SafetensorsFile } from './safetensors.ts';
import type { StoredArray, WideOptions } from './stored-array.ts';

export interface Formats {
  readonly idx: { readonly options: { readonly rank?: number }; readonly result: IdxFile };
  readonly cifar: { readonly options: { readonly classes?: 10 | 100 }; readonly result: CifarRecords };
  readonly csv: { readonly options: CsvOptions; readonly result: Table };
  readonly tsv: { readonly options: CsvOptions; readonly result: Table };
  readonly jsonl: { readonly options: Record<never, never>; readonly result: readonly JsonLine[] };
  readonly npy: { readonly options: WideOptions; readonly result: StoredArray };
  readonly npz: { readonly options: WideOptions; readonly result: ReadonlyMap<string, StoredArray> };
  readonly safetensors: { readonly options: WideOptions; readonly result: SafetensorsFile };
  readonly png: { readonly options: Record<never, never>; readonly result: PngImage };
  readonly text: { readonly options: Record<never, never>; readonly result: string };
}

export type Format = keyof Formats;

export interface Reader<F extends Format> {
  /** What a file name looks like, without `.gz`. */
  readonly pattern: RegExp;
  readonly read: (
    file: NamedBytes,
    options?: Formats[F]['options'],
  ) => Formats[F]['result'] | Promise<Formats[F]['result']>;
}

/** The readers by format; `pattern` is what `formatOf` goes by. */
export const readers: { readonly [F in Format]: Reader<F> } = {
  idx: { pattern: /(\.idx|[-.]idx\d-ubyte)$/i, read: readIdx },
  cifar: { pattern: /\.bin$/i, read: readCifar },
  csv: { pattern: /\.(csv|data|tra|tes)$/i, read: readCsv },
  tsv: { pattern: /\.(tsv|tab)$/i, read: (file, options) => readCsv(file, { delimiter: '\t', ...options }) },
  jsonl: { pattern: /\.(jsonl|ndjson)$/i, read: readJsonl },
  npy: { pattern: /\.npy$/i, read: readNpy },
  npz: { pattern: /\.npz$/i, read: readNpz },
  safetensors: { pattern: /\.safetensors$/i, read: readSafetensors },
  png: { pattern: /\.png$/i, read: readPng },
  text: { pattern: /\.(txt|text)$/i, read: decodeUtf8 },
};

/** Reads a file in a named format, unpacking gzip first. */
export async function readAs<F extends Format>(
  format: F,
  file: NamedBytes,
  options?: Formats[F]['options'],
): Promise<Formats[F]['result']> {
  const reader: Reader<F> | undefined = readers[format];
  if (reader === undefined) {
    throw new ConfigError(`there is no reader "${format}"`, {
      format,
      help: `formats are: ${Object.keys(readers).join(', ')}`,
    });
  }
  return reader.read(await gunzip(file), options);
}

/** Guesses the format of a file from its name. */
export function formatOf(name: string): Format {
  const plain = name.replace(/\.gz$/i, '');
  const found = Object.entries(readers).find(([, reader]) => reader.pattern.test(plain));
  if (found !== undefined) return found[0] as Format;
  throw new ConfigError(`${name}: the extension belongs to no reader`, {
    file: name,
    help: `name the format: ${Object.keys(readers).join(', ')}`,
  });
}
