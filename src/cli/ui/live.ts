/** A block of lines at the bottom of a terminal that is redrawn in place, at most fifteen times a second. */

/** The part of a stream that is used. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
  readonly isTTY?: boolean;
}

/** The part of `process` that is used to leave the terminal as it was. */
export interface ProcessLike {
  readonly pid: number;
  on(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
  listenerCount(event: string): number;
  kill(pid: number, signal: string): unknown;
}

export interface LiveOptions {
  readonly terminal: Terminal;
  /** Milliseconds. */
  readonly now: () => number;
  /** Calls back after some milliseconds; returns what cancels it. */
  readonly later: (run: () => void, ms: number) => () => void;
  readonly process: ProcessLike;
}

export interface Live {
  /** Asks for a new frame; it is drawn at once or as soon as the rate allows. */
  update(frame: () => readonly string[]): void;
  /** Writes lines above the block, to stay. */
  above(lines: readonly string[]): void;
  /** Draws the last frame, leaves it standing and gives the cursor back. */
  stop(): void;
}

const frameMs = 1000 / 15;
const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const clearBelow = '\u001b[J';

/** Starts a live block; the cursor comes back on stop, on exit and on Ctrl-C. */
export function liveBlock({ terminal, now, later, process }: LiveOptions): Live {
  let frame: () => readonly string[] = () => [];
  let height = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | null = null;
  let isStopped = false;

  const draw = (before: readonly string[] = []) => {
    cancel?.();
    cancel = null;
    const lines = frame();
    terminal.write(`${back(height)}${[...before, ...lines].map((line) => `${line}\n`).join('')}`);
    height = lines.length;
    drawnAt = now();
  };
  const giveBack = () => {
    if (isStopped) return;
    isStopped = true;
    cancel?.();
    terminal.write(showCursor);
    release();
  };
  const release = restoreOn(process, giveBack);
  terminal.write(hideCursor);

  return {
    update(next) {
      if (isStopped) return;
      frame = next;
      const wait = drawnAt + frameMs - now();
      if (wait <= 0) draw();
      else cancel ??= later(() => draw(), wait);
    },
    above(lines) {
      if (isStopped) terminal.write(lines.map((line) => `${line}\n`).join(''));
      else draw(lines);
    },
    stop() {
      if (isStopped) return;
      draw();
      giveBack();
    },
  };
}

const back = (height: number): string => `\r${height > 0 ? `\u001b[${height}A` : ''}${clearBelow}`;

/** Calls back before the process ends; a signal nobody else handles then still ends the process. Returns what undoes this. */
function restoreOn(process: ProcessLike, restore: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const handlers = signals.map((signal) => () => {
    const isAlone = process.listenerCount(signal) === 1;
    restore(); // also removes this handler
    if (isAlone) process.kill(process.pid, signal);
  });
  for (const [i, signal] of signals.entries()) process.on(signal, handlers[i]!);
  process.on('exit', restore);
  return () => {
    for (const [i, signal] of signals.entries()) process.removeListener(signal, handlers[i]!);
    process.removeListener('exit', restore);
  };
}
