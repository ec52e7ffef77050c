/** Learning algorithms that the project trained itself, as text: f32 numbers, little-endian, base64. */
import { ConfigError, sizeOf, type Tensor, tensor, trees } from '../../engine/index.ts';

/** The numbers of a tree, leaf after leaf in the order of its paths. */
export function encodeTheta(theta: unknown): string {
  const numbers = trees.tensorsOf(theta).flatMap((leaf) => [...(leaf.readSync() as Float32Array)]);
  const bytes = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((x, i) => void bytes.setFloat32(4 * i, x, true));
  return btoa(Array.from(new Uint8Array(bytes.buffer), (b) => String.fromCharCode(b)).join(''));
}

/** A tree of the shapes of `like` with the numbers of a text; throws a ConfigError when their count differs. */
export function decodeTheta<T>(text: string, like: T): T {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const wanted = trees.countParams(like);
  if (bytes.length !== 4 * wanted)
    throw new ConfigError(`a learning algorithm of ${bytes.length / 4} numbers does not fit one of ${wanted}`, {
      found: bytes.length / 4,
      wanted,
      help: 'use the units, messageSize and layerNorm that it was trained with',
    });
  let at = 0;
  return trees.mapTensors((leaf: Tensor) => {
    const data = Float32Array.from({ length: sizeOf(leaf.shape) }, (_, i) => view.getFloat32(4 * (at + i), true));
    at += data.length;
    return tensor(data, { shape: leaf.shape, dtype: leaf.dtype });
  }, like);
}
