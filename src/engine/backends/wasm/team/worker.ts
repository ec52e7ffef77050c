/** What a further thread does: it sleeps until there is a command, compiles what it is told to, enters plans. */

export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  /** 1 for the first worker. */
  readonly thread: number;
  readonly threads: number;
  readonly words: Readonly<Record<string, number>>;
  readonly commands: Readonly<Record<string, number>>;
  readonly idleSpinMs: number;
  readonly messageLimit: number;
}

/** Runs in the worker from its own source text: it must not refer to anything outside of itself. */
export function serveCommands(start: WorkerStart): void {
  const { memory, thread, threads, words, commands } = start;
  const control = new Int32Array(memory.buffer, 0, 256);
  const at = (name: string): number => words[name]! / 4;
  const [epoch, idle, command] = [at('epoch'), at('idle'), at('command')];
  const kernels = new Map<string, WebAssembly.ImportValue>();
  const plans: ((table: number, thread: number, threads: number) => void)[] = [];

  const instantiate = (address: number, bytes: number): WebAssembly.Exports => {
    const module = new WebAssembly.Module(new Uint8Array(memory.buffer, address >>> 0, bytes).slice());
    const env: Record<string, WebAssembly.ImportValue> = { memory };
    // Kernels in JavaScript are called by the first thread alone, but a module names all its imports.
    for (const { name, kind } of WebAssembly.Module.imports(module))
      if (kind === 'function') env[name] = kernels.get(name) ?? (() => undefined);
    return new WebAssembly.Instance(module, { env }).exports;
  };

  const obey = (kind: number, a: number, b: number): void => {
    if (kind === commands.run) plans[a]!(b, thread, threads);
    else if (kind === commands.kernels)
      for (const [key, kernel] of Object.entries(instantiate(a, b))) kernels.set(key, kernel);
    else if (kind === commands.plan) plans.push(instantiate(a, b).run as (typeof plans)[number]);
    else if (kind === commands.forget) {
      kernels.clear();
      plans.length = 0;
    }
  };

  /** The first failure is kept; the others are the traps of those who were told to give up. */
  const giveUp = (error: unknown): void => {
    if (Atomics.compareExchange(control, at('abort'), 0, 1 + thread) === 0) {
      const text = String(error).slice(0, start.messageLimit);
      const place = new Uint16Array(memory.buffer, words.message, start.messageLimit);
      for (let i = 0; i < text.length; i++) place[i] = text.charCodeAt(i);
      Atomics.store(control, at('messageLength'), text.length);
    }
    Atomics.add(control, at('phase'), 1);
    Atomics.notify(control, at('phase'));
  };

  const awaitCommand = (seen: number): void => {
    const from = performance.now();
    for (let turns = 1; Atomics.load(control, epoch) === seen; turns++) {
      if (turns % 64 !== 0 || performance.now() - from < start.idleSpinMs) continue;
      Atomics.add(control, idle, 1);
      Atomics.wait(control, epoch, seen);
      Atomics.sub(control, idle, 1);
    }
  };

  let seen = 0;
  Atomics.add(control, at('ready'), 1);
  Atomics.notify(control, at('ready'));
  for (;;) {
    awaitCommand(seen);
    seen = (seen + 1) | 0;
    const kind = control[command]!;
    if (kind === commands.leave) break;
    try {
      obey(kind, control[command + 1]!, control[command + 2]!);
    } catch (error) {
      giveUp(error);
    }
    Atomics.add(control, at('rested'), 1);
    Atomics.notify(control, at('rested'));
  }
}
