/** Writes docs/BENCH.md from the JSON lines that `npm run bench -- --out docs/bench/<name>.jsonl` left: one table for each file. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { workloads } from '../bench/workloads.ts';
import type { BenchEvent } from '../src/run/schema.ts';
import { repository } from './entries.ts';

/** A line of the bench with what it says about its machine. */
type Line = BenchEvent & { readonly profile: string; readonly cpu: string; readonly node: string };

const folder = join(repository, 'docs/bench');
const peers = ['jax-js', 'tfjs-wasm', 'onnxruntime', 'pytorch'];

const figure = (x: number | null | undefined, unit = '', digits = 3): string =>
  x == null ? '–' : `${Number(x.toPrecision(digits))}${unit}`;

function rateOf({ name, gflops, share, ours }: Line): string {
  if (gflops !== null) return `${figure(gflops)} GFLOP/s, ${figure(share! * 100, ' %')}`;
  const bytes = workloads.find((w) => w.name === name)?.bytes;
  return bytes == null ? '' : `${figure(bytes / ours.ms / 1e6)} GB/s`;
}

function rowsOf(lines: readonly Line[]): string[] {
  const names = [...new Set(lines.map((line) => line.name))];
  return names.map((name) => {
    const events = lines.filter((line) => line.name === name);
    const first = events[0]!;
    const ratios = peers.map((peer) => figure(events.find((line) => line.peer === peer)?.ratio));
    const peak = first.peakBytes == null ? '' : figure(first.peakBytes / 2 ** 20, ' MiB');
    return `| \`${name}\` | ${figure(first.ours.ms, ' ms', 4)} | ${rateOf(first)} | ${peak} | ${ratios.join(' | ')} |`;
  });
}

function section(file: string): string {
  const lines = readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as Line);
  const { cpu, node, profile, threads } = lines[0]!;
  const loads = lines.map((line) => line.load ?? 0);
  const load = `load ${figure(Math.min(...loads))} to ${figure(Math.max(...loads))}`;
  return [
    `## ${file.replace('.jsonl', '')}: ${threads === 1 ? 'one thread' : `${threads} threads`}, profile \`${profile}\``,
    '',
    `${cpu}, Node ${node}, ${load}.`,
    '',
    `| workload | ours | rate, share of the ceiling | peak | ${peers.map((p) => `${p} ×`).join(' | ')} |`,
    `|---|---|---|---|${peers.map(() => '---|').join('')}`,
    ...rowsOf(lines),
  ].join('\n');
}

/** The page; null where nothing was measured. */
export function benchPage(): string | null {
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
    : [];
  if (files.length === 0) return null;
  return `${[
    '# Speed',
    '',
    'Written by `npm run bench-page` from the records in docs/bench. Each row comes from one run in which all contenders take turns; × is the median of their time by ours: above 1 we are faster. Peers run on one thread. The ceiling is a loop of multiply-adds that stays in registers, measured in the same turns with as many threads as we use. What stays short of its target, and why: docs/notes/0020-bench.md.',
    '',
    files.map(section).join('\n\n'),
  ].join('\n')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const page = benchPage();
  if (page !== null) writeFileSync(join(repository, 'docs/BENCH.md'), page);
  process.stdout.write(page === null ? 'docs/bench holds no records\n' : 'wrote docs/BENCH.md\n');
}
