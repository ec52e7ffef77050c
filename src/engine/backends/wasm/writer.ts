/** Writes the body of one WebAssembly function, stack-machine style: every method emits and returns the writer. */
import { ConfigError } from '../../errors.ts';
import type { ModuleBuilder } from './assembler.ts';
import { ByteSink } from './encode.ts';
import { defineInstructions, type InstructionSink, type Instructions } from './instructions.ts';
import { BYTE_OF_TYPE, CONTROL, type ValType } from './opcodes.ts';
import type { Profile } from './profile.ts';

/** A local variable or parameter. */
export interface Local {
  readonly index: number;
  readonly type: ValType;
}

/** A branch target: `br` to a block leaves it, `br` to a loop starts it again. */
export interface Label {
  readonly depth: number;
}

/** What a helper pushes: a local, an i32 constant, or code that leaves one value on the stack. */
export type Operand = Local | number | (() => unknown);

type Locals<N extends number, T extends Local[] = []> = number extends N
  ? Local[]
  : T['length'] extends N
    ? T
    : Locals<N, [...T, Local]>;

type Body = (label: Label) => unknown;

// The namespaces are defined at run time from the opcode tables; merging the interface gives them their types.
export interface FunctionWriter extends Instructions<FunctionWriter> {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see above
export class FunctionWriter implements InstructionSink {
  readonly module: ModuleBuilder;
  readonly params: readonly Local[];
  #code = new ByteSink();
  #opening = new ByteSink();
  #kept = new Map<string, Local>();
  #keeps = true;
  #locals: ValType[] = [];
  #free: Local[] = [];
  #open: Local[][] = [];
  #depth = 0;

  constructor(module: ModuleBuilder, params: readonly ValType[]) {
    this.module = module;
    this.params = params.map((type, index) => ({ index, type }));
    defineInstructions(this);
  }

  /** A local of this type; inside `scope` it may hold an earlier value, so set it before reading it. */
  local(type: ValType): Local {
    const at = this.#free.findIndex((local) => local.type === type);
    const local = at >= 0 ? this.#free.splice(at, 1)[0]! : this.#newLocal(type);
    this.#open.at(-1)?.push(local);
    return local;
  }

  /** Several locals of one type, to be destructured. */
  locals<N extends number>(type: ValType, count: N): Locals<N> {
    return Array.from({ length: count }, () => this.local(type)) as Locals<N>;
  }

  /** Runs `body`; the locals made in it are given back for reuse afterwards. */
  scope<T>(body: () => T): T {
    this.#open.push([]);
    const result = body();
    this.#free.push(...this.#open.pop()!);
    return result;
  }

  get(local: Local): FunctionWriter {
    return this.#indexed(CONTROL.get, local.index);
  }

  set(local: Local): FunctionWriter {
    return this.#indexed(CONTROL.set, local.index);
  }

  tee(local: Local): FunctionWriter {
    return this.#indexed(CONTROL.tee, local.index);
  }

  /** Pops the top of the stack into a new local of this type. */
  pop(type: ValType): Local {
    const local = this.local(type);
    this.set(local);
    return local;
  }

  push(operand: Operand): FunctionWriter {
    if (typeof operand === 'number') this.constant('i32', operand);
    else if (typeof operand === 'function') operand();
    else this.get(operand);
    return this;
  }

  /** local ← operand. */
  assign(local: Local, operand: Operand): FunctionWriter {
    return this.push(operand).set(local);
  }

  /** local ← local + operand, i32. */
  advance(local: Local, by: Operand): FunctionWriter {
    return this.get(local).push(by).i32.add().set(local);
  }

  /** Pushes base + index·2^shift, i32. */
  address(base: Local, index: Operand, shift = 0): FunctionWriter {
    this.get(base).push(index);
    if (shift > 0) this.i32.const(shift).i32.shl();
    return this.i32.add();
  }

  /** Pushes a v128 constant that is made once, at the start of the function: engines make one anew at every use in a loop. `make` pushes it; equal keys are equal constants. */
  kept(key: string, make: () => unknown): FunctionWriter {
    if (!this.#keeps) {
      make();
      return this;
    }
    let local = this.#kept.get(key);
    if (local === undefined) {
      local = this.#newLocal('v128');
      this.#kept.set(key, local);
      const code = this.#code;
      this.#code = this.#opening;
      make();
      this.set(local);
      this.#code = code;
    }
    return this.get(local);
  }

  /** Runs `body`, which writes code that is rarely run; constants stay in place there. */
  rarely(body: () => unknown): void {
    const before = this.#keeps;
    this.#keeps = false;
    body();
    this.#keeps = before;
  }

  block(body: Body, result?: ValType): FunctionWriter {
    return this.#structured(CONTROL.block, body, result);
  }

  /** Falls out at the end; `br(label)` goes round again. */
  loop(body: Body, result?: ValType): FunctionWriter {
    return this.#structured(CONTROL.loop, body, result);
  }

  /** Pops an i32 condition. */
  if(then: Body, otherwise?: Body, result?: ValType): FunctionWriter {
    return this.#structured(
      CONTROL.if,
      (label) => {
        then(label);
        if (otherwise === undefined) return;
        this.opcode(CONTROL.else);
        otherwise(label);
      },
      result,
    );
  }

  /** for (i = begin; i < end; i += step), i32 compared unsigned; `step` must not be 0, and a body may change `i`. */
  for(i: Local, begin: Operand, end: Operand, step: Operand, body: Body): FunctionWriter {
    const more = () => this.get(i).push(end).i32.lt_u();
    this.assign(i, begin);
    more();
    return this.if(() =>
      this.loop((again) => {
        body(again);
        this.advance(i, step);
        more();
        this.brIf(again);
      }),
    );
  }

