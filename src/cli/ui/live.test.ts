import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseLines } from '../../run/schema.ts';
import { liveBlock } from './live.ts';
import { openUi } from './ui.ts';

/** A terminal that keeps the lines a person would see, for the few codes that are used. */
class Screen {
  readonly isTTY = true;
  readonly columns = 80;
  readonly rows = 24;
  lines = [''];
  row = 0;
  cursor = true;
  writes = 0;
  write(written: string) {
    this.writes++;
    const text = written.replaceAll('\u001b[', '<'); // no test writes this character otherwise
    for (const piece of text.split(/(<[0-9;?]*[A-Za-z]|\r|\n)/)) this.put(piece);
  }
  put(piece: string) {
    const up = /^<(\d+)A$/.exec(piece);
    if (up !== null) this.row -= Number(up[1]);
    else if (piece === '<J') this.lines = [...this.lines.slice(0, this.row), ''];
    else if (piece === '<?25l') this.cursor = false;
    else if (piece === '<?25h') this.cursor = true;
    else if (piece === '\n') this.lines[++this.row] ??= '';
    else if (!/^(\r|<.*)?$/.test(piece)) this.lines[this.row] += piece;
  }
}

class FakeProcess extends EventEmitter {
  readonly pid = 42;
  readonly killed: string[] = [];
  kill(pid: number, signal: string) {
    this.killed.push(`${pid} ${signal}`);
  }
}

function setup() {
  const terminal = new Screen();
  const process = new FakeProcess();
  const clock = { now: 0, pending: [] as { at: number; run: () => void }[] };
  const later = (run: () => void, ms: number) => {
    const timer = { at: clock.now + ms, run };
    clock.pending.push(timer);
    return () => {
      clock.pending = clock.pending.filter((t) => t !== timer);
    };
  };
  const pass = (ms: number) => {
    clock.now += ms;
    for (const t of clock.pending.filter((p) => p.at <= clock.now)) {
      clock.pending = clock.pending.filter((p) => p !== t);
      t.run();
    }
  };
  return { terminal, process, clock, pass, later, now: () => clock.now };
}

describe('liveBlock', () => {
  it('redraws in place, and shrinks without leaving anything behind', () => {
    const { pass, ...rest } = setup();
    const live = liveBlock(rest);
    live.update(() => ['one', 'two', 'three']);
    pass(100);
    live.update(() => ['ONE']);
    expect(rest.terminal.lines).toEqual(['ONE', '']);
    live.above(['a line to stay']);
    expect(rest.terminal.lines).toEqual(['a line to stay', 'ONE', '']);
  });

  it('draws at most fifteen frames a second, and the last one always', () => {
    const { pass, ...rest } = setup();
    const live = liveBlock(rest);
    for (let ms = 0; ms < 1000; ms++) {
      live.update(() => [`at ${ms}`]);
      pass(1);
    }
    expect(rest.terminal.writes).toBeLessThanOrEqual(17); // the cursor, then one at once and fifteen a second
    expect(rest.terminal.writes).toBeGreaterThanOrEqual(14);
    live.stop();
    expect(rest.terminal.lines).toEqual(['at 999', '']);
  });

  it.each(['stop', 'exit', 'SIGINT', 'SIGTERM'])('gives the cursor back on %s and leaves no listener', (how) => {
    const { terminal, process, ...rest } = setup();
    const live = liveBlock({ terminal, process, ...rest });
    expect(terminal.cursor).toBe(false);
    if (how === 'stop') live.stop();
    else process.emit(how);
    expect(terminal.cursor).toBe(true);
    for (const event of ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP']) expect(process.listenerCount(event)).toBe(0);
    expect(process.killed).toEqual(how.startsWith('SIG') ? [`42 ${how}`] : []);
  });

  it('leaves the ending to others who handle the signal', () => {
    const { terminal, process, ...rest } = setup();
    liveBlock({ terminal, process, ...rest });
    process.on('SIGINT', () => {});
    process.emit('SIGINT');
    expect(process.killed).toEqual([]);
  });
});

describe('openUi', () => {
  const start = JSON.stringify({
    type: 'start',
    task: 't',
    model: 'm',
    budget: { kind: 'epochs', value: 1 },
    rules: ['backprop'],
    seeds: [0],
    layers: [],
    profile: 'fma',
    machine: { cpu: 'c', cores: 1, node: '24' },
    version: '0',
  });
  const end = JSON.stringify({
    type: 'summary',
    task: 't',
    model: 'm',
    budget: { kind: 'epochs', value: 1 },
    rules: [
      {
        rule: 'backprop',
        accuracy: { mean: 0.97, ci95: null, n: 1 },
        loss: { mean: 0.1, ci95: null, n: 1 },
        angleDeg: [],
        flops: 1,
        peakBytes: 1,
        seconds: 1,
      },
    ],
  });
  const events = parseLines(`${start}\n${end}\n`);
  const open = (json: boolean, isTTY: boolean) => {
    const { terminal: stderr, pass: _pass, ...rest } = setup();
    const out: string[] = [];
    const pipe: string[] = [];
    const err = isTTY ? stderr : { write: (text: string) => pipe.push(text) };
    const ui = openUi({
      ...rest,
      stdout: { write: (text) => out.push(text) },
      stderr: err,
      json,
      env: { NO_COLOR: '1' },
    });
    for (const e of events) ui.event(e);
    ui.say('report: r.html');
    ui.close();
    return { out: out.join(''), err: isTTY ? stderr.lines.join('\n') : pipe.join(''), cursor: stderr.cursor };
  };

  it('writes only JSON lines to stdout with --json, and everything for people to stderr', () => {
    const { out, err } = open(true, false);
    expect(parseLines(out)).toEqual(events);
    expect(err).toContain('t, m: 1 rules × 1 seeds');
    expect(err).toContain('97.0 %');
    expect(err).toContain('report: r.html');
  });

  it('prints the table on stdout and the progress on stderr otherwise', () => {
    const { out, err, cursor } = open(false, true);
    expect(out).toContain('97.0 %');
    expect(out).not.toContain('{');
    expect(err).toContain('0 of 1 runs');
    expect(cursor).toBe(true);
  });

  it('tells a log that has been silent for long how far the run is', () => {
    const { terminal: _, pass, ...rest } = setup();
    const told: string[] = [];
    const ui = openUi({
      ...rest,
      stdout: { write: () => true },
      stderr: { write: (t) => told.push(t) },
      json: false,
      env: {},
    });
    ui.event(events[0]!);
    const step = (n: number) =>
      ui.event({ type: 'progress', rule: 'backprop', seed: 0, epoch: 0, step: n, steps: 40, loss: 2 });
    for (let n = 1; n <= 8; n++) {
      pass(10_000);
      step(n);
    }
    expect(told.join('')).toBe(
      't, m: 1 rules × 1 seeds, profile fma\n' +
        'backprop seed 0: step 3 of 40, loss 2.00, about 6 min 10 s left for everything\n' +
        'backprop seed 0: step 6 of 40, loss 2.00, about 5 min 40 s left for everything\n',
    );
  });
});
