import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CheckpointError, fromArray, zeros } from '../engine/index.ts';
import { decodeCheckpoint, encodeCheckpoint, fnv1a } from './checkpoint.ts';

const fixture = new URL('../../test/fixtures/version-1.checkpoint', import.meta.url);
const state = {
  weights: [fromArray(Float32Array.of(1, -2.5, 3e-8, 4), [2, 2], 'f32'), null],
  step: fromArray(Int32Array.of(-7), [], 'i32'),
  key: fromArray(Uint32Array.of(1, 0xffff_ffff), [2], 'u32'),
  sum: fromArray(Float64Array.of(0.1, -0), [2], 'f64'),
};
const like = { weights: [zeros([2, 2]), null], step: zeros([], 'i32'), key: zeros([2], 'u32'), sum: zeros([2], 'f64') };
const meta = { profile: 'strict', program: '1234abcd', config: { rule: 'backprop' }, position: { step: 3 } };

describe('a checkpoint', () => {
  it('gives back every bit and everything beside the tensors', async () => {
    const { bytes, header } = await encodeCheckpoint(state, meta);
    const read = decodeCheckpoint(bytes, 'memory');
    expect(read.header).toEqual(header);
    expect(read.header).toMatchObject({ format: 'cotangent-checkpoint', version: 1, ...meta });
    const { weights, step, key, sum } = read.restore(like);
    expect(Array.from(weights[0]!.readSync())).toEqual([1, -2.5, Math.fround(3e-8), 4]);
    expect([weights[1], step.item(), ...key.readSync()]).toEqual([null, -7, 1, 0xffff_ffff]);
    expect(Array.from(sum.readSync())).toEqual([0.1, -0]);
  });

  it('written by the first release is read by this one', () => {
    const { header, restore } = decodeCheckpoint(new Uint8Array(readFileSync(fixture)), 'version-1.checkpoint');
    expect(header).toMatchObject({ version: 1, ...meta });
    expect(Array.from(restore(like).weights[0]!.readSync())).toEqual([1, -2.5, Math.fround(3e-8), 4]);
    expect(restore(like).key.toArray()).toEqual([1, 0xffff_ffff]);
  });

  it('is refused at every length it may be cut to, and with any byte of its tensors changed', async () => {
    const { bytes } = await encodeCheckpoint(state, meta);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeCheckpoint(bytes.slice(0, length), 'cut'), `${length} bytes`).toThrow(CheckpointError);
    for (let at = bytes.length - 44; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1;
      expect(() => decodeCheckpoint(changed, 'changed')).toThrow(/do not match their checksum/);
    }
  });

  it('names the tensor that does not fit the run', async () => {
    const { bytes } = await encodeCheckpoint(state, meta);
    const read = decodeCheckpoint(bytes, 'a.checkpoint');
    expect(() => read.restore({ ...like, weights: [zeros([2, 3]), null] })).toThrow(
      /a\.checkpoint: \.weights\[0\] is f32\[2,2\] in the checkpoint and f32\[2,3\] in this run/,
    );
    expect(() => read.restore({ weights: like.weights })).toThrow(/holds 4 tensors, this run has 1/);
  });
});

describe('fnv1a', () => {
  // The published test vectors of 32-bit FNV-1a.
  it.each([
    ['', '811c9dc5'],
    ['a', 'e40c292c'],
    ['foobar', 'bf9cf968'],
  ])('of %j', (text, hash) => expect(fnv1a(new TextEncoder().encode(text))).toBe(hash));
});
