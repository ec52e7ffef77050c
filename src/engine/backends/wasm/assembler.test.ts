import { describe, expect, it } from 'vitest';
import { type FunctionBody, ModuleBuilder, type ValType } from './assembler.ts';
import { ATOMIC, LANE, MEMORY, MEMORY_LANE, PLAIN } from './opcodes.ts';
import { FunctionWriter } from './writer.ts';

type Numeric = (...args: number[]) => number;

function compile(
  params: readonly ValType[],
  result: ValType,
  body: FunctionBody,
  memory?: WebAssembly.Memory,
): Numeric {
  const m = new ModuleBuilder();
  if (memory !== undefined) m.importMemory('env', 'memory');
  m.func('f', params, [result], body, { export: 'f' });
  const imports = memory === undefined ? {} : { env: { memory } };
  return new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), imports).exports.f as Numeric;
}

describe('the binary format', () => {
  it('encodes the smallest function as the specification lists it', () => {
    const m = new ModuleBuilder();
    m.func('a', ['i32', 'i32'], ['i32'], (w, x, y) => w.get(x).get(y).i32.add(), { export: 'a' });
    const expected = [
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...[1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f],
      ...[3, 2, 1, 0],
      ...[7, 5, 1, 1, 0x61, 0, 0],
      ...[10, 9, 1, 7, 0, 0x20, 0, 0x20, 1, 0x6a, 0x0b],
      ...[0, 11, 4, 0x6e, 0x61, 0x6d, 0x65, 1, 4, 1, 0, 1, 0x61],
    ];
    expect([...m.bytes()]).toEqual(expected);
  });

  it.each([0, 1, -1, 63, 64, -64, -65, 127, 128, 2 ** 31 - 1, -(2 ** 31), 0x12345678])(
    'round-trips i32 %i',
    (value) => {
      expect(compile([], 'i32', (w) => w.i32.const(value))()).toBe(value);
    },
  );

  it.each([0n, -1n, 63n, 64n, -65n, 2n ** 63n - 1n, -(2n ** 63n)])('round-trips i64 %i', (value) => {
    expect(compile([], 'i64', (w) => w.i64.const(value))()).toBe(value);
  });

  it('writes f32 and f64 constants bit by bit', () => {
    expect(compile([], 'f32', (w) => w.f32.const(0.1))()).toBe(Math.fround(0.1));
    expect(compile([], 'f64', (w) => w.f64.const(-0))()).toBe(-0);
    expect(compile([], 'f64', (w) => w.f64.const(5e-324))()).toBe(5e-324);
  });
});

/** Behind `unreachable` the stack has any type, so the engine's validator judges the opcode and its immediates alone. */
function validates(emit: (w: FunctionWriter) => unknown): boolean {
  const m = new ModuleBuilder();
  m.importMemory('env', 'memory', { maximum: 1, shared: true });
  m.func('f', [], [], (w) => {
    w.unreachable();
    emit(w);
    w.unreachable();
  });
  return WebAssembly.validate(m.bytes());
}

describe('the opcode tables', () => {
  const rows: [string, (w: FunctionWriter) => unknown][] = [];
  const add = (tables: Record<string, object>, immediates: number[]) => {
    for (const [space, table] of Object.entries(tables))
      for (const name of Object.keys(table))
        rows.push([
          `${space}.${name}`,
          (w) => {
            const methods = w[space as 'i32'] as unknown as Record<string, (...n: number[]) => void>;
            methods[name]!(...immediates);
          },
        ]);
  };
  add(PLAIN, []);
  add(MEMORY, [0]);
  add(LANE, [0]);
  add(MEMORY_LANE, [0, 0]);
  add({ atomic: ATOMIC }, [0]);

  it('hold only instructions the engine knows', () => {
    expect(rows.length).toBeGreaterThan(350);
    const unknown = rows.filter(([, emit]) => !validates(emit)).map(([name]) => name);
    expect(unknown.filter((name) => relaxed() || !name.includes('relaxed'))).toEqual([]);
  });
});

describe('instructions do what their names say', () => {
  const binary = (type: 'i32' | 'f64', name: string, a: number, b: number) =>
    compile([type, type], type, (w, x, y) => {
      w.get(x).get(y);
      (w[type] as unknown as Record<string, () => void>)[name]!();
    })(a, b);

  it.each([
    ['sub', 5, 7, -2],
    ['mul', 65536, 65536, 0],
    ['div_s', -7, 2, -3],
    ['div_u', -7, 2, 2147483644],
    ['rem_s', -7, 2, -1],
    ['and', 12, 10, 8],
    ['or', 12, 10, 14],
    ['xor', 12, 10, 6],
    ['shl', 1, 33, 2],
    ['shr_s', -8, 1, -4],
    ['shr_u', -8, 1, 2147483644],
    ['rotl', 1, 31, -2147483648],
    ['lt_s', -1, 1, 1],
    ['lt_u', -1, 1, 0],
    ['ge_u', -1, 1, 1],
  ])('i32.%s(%i, %i) = %i', (name, a, b, expected) => {
    expect(binary('i32', name, a, b)).toBe(expected);
  });

  it.each([
    ['sub', 5, 7, -2],
    ['div', 1, -0, Number.NEGATIVE_INFINITY],
    ['min', 0, -0, -0],
    ['max', 0, -0, 0],
    ['copysign', 3, -0, -3],
  ])('f64.%s(%d, %d) = %d', (name, a, b, expected) => {
    expect(binary('f64', name, a, b)).toBe(expected);
  });

  it('f32x4 lanes, constants and shuffles keep their order', () => {
    const lane = (i: number) =>
      compile([], 'f32', (w) =>
        w.f32x4.const([1, 2, 3, 4]).i32x4.const([0, 0, 0, 0]).i32x4.shuffle([3, 2, 4, 0]).f32x4.extract_lane(i),
      )();
    expect([0, 1, 2, 3].map(lane)).toEqual([4, 3, 0, 1]);
  });

  it('madd is a·b + c and nmadd is c − a·b under both profiles', () => {
    for (const profile of ['strict', 'fma'] as const)
      for (const dtype of ['f32', 'f64'] as const) {
        const space = dtype === 'f32' ? ('f32x4' as const) : ('f64x2' as const);
        const of = (name: 'madd' | 'nmadd') =>
          compile([dtype, dtype, dtype], dtype, (w, a, b, c) => {
            for (const p of [a, b, c]) w.get(p)[space].splat();
            w[name](dtype, profile)[space].extract_lane(0);
          });
        if (profile === 'fma' && !relaxed()) continue;
        expect(of('madd')(3, 5, 7)).toBe(22);
        expect(of('nmadd')(3, 5, 7)).toBe(-8);
      }
  });
});

