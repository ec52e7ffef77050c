import { describe, expect, it } from 'vitest';
import { ModuleBuilder } from './assembler.ts';
import { assembleKernels, KernelLibrary, type KernelSpec } from './library.ts';

/** out[0] = value, counting how often it was assembled. */
function store(value: number): KernelSpec & { assembled: number } {
  return {
    key: `store ${value}`,
    params: ['i32'],
    assembled: 0,
    emit(w, _profile, out) {
      this.assembled++;
      return w.get(out).i32.const(value).i32.store();
    },
  };
}

describe('KernelLibrary', () => {
  it('compiles a kernel once and finds it by key', () => {
    const library = new KernelLibrary(new WebAssembly.Memory({ initial: 1 }), 'strict');
    const spec = store(7);
    library.get(spec)(16);
    library.get(spec)(20);
    expect(spec.assembled).toBe(1);
    expect(library.exportOf(spec.key)).toBe(library.get(spec));
    expect([...new Int32Array(library.memory.buffer, 16, 2)]).toEqual([7, 7]);
  });

  it('warms many at once, repeated or known ones included', () => {
    const library = new KernelLibrary(new WebAssembly.Memory({ initial: 1 }), 'strict');
    const [a, b] = [store(1), store(2)];
    library.warm([a]);
    library.warm([a, b, b]);
    expect([a.assembled, b.assembled]).toEqual([1, 1]);
  });

  it('refuses the export of a kernel it has not compiled', () => {
    const library = new KernelLibrary(new WebAssembly.Memory({ initial: 1 }), 'strict');
    expect(() => library.exportOf('nothing')).toThrow(/no kernel "nothing"/);
  });

  it('hands kernels to other modules as imports', () => {
    const library = new KernelLibrary(new WebAssembly.Memory({ initial: 1 }), 'strict');
    library.warm([store(9)]);
    const m = new ModuleBuilder();
    const kernel = m.importFunction('library', 'store', ['i32']);
    m.func('plan', [], [], (w) => w.i32.const(32).call(kernel), { export: 'run' });
    const imports = { library: { store: library.exportOf('store 9') } };
    const { run } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), imports).exports;
    (run as () => void)();
    expect(new Int32Array(library.memory.buffer, 32, 1)[0]).toBe(9);
  });

  it('works on a shared memory, with modules compiled elsewhere', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
    const library = new KernelLibrary(memory, 'strict');
    library.adopt(new WebAssembly.Module(assembleKernels([store(5)], 'strict', library.limits)));
    library.exportOf('store 5')(8);
    expect(new Int32Array(memory.buffer, 8, 1)[0]).toBe(5);
  });
});
