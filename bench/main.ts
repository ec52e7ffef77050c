/**
 * Times our engine beside its peers, interleaved in one run: `npm run bench -- --help`.
 *
 * Tables go to stderr, JSON Lines to stdout with --json. Ratios are theirs / ours: above 1 we are faster.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { CotangentError, threadsReady } from '../src/engine/index.ts';
import { useEngine } from '../src/run/engine-settings.ts';
import { timeInterleaved } from '../src/run/index.ts';
import type { BenchEvent } from '../src/run/schema.ts';
import { ceiling, ceilingFlops } from './ceiling.ts';
import type { Contender, Peer } from './contender.ts';
import { readOptions, usage } from './options.ts';
import { ours } from './ours/index.ts';
import { onnxruntime } from './peers/onnxruntime.ts';
import { pageSizes } from './sizes.ts';
import { heading, row, sizeLine } from './table.ts';
import { type Workload, workloads } from './workloads.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function openPeers(names: readonly string[]): Promise<Peer[]> {
  const makers: Readonly<Record<string, () => Promise<Peer | string>>> = {
    'jax-js': async () => (await import('./peers/jax-js.ts')).jaxJs,
    'tfjs-wasm': async () => (await import('./peers/tfjs.ts')).tfjs,
    onnxruntime: async () => onnxruntime() ?? 'onnxruntime: not installed (npm install --no-save onnxruntime-node)',
    pytorch: async () =>
      (await (await import('./peers/pytorch.ts')).pytorch()) ??
      'pytorch: no python3 here can import torch (Debian: apt-get install python3-torch)',
  };
  const found = await Promise.all(names.map((name) => makers[name]!()));
  for (const missing of found) if (typeof missing === 'string') say(missing);
  return found.filter((peer) => typeof peer !== 'string');
}

async function prepared(peer: Peer, name: string): Promise<Contender[]> {
  try {
    const contender = await peer.prepare(name);
    return contender === null ? [] : [contender];
  } catch (error) {
    say(`  ${peer.name} cannot do ${name}: ${(error as Error).message.split('\n')[0]}`);
    return [];
  }
}

/** Times one workload; our line beside each peer, or alone where no peer can do it. */
async function measured(
  workload: Workload,
  peers: readonly Peer[],
  { rounds, threads }: { readonly rounds: number; readonly threads: number },
): Promise<BenchEvent[]> {
  const [mine] = await prepared(ours, workload.name);
  if (mine === undefined) return [];
  const others = (await Promise.all(peers.map((peer) => prepared(peer, workload.name)))).flat();
  const limit = await ceiling(threads);
  const all = [mine, limit, ...others];
  const report = await timeInterleaved(Object.fromEntries(all.map((c) => [c.name, c.work])), {
    rounds,
    minMs: 20,
    warmUpMs: 120,
  });
  limit.close();
  const ms = (name: string): number => report.times[name]!.ms;
  const gflops = workload.flops === null ? null : workload.flops / ms('ours') / 1e6;
  const base = {
    type: 'bench' as const,
    name: workload.name,
    threads,
    ours: { ms: ms('ours') },
    gflops,
    share: gflops === null ? null : gflops / ((threads * ceilingFlops) / ms('ceiling') / 1e6),
    peakBytes: mine.peakBytes ?? null,
    load: report.loadBefore,
  };
  if (others.length === 0) return [{ ...base, peer: null, theirs: null, ratio: null }];
  return others.map(({ name, note }) => ({
    ...base,
    peer: name,
    theirs: { ms: ms(name) },
    ratio: report.ratio(name, 'ours').estimate,
    note,
  }));
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), workloads);
  if (options.isHelp) return say(usage(workloads));
  const { names } = options;
  const profile = useEngine({
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    threads: options.threads,
  });
  const { running: threads, reason } = await threadsReady();
  if (reason !== undefined) say(`one thread: ${reason}`);
  const chosen = workloads.filter((w) => names.length === 0 || names.some((name) => w.name.startsWith(name)));
  const cpu = `${cpus()[0]!.model}, ${cpus().length} cores`;
  const node = process.versions.node;
  say(
    heading(
      `${cpu}, Node ${node}, profile ${profile}, ${threads === 1 ? 'one thread' : `${threads} of our threads`}, load ${loadavg()[0]!.toFixed(2)}`,
    ),
  );
  const peers = await openPeers(options.peers);
  const lines: string[] = [];
  for (const workload of chosen) {
    const events = await measured(workload, peers, { rounds: options.rounds, threads });
    if (events.length > 0) say(row(workload, events));
    for (const event of events) {
      lines.push(`${JSON.stringify({ ...event, profile, cpu, node })}\n`);
      if (options.isJson) process.stdout.write(lines.at(-1)!);
      if (options.out !== undefined) writeFileSync(options.out, lines.join(''));
    }
  }
  if (names.length === 0) say(sizeLine(await pageSizes()));
  for (const peer of peers) peer.close?.();
}

await main().catch((error: unknown) => {
  if (!(error instanceof CotangentError)) throw error;
  say(error.message);
  process.exitCode = 2;
});
