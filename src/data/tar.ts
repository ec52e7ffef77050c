/** Reader of plain tar archives: enough to take named files out of an official download. */
import { DataError } from '../engine/errors.ts';
import type { NamedBytes } from './bytes.ts';

const BLOCK = 512;

/** Lists the regular files of an unpacked tar archive as views on its bytes. */
export function readTar(file: NamedBytes): NamedBytes[] {
  const files: NamedBytes[] = [];
  for (let at = 0; at + BLOCK <= file.bytes.length; ) {
    const header = file.bytes.subarray(at, at + BLOCK);
    if (header.every((b) => b === 0)) return files;
    requireChecksum(file, header, at);
    const size = octal(header, 124, 12);
    const from = at + BLOCK;
    if (from + size > file.bytes.length) break;
    const kind = header[156]!;
    if (kind === 0 || kind === 0x30) {
      files.push({ name: text(header, 0, 100), bytes: file.bytes.subarray(from, from + size) });
    }
    at = from + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new DataError(
    `${file.name}: truncated: the tar archive ends inside a member (${file.bytes.length} bytes found)`,
    {
      file: file.name,
      found: file.bytes.length,
      help: 'fetch the file again',
    },
  );
}

const text = (header: Uint8Array, from: number, length: number): string =>
  new TextDecoder().decode(header.subarray(from, from + length)).replace(/\0.*$/s, '');

const octal = (header: Uint8Array, from: number, length: number): number =>
  Number.parseInt(text(header, from, length).trim(), 8) || 0;

function requireChecksum(file: NamedBytes, header: Uint8Array, at: number): void {
  const expected = octal(header, 148, 8);
  let found = 8 * 0x20; // the checksum field itself counts as blanks
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) found += header[i]!;
  if (found === expected) return;
  throw new DataError(`${file.name}: not a tar header at byte ${at}: expected checksum ${expected}, found ${found}`, {
    file: file.name,
    expected,
    found,
    help: 'fetch the file again',
  });
}
