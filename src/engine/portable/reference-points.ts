/** Deterministic arguments for the function tests: uniform, geometric, raw bit patterns and every edge. */

/** 32-bit words of a small counter-based mixer; the tests need spread, not quality. */
export function words(seed: number): () => number {
  let counter = seed;
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    let z = Math.imul(counter ^ (counter >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

const view = new DataView(new ArrayBuffer(8));

/** A finite number with uniformly drawn bits: every exponent is equally likely, subnormals included. */
function fromBits(next: () => number, dtype: 'f32' | 'f64'): number {
  view.setUint32(0, next());
  view.setUint32(4, next());
  const value = dtype === 'f64' ? view.getFloat64(0) : view.getFloat32(0);
  return Number.isFinite(value) ? value : 1;
}

/** Zeros, ones, the smallest and largest numbers, and numbers just beside the powers of two. */
export function edges(dtype: 'f32' | 'f64'): number[] {
  const [least, normal, eps, most] = dtype === 'f64' ? [-1074, -1022, 2 ** -52, 1023] : [-149, -126, 2 ** -23, 127];
  const all: number[] = [0, 2 ** least, 3 * 2 ** least, (2 - eps) * 2 ** most];
  for (let k = normal; k <= most; k += Math.abs(k) < 12 ? 1 : 31)
    all.push(2 ** k, 2 ** k * (1 + eps), 2 ** k * (1 - eps / 2));
  return all.flatMap((x) => [x, -x]);
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** `count` finite arguments and the edges: half uniform in the range, a quarter of small magnitude, a quarter of any bits. */
export function samples(count: number, seed: number, { low, high }: Range, dtype: 'f32' | 'f64'): number[] {
  const next = words(seed);
  const round = dtype === 'f64' ? (x: number) => x : Math.fround;
  const unit = () => (next() + next() * 2 ** -32) * 2 ** -32;
  const all = edges(dtype);
  for (let i = 0; i < count; i++) {
    if (i % 4 === 0) all.push(fromBits(next, dtype));
    else if (i % 4 === 1) all.push(round((unit() - 0.5) * 2 ** (4 - (next() % 40))));
    else all.push(round(low + (high - low) * unit()));
  }
  return all;
}
