/** onnxruntime-node where a user has installed it (it is large, and no dependency): matrix products only. */
import { createRequire } from 'node:module';
import { type Contender, numbers, type Peer } from '../contender.ts';

interface Session {
  run(feeds: Record<string, unknown>): Promise<unknown>;
}
interface Runtime {
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (dtype: 'float32', data: Float32Array, dims: number[]) => unknown;
}

// The protocol-buffer wire format: a field's number and type in one byte, then a number or the length of what follows.
const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
const whole = (field: number, n: number): number[] => [field << 3, ...varint(n)];
const message = (field: number, ...parts: number[][]): number[] => {
  const bytes = parts.flat();
  return [(field << 3) | 2, ...varint(bytes.length), ...bytes];
};
const text = (field: number, value: string): number[] =>
  message(
    field,
    [...value].map((c) => c.charCodeAt(0)),
  );

/** An ONNX model of one MatMul of n × n matrices. */
function matmulModel(n: number): Uint8Array {
  const dimension = message(1, whole(1, n));
  const type = message(2, message(1, whole(1, 1), message(2, dimension, dimension)));
  const value = (field: number, name: string): number[] => message(field, text(1, name), type);
  const node = message(1, text(1, 'a'), text(1, 'b'), text(2, 'c'), text(4, 'MatMul'));
  const graph = message(7, node, text(2, 'product'), value(11, 'a'), value(11, 'b'), value(12, 'c'));
  return Uint8Array.from([...whole(1, 8), ...graph, ...message(8, whole(2, 13))]);
}

async function matmul({ InferenceSession, Tensor }: Runtime, n: number, threads: number): Promise<() => unknown> {
  const session = await InferenceSession.create(matmulModel(n), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const feed = {
    a: new Tensor('float32', numbers(n * n, 1), [n, n]),
    b: new Tensor('float32', numbers(n * n, 2), [n, n]),
  };
  return () => session.run(feed);
}

/** The peer, or null where the package cannot be loaded. */
export function onnxruntime(threads = 1): Peer | null {
  let runtime: Runtime;
  try {
    runtime = createRequire(import.meta.url)('onnxruntime-node') as Runtime;
  } catch {
    return null;
  }
  return {
    name: 'onnxruntime',
    async prepare(workload): Promise<Contender | null> {
      const n = Number(/^matmul-(\d+)$/.exec(workload)?.[1]);
      return n > 0 ? { name: 'onnxruntime', work: await matmul(runtime, n, threads) } : null;
    },
  };
}
