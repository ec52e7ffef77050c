/** What tests of ops share: both backends, short tensors, elements as plain numbers. */
import { describe } from 'vitest';
import { withBackend } from './backends/current.ts';
import type { Dtype } from './dtype.ts';
import { tensor } from './ops/create.ts';
import type { Tensor } from './tensor.ts';

/** A group of tests that runs on each backend; bodies go through `here`. */
export function onBackends(title: string, body: (here: <R>(run: () => R) => R, name: 'js' | 'wasm') => void): void {
  describe.each(['js', 'wasm'] as const)(`${title} on %s`, (name) => body((run) => withBackend(name, run), name));
}

export const numbers = (x: Tensor): number[] => [...x.readSync()];

export const of = (shape: readonly number[], values: readonly number[], dtype: Dtype = 'f64'): Tensor =>
  tensor(values, { shape, dtype });

/** Smooth numbers without a pattern that an op could share. */
export const wavy = (shape: readonly number[], dtype: Dtype = 'f64', phase = 0): Tensor =>
  of(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + 0.3 * i * i + phase)),
    dtype,
  );

/** The largest distance between two lists, relative above 1. */
export function distance(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  return found.reduce(
    (most, x, i) =>
      Object.is(x, expected[i])
        ? most
        : Math.max(most, Math.abs(x - expected[i]!) / Math.max(1, Math.abs(expected[i]!))),
    0,
  );
}
