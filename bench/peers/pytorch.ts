/** PyTorch in a Python process of its own, where one is installed; it holds its own clock, so that the pipe costs nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contender, Peer } from '../contender.ts';

const script = fileURLToPath(new URL('pytorch.py', import.meta.url));

/** A process that answers each line with a line. */
class Talk {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(python: string, threads: number) {
    this.#child = spawn(python, [script, String(threads)], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.on('error', () => {}); // no such interpreter: the first answer is missing
    this.#child.stdin!.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async hear(): Promise<string | null> {
    const { value, done } = await this.#lines.next();
    return done === true ? null : (value as string);
  }

  ask(line: string): Promise<string | null> {
    this.#child.stdin!.write(`${line}\n`);
    return this.hear();
  }

  close(): void {
    this.#child.kill();
  }
}

/** The peer, or null where no interpreter can import torch. */
export async function pytorch(threads = 1): Promise<Peer | null> {
  for (const python of ['python3', '/usr/bin/python3']) {
    const talk = new Talk(python, threads);
    const version = await talk.hear();
    if (version !== null) return peerOf(talk);
    talk.close();
  }
  return null;
}

function peerOf(talk: Talk): Peer {
  return {
    name: 'pytorch',
    async prepare(workload): Promise<Contender | null> {
      if ((await talk.ask(`prepare ${workload}`)) !== 'ready') return null;
      return { name: 'pytorch', work: { elapsed: async (calls) => Number(await talk.ask(`time ${calls}`)) } };
    },
    close: () => talk.close(),
  };
}
