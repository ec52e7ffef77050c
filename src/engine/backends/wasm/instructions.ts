/** The instruction namespaces of a function writer (`w.f32x4.add()`), typed from the opcode tables. */
import { ATOMIC, CONTROL, LANE, MEMORY, MEMORY_LANE, PLAIN } from './opcodes.ts';

/** What an instruction needs of its writer. */
export interface InstructionSink {
  opcode(code: number): void;
  immediate(value: number): void;
  immediateBytes(bytes: ArrayLike<number>): void;
  constant(type: 'i32' | 'f32' | 'f64', value: number): InstructionSink;
  constantLong(value: bigint): InstructionSink;
}

type Method = (...immediates: never[]) => unknown;
type Plain<T, W> = { readonly [K in keyof T]: () => W };
type Memory<T, W> = { readonly [K in keyof T]: (offset?: number) => W };
type Lane<T, W> = { readonly [K in keyof T]: (lane: number) => W };
type MemoryLane<T, W> = { readonly [K in keyof T]: (lane: number, offset?: number) => W };
type Lanes = number | readonly number[];

/** Every namespace; each method emits one instruction and returns the writer. Names are those of the specification. */
export interface Instructions<W> {
  readonly i32: Plain<typeof PLAIN.i32, W> & Memory<typeof MEMORY.i32, W> & { const(value: number): W };
  readonly i64: Plain<typeof PLAIN.i64, W> & Memory<typeof MEMORY.i64, W> & { const(value: bigint | number): W };
  readonly f32: Plain<typeof PLAIN.f32, W> & Memory<typeof MEMORY.f32, W> & { const(value: number): W };
  readonly f64: Plain<typeof PLAIN.f64, W> & Memory<typeof MEMORY.f64, W> & { const(value: number): W };
  readonly v128: Plain<typeof PLAIN.v128, W> &
    Memory<typeof MEMORY.v128, W> &
    MemoryLane<typeof MEMORY_LANE.v128, W> & { zero(): W };
  /** `shuffle` takes 16 byte indices into the 32 bytes of both operands. */
  readonly i8x16: Plain<typeof PLAIN.i8x16, W> &
    Lane<typeof LANE.i8x16, W> & { const(lanes: Lanes): W; shuffle(indices: readonly number[]): W };
  readonly i16x8: Plain<typeof PLAIN.i16x8, W> & Lane<typeof LANE.i16x8, W>;
  /** `const` splats one number or takes a number per lane; `shuffle` takes 4 lane indices into the 8 lanes of both operands. */
  readonly i32x4: Plain<typeof PLAIN.i32x4, W> &
    Lane<typeof LANE.i32x4, W> & { const(lanes: Lanes): W; shuffle(lanes: readonly number[]): W };
  readonly i64x2: Plain<typeof PLAIN.i64x2, W> &
    Lane<typeof LANE.i64x2, W> & {
      const(lanes: bigint | readonly bigint[]): W;
      shuffle(lanes: readonly number[]): W;
    };
  readonly f32x4: Plain<typeof PLAIN.f32x4, W> & Lane<typeof LANE.f32x4, W> & { const(lanes: Lanes): W };
  readonly f64x2: Plain<typeof PLAIN.f64x2, W> & Lane<typeof LANE.f64x2, W> & { const(lanes: Lanes): W };
  /** `load`, `store` and the read-modify-write forms act on i32; the offset is in bytes. */
  readonly atomic: Memory<typeof ATOMIC, W> & { fence(): W };
}

type NamespaceName = keyof Instructions<unknown>;

type Maker = (sink: InstructionSink, code: number) => Method;

const plain: Maker = (sink, code) => () => {
  sink.opcode(code);
  return sink;
};

// The alignment immediate is only a hint, and our engines ignore it: 0 keeps the encoding at one byte.
const memory: Maker = (sink, code) => (offset?: number) => {
  sink.opcode(code);
  sink.immediate(0);
  sink.immediate(offset ?? 0);
  return sink;
};

const lane: Maker = (sink, code) => (index: number) => {
  sink.opcode(code);
  sink.immediateBytes([index]);
  return sink;
};

