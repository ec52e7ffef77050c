/** Assembles a WebAssembly module in memory: types, imports, functions, exports, names. */
import { ConfigError } from '../../errors.ts';
import { ByteSink } from './encode.ts';
import { BYTE_OF_TYPE, type ValType } from './opcodes.ts';
import { FunctionWriter, type Local } from './writer.ts';

export type { ValType } from './opcodes.ts';
export { FunctionWriter, type Label, type Local, type Operand } from './writer.ts';

/** Writes a function body; the parameters arrive as locals. */
export type FunctionBody = (w: FunctionWriter, ...params: Local[]) => unknown;

export interface MemoryLimits {
  /** Pages of 64 KiB the memory must have at least. */
  readonly initial?: number;
  /** Pages it may grow to; needed for a shared memory. */
  readonly maximum?: number;
  readonly shared?: boolean;
}

interface FunctionEntry {
  readonly name: string;
  readonly type: number;
  body: Uint8Array | undefined;
}

const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10, custom: 0 } as const;

/** One module under construction. Imports come first, because they take the first function indices. */
export class ModuleBuilder {
  #types = new Map<string, number>();
  #typeBytes = new ByteSink();
  #imports = new ByteSink();
  #importCount = 0;
  #importedNames: string[] = [];
  #functions: FunctionEntry[] = [];
  #exports: { name: string; index: number }[] = [];
  #helpers = new Map<string, number>();

  importMemory(module: string, name: string, limits: MemoryLimits = {}): void {
    const { initial = 0, maximum, shared = false } = limits;
    if (shared && maximum === undefined) throw new ConfigError('a shared memory needs a maximum');
    this.#importName(module, name);
    this.#imports.u8(2);
    this.#imports.u8((maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
    this.#imports.u32(initial);
    if (maximum !== undefined) this.#imports.u32(maximum);
  }

  /** Returns the index by which `w.call` reaches the imported function. */
  importFunction(module: string, name: string, params: readonly ValType[], results: readonly ValType[] = []): number {
    if (this.#functions.length > 0)
      throw new ConfigError(`import ${module}.${name} comes after ${this.#functions.length} functions`, {
        help: 'import everything before the first func',
      });
    this.#importName(module, name);
    this.#imports.u8(0);
    this.#imports.u32(this.#typeIndex(params, results));
    this.#importedNames.push(`${module}.${name}`);
    return this.#importedNames.length - 1;
  }

  /** The index of a function that was imported from `env`. */
  imported(name: string): number {
    const index = this.#importedNames.indexOf(`env.${name}`);
    if (index < 0) throw new ConfigError(`env.${name} was not imported`, { help: 'import it before the first func' });
    return index;
  }

  /** Adds a function and returns its index. The body may call functions added before it, itself, and helpers it adds. */
  func(
    name: string,
    params: readonly ValType[],
    results: readonly ValType[],
    body: FunctionBody,
    options: { readonly export?: string } = {},
  ): number {
    const entry: FunctionEntry = { name, type: this.#typeIndex(params, results), body: undefined };
    const index = this.#importedNames.length + this.#functions.push(entry) - 1;
    if (options.export !== undefined) this.#exports.push({ name: options.export, index });
    const writer = new FunctionWriter(this, params);
    body(writer, ...writer.params);
    entry.body = writer.finish();
    return index;
  }

  /** Like `func`, but the body is written once per module and key; it may be asked for while another function is being written. */
  helper(key: string, params: readonly ValType[], results: readonly ValType[], body: FunctionBody): number {
    const known = this.#helpers.get(key);
    if (known !== undefined) return known;
    const index = this.func(key, params, results, body);
    this.#helpers.set(key, index);
    return index;
  }

  /** The finished binary. */
  bytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteSink();
    out.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(out, SECTION.type, this.#types.size, (s) => s.bytes(this.#typeBytes.take()));
    section(out, SECTION.import, this.#importCount, (s) => s.bytes(this.#imports.take()));
    section(out, SECTION.function, this.#functions.length, (s) => {
      for (const f of this.#functions) s.u32(f.type);
    });
    section(out, SECTION.export, this.#exports.length, (s) => {
      for (const { name, index } of this.#exports) {
        s.name(name);
        s.u8(0);
        s.u32(index);
      }
    });
    section(out, SECTION.code, this.#functions.length, (s) => {
      for (const f of this.#functions) s.sized((code) => code.bytes(f.body!));
    });
    this.#writeNames(out);
    return out.take();
  }

  // Function names make stack traces and profiles readable; they cost a few bytes each.
  #writeNames(out: ByteSink): void {
    out.u8(SECTION.custom);
    out.sized((s) => {
      s.name('name');
      s.u8(1);
      s.sized((names) => {
        names.u32(this.#functions.length);
        this.#functions.forEach(({ name }, i) => {
          names.u32(this.#importedNames.length + i);
          names.name(name);
        });
      });
    });
  }

  #importName(module: string, name: string): void {
    this.#importCount++;
    this.#imports.name(module);
    this.#imports.name(name);
  }

  #typeIndex(params: readonly ValType[], results: readonly ValType[]): number {
    const key = `${params.join()}>${results.join()}`;
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    this.#typeBytes.u8(0x60);
    for (const list of [params, results]) {
      this.#typeBytes.u32(list.length);
      for (const type of list) this.#typeBytes.u8(BYTE_OF_TYPE[type]);
    }
    this.#types.set(key, this.#types.size);
    return this.#types.size - 1;
  }
}

function section(out: ByteSink, id: number, count: number, body: (s: ByteSink) => void): void {
  if (count === 0) return;
  out.u8(id);
  out.sized((s) => {
    s.u32(count);
    body(s);
  });
}