function relaxed(): boolean {
  const m = new ModuleBuilder();
  m.func('f', ['v128'], ['v128'], (w, x) => w.get(x).get(x).get(x).f32x4.relaxed_madd());
  return WebAssembly.validate(m.bytes());
}

describe('control', () => {
  const sumTo = compile(['i32', 'i32', 'i32'], 'i32', (w, begin, end, step) => {
    const i = w.local('i32');
    const sum = w.local('i32');
    w.for(i, begin, end, step, () => w.advance(sum, i)).get(sum);
  });

  it('for runs over [begin, end) and not at all when it is empty', () => {
    expect(sumTo(0, 10, 1)).toBe(45);
    expect(sumTo(3, 10, 3)).toBe(3 + 6 + 9);
    expect(sumTo(4, 4, 1)).toBe(0);
    expect(sumTo(5, 4, 1)).toBe(0);
  });

  it('for compares unsigned, so that addresses above 2 GiB count', () => {
    const count = compile(['i32', 'i32'], 'i32', (w, begin, end) => {
      const i = w.local('i32');
      const n = w.local('i32');
      w.for(i, begin, end, 16, () => w.advance(n, 1)).get(n);
    });
    expect(count(2 ** 31 - 32, 2 ** 31 + 32)).toBe(4);
  });

  it('breaks, branches by table, selects and returns', () => {
    const choose = compile(['i32'], 'i32', (w, which) => {
      w.block((c) =>
        w
          .block((b) => {
            w.block((a) => w.get(which).brTable([a, b], c));
            w.i32.const(10).return();
          })
          .i32.const(20)
          .return(),
      );
      w.i32.const(30).i32.const(31).get(which).i32.const(2).i32.eq().select();
    });
    expect([0, 1, 2, 3].map((i) => choose(i))).toEqual([10, 20, 30, 31]);
  });

  it('while repeats until its condition fails', () => {
    const log2 = compile(['i32'], 'i32', (w, n) => {
      const k = w.local('i32');
      w.while(
        () => w.get(n).i32.const(1).i32.gt_u(),
        () => w.assign(n, () => w.get(n).i32.const(1).i32.shr_u()).advance(k, 1),
      ).get(k);
    });
    expect([1, 2, 3, 1024].map((n) => log2(n))).toEqual([0, 1, 1, 10]);
  });

  it('a helper is written once and may be recursive', () => {
    const m = new ModuleBuilder();
    let written = 0;
    const factorial = () =>
      m.helper('factorial', ['f64'], ['f64'], (w, n) => {
        written++;
        const self = 1; // index of the helper: the caller took 0
        w.get(n).f64.const(1).f64.le();
        w.if(
          () => w.f64.const(1),
          () => w.get(n).get(n).f64.const(1).f64.sub().call(self).f64.mul(),
          'f64',
        );
      });
    m.func('both', ['f64'], ['f64'], (w, n) => w.get(n).call(factorial()).get(n).call(factorial()).f64.add(), {
      export: 'f',
    });
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes())).exports;
    expect((f as Numeric)(5)).toBe(240);
    expect(written).toBe(1);
  });

  it('imported functions and memory.copy / fill act on the imported memory', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const m = new ModuleBuilder();
    m.importMemory('env', 'memory');
    const log = m.importFunction('env', 'log', ['i32']);
    m.func(
      'f',
      [],
      [],
      (w) => {
        w.i32.const(0).i32.const(7).i32.const(4).memoryFill();
        w.i32.const(8).i32.const(0).i32.const(4).memoryCopy();
        w.i32.const(8).i32.load().call(log);
      },
      { export: 'f' },
    );
    const seen: number[] = [];
    const env = { memory, log: (n: number) => seen.push(n) };
    (new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), { env }).exports.f as () => void)();
    expect(seen).toEqual([0x07070707]);
  });

  it('scope gives locals back', () => {
    const m = new ModuleBuilder();
    const w = new FunctionWriter(m, ['i32']);
    const first = w.scope(() => w.local('v128'));
    expect(w.scope(() => w.local('v128'))).toBe(first);
    expect(w.local('f32')).not.toBe(first);
  });
});