const memoryLane: Maker = (sink, code) => (index: number, offset?: number) => {
  sink.opcode(code);
  sink.immediate(0);
  sink.immediate(offset ?? 0);
  sink.immediateBytes([index]);
  return sink;
};

// Atomics must state their natural alignment exactly.
const atomic: Maker = (sink, code) => (offset?: number) => {
  sink.opcode(code);
  sink.immediate(2);
  sink.immediate(offset ?? 0);
  return sink;
};

function addAll(
  target: Record<string, Method>,
  table: Readonly<Record<string, number>>,
  sink: InstructionSink,
  make: Maker,
) {
  for (const name in table) target[name] = make(sink, table[name]!);
}

const laneBytes = {
  i8x16: (lanes: Lanes) => new Uint8Array(Int8Array.from(spread(lanes, 16)).buffer),
  i32x4: (lanes: Lanes) => new Uint8Array(Int32Array.from(spread(lanes, 4)).buffer),
  f32x4: (lanes: Lanes) => new Uint8Array(Float32Array.from(spread(lanes, 4)).buffer),
  f64x2: (lanes: Lanes) => new Uint8Array(Float64Array.from(spread(lanes, 2)).buffer),
  i64x2: (lanes: bigint | readonly bigint[]) => new Uint8Array(BigInt64Array.from(spread(lanes, 2)).buffer),
};

function spread<T>(lanes: T | readonly T[], count: number): readonly T[] {
  return Array.isArray(lanes) ? (lanes as readonly T[]) : Array<T>(count).fill(lanes as T);
}

function vectorConstant(sink: InstructionSink, bytes: Uint8Array): InstructionSink {
  sink.opcode(CONTROL.v128Const);
  sink.immediateBytes(bytes);
  return sink;
}

function shuffle(sink: InstructionSink, lanes: readonly number[]): InstructionSink {
  const width = 16 / lanes.length;
  sink.opcode(CONTROL.shuffle);
  sink.immediateBytes(lanes.flatMap((from) => Array.from({ length: width }, (_, byte) => from * width + byte)));
  return sink;
}

function extras(name: NamespaceName, sink: InstructionSink): Record<string, Method> {
  switch (name) {
    case 'i32':
    case 'f32':
    case 'f64':
      return { const: (value: number) => sink.constant(name, value) };
    case 'i64':
      return { const: (value: bigint | number) => sink.constantLong(BigInt(value)) };
    case 'v128':
      return { zero: () => vectorConstant(sink, new Uint8Array(16)) };
    case 'atomic':
      return {
        fence: () => {
          sink.opcode(CONTROL.fence);
          sink.immediate(0);
          return sink;
        },
      };
    case 'i16x8':
      return {};
    default: {
      const bytesOf = laneBytes[name] as (lanes: unknown) => Uint8Array;
      return {
        const: (lanes: unknown) => vectorConstant(sink, bytesOf(lanes)),
        shuffle: (lanes: readonly number[]) => shuffle(sink, lanes),
      };
    }
  }
}

function build(name: NamespaceName, sink: InstructionSink): Record<string, Method> {
  const methods = extras(name, sink);
  if (name === 'atomic') addAll(methods, ATOMIC, sink, atomic);
  if (name in PLAIN) addAll(methods, PLAIN[name as keyof typeof PLAIN], sink, plain);
  if (name in MEMORY) addAll(methods, MEMORY[name as keyof typeof MEMORY], sink, memory);
  if (name in LANE) addAll(methods, LANE[name as keyof typeof LANE], sink, lane);
  if (name in MEMORY_LANE) addAll(methods, MEMORY_LANE[name as keyof typeof MEMORY_LANE], sink, memoryLane);
  return methods;
}

const NAMES: readonly NamespaceName[] = [
  'i32',
  'i64',
  'f32',
  'f64',
  'v128',
  'i8x16',
  'i16x8',
  'i32x4',
  'i64x2',
  'f32x4',
  'f64x2',
  'atomic',
];

/** Defines the namespaces on a writer; each is built when it is first used. */
export function defineInstructions(sink: InstructionSink): void {
  for (const name of NAMES) {
    Object.defineProperty(sink, name, {
      configurable: true,
      get() {
        const value = build(name, sink);
        Object.defineProperty(sink, name, { value });
        return value;
      },
    });
  }
}
