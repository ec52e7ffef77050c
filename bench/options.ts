/** The command line of the bench. */
import { parseArgs } from 'node:util';
import { ConfigError, type ThreadCount } from '../src/engine/index.ts';
import type { Workload } from './workloads.ts';

export interface BenchOptions {
  readonly names: readonly string[];
  readonly rounds: number;
  readonly peers: readonly string[];
  readonly profile: 'strict' | 'fma' | undefined;
  readonly threads: ThreadCount;
  readonly isJson: boolean;
  readonly isHelp: boolean;
  readonly out: string | undefined;
}

export const peerNames = ['jax-js', 'tfjs-wasm', 'onnxruntime', 'pytorch'];

/** Reads the arguments; ConfigError for what they cannot mean. */
export function readOptions(args: readonly string[], workloads: readonly Workload[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '7' },
      peers: { type: 'string', default: peerNames.join(',') },
      profile: { type: 'string' },
      threads: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  const peers = values.peers === 'none' ? [] : values.peers.split(',');
  requireAll('peer', peers, peerNames, (name, known) => name === known);
  const names = workloads.map((w) => w.name);
  requireAll('workload', positionals, names, (name, known) => known.startsWith(name));
  const { profile } = values;
  if (profile !== undefined && profile !== 'strict' && profile !== 'fma')
    throw new ConfigError(`bench: there is no profile ${profile}`, { profile, help: 'choose strict or fma' });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 2)
    throw new ConfigError(`bench: ${values.rounds} rounds`, {
      rounds: values.rounds,
      help: 'give a whole number from 2 on',
    });
  return {
    names: positionals,
    rounds,
    peers,
    profile,
    threads: values.threads === 'auto' ? 'auto' : Number(values.threads),
    isJson: values.json,
    isHelp: values.help,
    out: values.out,
  };
}

function requireAll(
  what: string,
  given: readonly string[],
  known: readonly string[],
  fits: (given: string, known: string) => boolean,
): void {
  const odd = given.find((name) => !known.some((k) => fits(name, k)));
  if (odd !== undefined)
    throw new ConfigError(`bench: there is no ${what} ${odd}`, { [what]: odd, help: `known are ${known.join(', ')}` });
}

export const usage = (workloads: readonly Workload[]): string =>
  [
    'npm run bench -- [names…] [options]      times our engine beside its peers, interleaved in one run',
    '',
    '  --rounds 7          rounds; each times every contender twice, in order and in reverse',
    `  --peers LIST        of ${peerNames.join(', ')}; or none`,
    '  --profile NAME      strict or fma: the rounding of our products',
    '  --threads N         of ours and of the ceiling; auto is one per core (default 1)',
    '  --json              JSON Lines on standard output, one for each workload and peer',
    '  --out FILE          the same lines into a file',
    '',
    '  npm run bench -- matmul mlp --peers jax-js,pytorch',
    '  npm run bench -- --profile strict --peers none --json > strict.jsonl',
    '',
    'Workloads; a name stands for all that begin with it:',
    ...workloads.map(({ name, about }) => `  ${name.padEnd(28)}${about}`),
  ].join('\n');
