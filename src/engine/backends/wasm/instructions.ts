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
type Methods = Record<string, (this: Namespace, ...immediates: never[]) => unknown>;

/** Instances hold their writer; the methods stand on the prototypes, which all writers share. */
class Namespace {
  readonly sink: InstructionSink;

  constructor(sink: InstructionSink) {
    this.sink = sink;
  }
}

function plain(code: number) {
  return function (this: Namespace) {
    this.sink.opcode(code);
    return this.sink;
  };
}

// The alignment immediate is only a hint, and our engines ignore it: 0 keeps the encoding at one byte. Atomics must state theirs exactly.
function memory(code: number, alignment = 0) {
  return function (this: Namespace, offset?: number) {
    this.sink.opcode(code);
    this.sink.immediate(alignment);
    this.sink.immediate(offset ?? 0);
    return this.sink;
  };
}

function lane(code: number) {
  return function (this: Namespace, index: number) {
    this.sink.opcode(code);
    this.sink.immediateBytes([index]);
    return this.sink;
  };
}

function memoryLane(code: number) {
  return function (this: Namespace, index: number, offset?: number) {
    this.sink.opcode(code);
    this.sink.immediate(0);
    this.sink.immediate(offset ?? 0);
    this.sink.immediateBytes([index]);
    return this.sink;
  };
}

const atomic = (code: number) => memory(code, 2);

const laneBytes = {
  i8x16: (lanes: Lanes) => Int8Array.from(spread(lanes, 16)),
  i32x4: (lanes: Lanes) => Int32Array.from(spread(lanes, 4)),
  f32x4: (lanes: Lanes) => Float32Array.from(spread(lanes, 4)),
  f64x2: (lanes: Lanes) => Float64Array.from(spread(lanes, 2)),
  i64x2: (lanes: bigint | readonly bigint[]) => BigInt64Array.from(spread(lanes, 2)),
};

function spread<T>(lanes: T | readonly T[], count: number): readonly T[] {
  return Array.isArray(lanes) ? (lanes as readonly T[]) : Array<T>(count).fill(lanes as T);
}

function vectorConstant(sink: InstructionSink, bytes: Uint8Array): InstructionSink {
  sink.opcode(CONTROL.v128Const);
  sink.immediateBytes(bytes);
  return sink;
}

const scalarConstant = (type: 'i32' | 'f32' | 'f64'): Methods => ({
  const(value: number) {
    return this.sink.constant(type, value);
  },
});

function vectorExtras(type: keyof typeof laneBytes): Methods {
  const encode = laneBytes[type] as (lanes: unknown) => { buffer: ArrayBuffer };
  return {
    const(lanes: unknown) {
      return vectorConstant(this.sink, new Uint8Array(encode(lanes).buffer));
    },
    shuffle(lanes: readonly number[]) {
      const width = 16 / lanes.length;
      this.sink.opcode(CONTROL.shuffle);
      this.sink.immediateBytes(
        lanes.flatMap((from) => Array.from({ length: width }, (_, byte) => from * width + byte)),
      );
      return this.sink;
    },
  };
}

/** What the tables do not hold: constants, shuffles, the fence. */
const EXTRAS: Record<NamespaceName, Methods> = {
  i32: scalarConstant('i32'),
  i64: {
    const(value: bigint | number) {
      return this.sink.constantLong(BigInt(value));
    },
  },
  f32: scalarConstant('f32'),
  f64: scalarConstant('f64'),
  v128: {
    zero() {
      return vectorConstant(this.sink, new Uint8Array(16));
    },
  },
  i8x16: vectorExtras('i8x16'),
  i16x8: {},
  i32x4: vectorExtras('i32x4'),
  i64x2: vectorExtras('i64x2'),
  f32x4: vectorExtras('f32x4'),
  f64x2: vectorExtras('f64x2'),
  atomic: {
    fence() {
      this.sink.opcode(CONTROL.fence);
      this.sink.immediate(0);
      return this.sink;
    },
  },
};

type Tables = Readonly<Record<string, Readonly<Record<string, number>>>>;

const SOURCES: readonly (readonly [Tables, (code: number) => Methods[string]])[] = [
  [PLAIN, plain],
  [MEMORY, memory],
  [LANE, lane],
  [MEMORY_LANE, memoryLane],
  [{ atomic: ATOMIC }, atomic],
];

function classOf(name: NamespaceName): typeof Namespace {
  const made = class extends Namespace {};
  for (const [tables, make] of SOURCES)
    for (const [instruction, code] of Object.entries(tables[name] ?? {}))
      Object.assign(made.prototype, { [instruction]: make(code) });
  Object.assign(made.prototype, EXTRAS[name]);
  return made;
}

const CLASSES = Object.entries(EXTRAS).map(([name]) => [name, classOf(name as NamespaceName)] as const);

/** Gives a writer its namespaces. */
export function defineInstructions(sink: InstructionSink): void {
  for (const [name, made] of CLASSES) (sink as unknown as Record<string, Namespace>)[name] = new made(sink);
}
