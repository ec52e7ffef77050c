/** Fingerprints of bytes, for telling files, programs and searches apart. */

/** 32-bit FNV-1a in hexadecimal. */
export function fnv1a(bytes: Uint8Array): string {
  let h = 0x811c9dc5;
  for (const b of bytes) h = Math.imul(h ^ b, 0x01000193);
  return (h >>> 0).toString(16).padStart(8, '0');
}
