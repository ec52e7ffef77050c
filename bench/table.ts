/** The bench as text. */
import type { BenchEvent } from '../src/run/schema.ts';
import type { Workload } from './workloads.ts';

const figure = (x: number | null, unit = '', digits = 3): string =>
  x === null ? '–' : `${Number(x.toPrecision(digits))}${unit}`;

export const heading = (machine: string): string =>
  `${machine}\n× is their time by ours: above 1 we are faster; medians over the rounds\n\n${'workload'.padEnd(26)}${'ours'.padEnd(14)}${'rate'.padEnd(36)}${'peak'.padEnd(12)}peers\n`;

/** One workload: time, rate, bytes of the plan, and the peers' times by ours. */
export function row({ name, bytes }: Workload, events: readonly BenchEvent[]): string {
  const [first] = events;
  const { ours, gflops, share, peakBytes } = first!;
  const rate =
    gflops !== null
      ? `${figure(gflops)} GFLOP/s, ${figure(share! * 100, ' %')} of ceiling`
      : bytes !== null
        ? `${figure(bytes / ours.ms / 1e6)} GB/s`
        : '';
  const peak = peakBytes == null ? '' : figure(peakBytes / 2 ** 20, ' MiB');
  const peers = events.filter((e) => e.peer !== null).map((e) => `${e.peer} ×${figure(e.ratio)}`);
  return `${name.padEnd(26)}${figure(ours.ms, ' ms', 4).padEnd(14)}${rate.padEnd(36)}${peak.padEnd(12)}${peers.join('   ')}`;
}

/** Gzipped bytes that a training page loads. */
export const sizeLine = (sizes: Readonly<Record<string, number>>): string =>
  `\nA page that trains, minified and gzipped: ${Object.entries(sizes)
    .map(([name, bytes]) => `${name} ${figure(bytes / 1000, ' kB')}`)
    .join(', ')}`;
