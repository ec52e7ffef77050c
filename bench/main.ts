/**
 * Times our engine beside its peers, interleaved in one run: `npm run bench -- [names…] [--rounds 7] [--peers jax-js,tfjs-wasm,pytorch] [--profile strict] [--threads 2] [--json]`.
 *
 * Tables go to stderr, JSON Lines to stdout with --json. Ratios are theirs / ours: above 1 we are faster.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { threadsReady } from '../src/engine/index.ts';
import { useEngine } from '../src/run/engine-settings.ts';
import type { BenchEvent } from '../src/run/schema.ts';
import { ceiling, ceilingFlops } from './ceiling.ts';
import type { Contender, Peer } from './contender.ts';
import { interleave, type Timing } from './interleave.ts';
import { ours } from './ours/index.ts';
import { type Workload, workloads } from './workloads.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    peers: { type: 'string', default: 'jax-js,tfjs-wasm,pytorch' },
    profile: { type: 'string' },
    threads: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  },
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function openPeers(names: readonly string[]): Promise<Peer[]> {
  const peers: Peer[] = [];
  if (names.includes('jax-js')) peers.push((await import('./peers/jax-js.ts')).jaxJs);
  if (names.includes('tfjs-wasm')) peers.push((await import('./peers/tfjs.ts')).tfjs);
  if (names.includes('pytorch')) {
    const torch = await (await import('./peers/pytorch.ts')).pytorch();
    if (torch === null) say('pytorch: no python3 here can import torch (Debian: apt-get install python3-torch)');
    else peers.push(torch);
  }
  return peers;
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

/** Our line beside each peer, or alone where no peer can do it. */
function eventsOf(workload: Workload, [mine, limit, ...peers]: readonly Timing[], running: number): BenchEvent[] {
  const gflops = workload.flops === null ? null : workload.flops / mine!.ms / 1e6;
  const base = {
    type: 'bench' as const,
    name: workload.name,
    threads: running,
    ours: { ms: mine!.ms },
    gflops,
    share: gflops === null ? null : gflops / ((running * ceilingFlops) / limit!.ms / 1e6),
  };
  if (peers.length === 0) return [{ ...base, peer: null, theirs: null, ratio: null }];
  return peers.map((p) => ({ ...base, peer: p.name, theirs: { ms: p.ms }, ratio: p.ratio }));
}

const cell = (text: string, width: number): string => text.padEnd(width);
const figure = (x: number | null, unit = '', digits = 3): string =>
  x === null ? '–' : `${Number(x.toPrecision(digits))}${unit}`;

function show({ name, bytes }: Workload, events: readonly BenchEvent[]): void {
  const [first] = events;
  const rate =
    first!.gflops !== null
      ? `${figure(first!.gflops)} GFLOP/s, ${figure(first!.share! * 100, ' %')} of the ceiling`
      : bytes !== null
        ? `${figure(bytes / first!.ours.ms / 1e6)} GB/s`
        : '';
  const peers = events.filter((e) => e.peer !== null).map((e) => `${e.peer} ×${figure(e.ratio)}`);
  say(`${cell(name, 26)}${cell(figure(first!.ours.ms, ' ms', 4), 14)}${cell(rate, 44)}${peers.join('   ')}`);
}

async function main(): Promise<void> {
  if (values.help) {
    say(
      'npm run bench -- [names…] [--rounds 7] [--peers jax-js,tfjs-wasm,pytorch] [--profile strict|fma] [--threads n|auto] [--json]\n',
    );
    for (const { name, about } of workloads) say(`  ${cell(name, 28)}${about}`);
    return;
  }
  const { profile: asked } = values;
  const profile = useEngine({
    ...(asked === 'strict' || asked === 'fma' ? { profile: asked } : {}),
    threads: values.threads === 'auto' ? 'auto' : Number(values.threads),
  });
  const { running, reason } = await threadsReady();
  if (reason !== undefined) say(`one thread: ${reason}`);
  const chosen = workloads.filter((w) => positionals.length === 0 || positionals.some((p) => w.name.startsWith(p)));
  say(
    `${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.versions.node}, profile ${profile}, ${running} of our threads, load ${loadavg()[0]!.toFixed(2)}`,
  );
  say('× is their time by ours: above 1 we are faster\n');
  const peers = await openPeers(values.peers.split(','));
  for (const workload of chosen) {
    const others = (await Promise.all(peers.map((peer) => prepared(peer, workload.name)))).flat();
    const mine = (await prepared(ours, workload.name))[0];
    if (mine === undefined) continue;
    const limit = await ceiling(running);
    const timings = await interleave([mine, limit, ...others], Number(values.rounds));
    limit.close?.();
    const events = eventsOf(workload, timings, running);
    show(workload, events);
    if (values.json)
      for (const event of events)
        process.stdout.write(`${JSON.stringify({ ...event, profile, load: loadavg()[0] })}\n`);
  }
  for (const peer of peers) peer.close?.();
}

await main();
