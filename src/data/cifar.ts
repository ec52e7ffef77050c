/** Reader of the binary CIFAR records: one or two label bytes, then 32×32 red, green and blue bytes. */
import { DataError } from '../engine/errors.ts';
import type { NamedBytes } from './bytes.ts';

const PIXELS = 3 * 32 * 32;

export interface CifarRecords {
  /** [n, 3, 32, 32] as bytes. */
  readonly images: Uint8Array;
  /** Fine labels. */
  readonly labels: Int32Array;
  /** Coarse labels, for CIFAR-100 only. */
  readonly coarse?: Int32Array;
}

/** Reads unpacked CIFAR-10 (records of 3,073 bytes) or CIFAR-100 (3,074 bytes) records. */
export function readCifar(file: NamedBytes, { classes = 10 }: { readonly classes?: 10 | 100 } = {}): CifarRecords {
  const heads = classes === 10 ? 1 : 2;
  const record = heads + PIXELS;
  const n = Math.floor(file.bytes.length / record);
  const rest = file.bytes.length - n * record;
  if (rest !== 0 || n === 0) {
    throw new DataError(
      `${file.name}: truncated: expected a multiple of ${record} bytes (CIFAR-${classes} records), found ${file.bytes.length}`,
      { file: file.name, expected: (n + 1) * record, found: file.bytes.length, help: 'fetch the file again' },
    );
  }
  const images = new Uint8Array(n * PIXELS);
  const labels = new Int32Array(n);
  const coarse = new Int32Array(classes === 100 ? n : 0);
  for (let i = 0; i < n; i++) {
    const at = i * record;
    labels[i] = requireLabel(file, i, file.bytes[at + heads - 1]!, classes);
    if (classes === 100) coarse[i] = requireLabel(file, i, file.bytes[at]!, 20);
    images.set(file.bytes.subarray(at + heads, at + record), i * PIXELS);
  }
  return classes === 100 ? { images, labels, coarse } : { images, labels };
}

function requireLabel(file: NamedBytes, row: number, label: number, classes: number): number {
  if (label < classes) return label;
  throw new DataError(`${file.name}: record ${row} has label ${label}, expected 0 … ${classes - 1}`, {
    file: file.name,
    row,
    expected: classes - 1,
    found: label,
    help: 'the records are shifted or belong to another data set; fetch the file again',
  });
}
