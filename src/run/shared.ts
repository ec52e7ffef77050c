/** Data sets in shared memory: worker threads see one copy. */
import type { Dataset, Part } from '../data/index.ts';

type Numbers = Part['x'] | Part['y'];

/** The same data set over SharedArrayBuffers; posting it to a worker copies nothing. */
export const sharedDataset = (set: Dataset): Dataset => ({
  ...set,
  train: sharedPart(set.train),
  test: sharedPart(set.test),
});

const sharedPart = (part: Part): Part => ({ ...part, x: shared(part.x), y: shared(part.y) });

function shared<A extends Numbers>(numbers: A): A {
  const make = numbers.constructor as new (buffer: SharedArrayBuffer) => A;
  const copy = new make(new SharedArrayBuffer(numbers.byteLength));
  copy.set(numbers);
  return copy;
}
