/** Checkpoints: everything a run needs to go on bit for bit, in one file written atomically. */
import { fnv1a } from '../engine/hash.ts';
import {
  CheckpointError,
  type Dtype,
  fromArray,
  leavesOf,
  structureOf,
  type Tensor,
  unflatten,
  viewOf,
} from '../engine/index.ts';

export { fnv1a };

/** What a checkpoint holds beside tensors. */
export interface CheckpointHeader {
  readonly format: 'cotangent-checkpoint';
  readonly version: 1;
  /** Rounding profile; resuming under another one gives other bits. */
  readonly profile: string;
  /** Fingerprint of the compiled update that wrote it; another one gives other bits. */
  readonly program: string;
  /** Configuration of the run, to be compared on resuming. */
  readonly config: unknown;
  /** Where the loader and the counters stand. */
  readonly position: unknown;
  readonly tensors: readonly {
    readonly path: string;
    readonly dtype: Dtype;
    readonly shape: readonly number[];
    readonly offset: number;
    readonly bytes: number;
  }[];
  /** FNV-1a of the tensor bytes. */
  readonly hash: string;
}

const MAGIC = 'COTANGNT';

/** What a checkpoint says beside its tensors. */
export type CheckpointMeta = Pick<CheckpointHeader, 'profile' | 'program' | 'config' | 'position'>;

/** Serialises a tree of tensors with a header. Layout: magic (8), header length (u32 LE), header JSON, tensor bytes. */
export async function encodeCheckpoint(
  state: unknown,
  meta: CheckpointMeta,
): Promise<{ readonly bytes: Uint8Array; readonly header: CheckpointHeader }> {
  const { paths } = structureOf(state);
  const leaves = leavesOf(state) as Tensor[];
  const blocks: Uint8Array[] = [];
  let offset = 0;
  const tensors: CheckpointHeader['tensors'][number][] = [];
  for (const [i, leaf] of leaves.entries()) {
    const data = await leaf.read();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    tensors.push({ path: paths[i]!, dtype: leaf.dtype, shape: leaf.shape, offset, bytes: bytes.length });
    blocks.push(bytes);
    offset += bytes.length;
  }
  const body = concatBytes(blocks);
  const header: CheckpointHeader = { format: 'cotangent-checkpoint', version: 1, ...meta, tensors, hash: fnv1a(body) };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const front = new Uint8Array(12);
  front.set(new TextEncoder().encode(MAGIC));
  new DataView(front.buffer).setUint32(8, json.length, true);
  return { bytes: concatBytes([front, json, body]), header };
}

export interface Checkpoint {
  readonly header: CheckpointHeader;
  /** Puts the tensors into the tree of `like`, whose paths, dtypes and shapes must agree. */
  restore<T>(like: T): T;
}

/** Reads a checkpoint; throws a CheckpointError that says what is wrong with the file. */
export function decodeCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  if (bytes.length < 12 || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC)
    throw unreadable(name, 'it does not begin like a checkpoint');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const header = parseHeader(bytes.subarray(12, 12 + length), name);
  const body = bytes.subarray(12 + length);
  const expected = header.tensors.reduce((sum, t) => sum + t.bytes, 0);
  if (body.length !== expected)
    throw unreadable(
      name,
      `it holds ${body.length} bytes of tensors instead of ${expected}: it was cut off or appended to`,
    );
  if (fnv1a(body) !== header.hash) throw unreadable(name, 'its contents do not match their checksum');
  return { header, restore: (like) => restoreTree(header, body, like, name) };
}

function parseHeader(json: Uint8Array, name: string): CheckpointHeader {
  let header: CheckpointHeader;
  try {
    header = JSON.parse(new TextDecoder().decode(json)) as CheckpointHeader;
  } catch {
    throw unreadable(name, 'its header is not JSON');
  }
  if (header.format !== 'cotangent-checkpoint' || header.version !== 1)
    throw unreadable(name, `its format is ${header.format} version ${header.version}; this release reads version 1`);
  return header;
}

function restoreTree<T>(header: CheckpointHeader, body: Uint8Array, like: T, name: string): T {
  const def = structureOf(like);
  const leaves = leavesOf(like) as Tensor[];
  const byPath = new Map(header.tensors.map((t) => [t.path, t]));
  const restored = leaves.map((leaf, i) => {
    const path = def.paths[i]!;
    const saved = byPath.get(path);
    if (saved === undefined || saved.dtype !== leaf.dtype || saved.shape.join() !== leaf.shape.join()) {
      const found = saved === undefined ? 'nothing' : `${saved.dtype}[${saved.shape}]`;
      throw new CheckpointError(
        `${name}: ${path} is ${found} in the checkpoint and ${leaf.dtype}[${leaf.shape}] in this run`,
        { path, help: 'resume with the model, rule and optimiser that wrote it' },
      );
    }
    const copy = body.slice(saved.offset, saved.offset + saved.bytes);
    return fromArray(
      viewOf(saved.dtype, copy.buffer as ArrayBuffer, 0, saved.bytes / (saved.dtype === 'f64' ? 8 : 4)),
      saved.shape,
      saved.dtype,
    );
  });
  if (byPath.size !== leaves.length)
    throw new CheckpointError(`${name}: the checkpoint holds ${byPath.size} tensors, this run has ${leaves.length}`, {
      help: 'resume with the model, rule and optimiser that wrote it',
    });
  return unflatten<T>(def, restored);
}

const unreadable = (name: string, why: string): CheckpointError =>
  new CheckpointError(`${name} cannot be read as a checkpoint: ${why}`, {
    file: name,
    help: 'the file before it is kept as <name>.previous; resume from that one',
  });

function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