  /** while (condition) body; `condition` leaves an i32. */
  while(condition: () => unknown, body: Body): FunctionWriter {
    return this.loop((again) => {
      condition();
      this.if(() => {
        body(again);
        this.br(again);
      });
    });
  }

  br(label: Label): FunctionWriter {
    return this.#indexed(CONTROL.br, this.#distance(label));
  }

  brIf(label: Label): FunctionWriter {
    return this.#indexed(CONTROL.brIf, this.#distance(label));
  }

  /** Pops an i32 and branches to that entry, or to `otherwise` when it is out of range. */
  brTable(labels: readonly Label[], otherwise: Label): FunctionWriter {
    this.#indexed(CONTROL.brTable, labels.length);
    for (const label of [...labels, otherwise]) this.immediate(this.#distance(label));
    return this;
  }

  return(): FunctionWriter {
    return this.#bare(CONTROL.return);
  }

  unreachable(): FunctionWriter {
    return this.#bare(CONTROL.unreachable);
  }

  drop(): FunctionWriter {
    return this.#bare(CONTROL.drop);
  }

  /** (a, b, i32 c) → c ≠ 0 ? a : b. */
  select(): FunctionWriter {
    return this.#bare(CONTROL.select);
  }

  /** Calls a function by the index that `func`, `helper` or `importFunction` returned. */
  call(index: number): FunctionWriter {
    return this.#indexed(CONTROL.call, index);
  }

  /** Pops (to, from, bytes). */
  memoryCopy(): FunctionWriter {
    this.opcode(CONTROL.memoryCopy);
    this.immediateBytes([0, 0]);
    return this;
  }

  /** Pops (to, byte value, bytes). */
  memoryFill(): FunctionWriter {
    return this.#indexed(CONTROL.memoryFill, 0);
  }

  /** Pages of 64 KiB, i32. */
  memorySize(): FunctionWriter {
    return this.#indexed(CONTROL.memorySize, 0);
  }

  /** (a, b, c) → a·b + c on v128 lanes: rounded once under `fma`, twice under `strict`. */
  madd(dtype: 'f32' | 'f64', profile: Profile): FunctionWriter {
    const ops = dtype === 'f32' ? this.f32x4 : this.f64x2;
    if (profile === 'fma') return ops.relaxed_madd();
    return this.scope(() => {
      const addend = this.pop('v128');
      ops.mul();
      this.get(addend);
      return ops.add();
    });
  }

  /** (a, b, c) → c − a·b on v128 lanes: rounded once under `fma`, twice under `strict`. */
  nmadd(dtype: 'f32' | 'f64', profile: Profile): FunctionWriter {
    const ops = dtype === 'f32' ? this.f32x4 : this.f64x2;
    if (profile === 'fma') return ops.relaxed_nmadd();
    return this.scope(() => {
      const minuend = this.pop('v128');
      ops.mul();
      const product = this.pop('v128');
      this.get(minuend).get(product);
      return ops.sub();
    });
  }

  opcode(code: number): void {
    if (code > 0xffff) {
      this.#code.u8(0xfd);
      this.#code.u32(code & 0xffff);
    } else if (code > 0xff) {
      this.#code.u8(code >> 8);
      this.#code.u32(code & 0xff);
    } else this.#code.u8(code);
  }

  immediate(value: number): void {
    this.#code.u32(value);
  }

  immediateBytes(bytes: ArrayLike<number>): void {
    this.#code.bytes(bytes);
  }

  constant(type: 'i32' | 'f32' | 'f64', value: number): FunctionWriter {
    if (type === 'i32') {
      this.opcode(CONTROL.i32Const);
      this.#code.s32(value);
    } else if (type === 'f32') {
      this.opcode(CONTROL.f32Const);
      this.#code.f32(value);
    } else {
      this.opcode(CONTROL.f64Const);
      this.#code.f64(value);
    }
    return this;
  }

  constantLong(value: bigint): FunctionWriter {
    this.opcode(CONTROL.i64Const);
    this.#code.s64(value);
    return this;
  }

  /** The encoded body: its locals in runs of one type, the code, the final `end`. */
  finish(): Uint8Array {
    if (this.#depth !== 0) throw new ConfigError(`a function ended inside ${this.#depth} open blocks`);
    const runs: { type: ValType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const body = new ByteSink();
    body.u32(runs.length);
    for (const { type, count } of runs) {
      body.u32(count);
      body.u8(BYTE_OF_TYPE[type]);
    }
    body.bytes(this.#opening.take());
    body.bytes(this.#code.take());
    body.u8(CONTROL.end);
    return body.take();
  }

  #newLocal(type: ValType): Local {
    this.#locals.push(type);
    return { index: this.params.length + this.#locals.length - 1, type };
  }

  #bare(code: number): FunctionWriter {
    this.opcode(code);
    return this;
  }

  #indexed(code: number, index: number): FunctionWriter {
    this.opcode(code);
    this.#code.u32(index);
    return this;
  }

  #structured(code: number, body: Body, result: ValType | undefined): FunctionWriter {
    this.opcode(code);
    this.#code.u8(result === undefined ? 0x40 : BYTE_OF_TYPE[result]);
    body({ depth: this.#depth++ });
    this.#depth--;
    return this.#bare(CONTROL.end);
  }

  #distance(label: Label): number {
    return this.#depth - 1 - label.depth;
  }
}
