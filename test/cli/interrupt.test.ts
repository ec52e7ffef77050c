/** Ctrl-C and kill -9: the command answers at once, and a run goes on to the very same bits. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint } from '../../src/run/checkpoint.ts';
import { cotangent, linesOf, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const train = (out: string, ...more: string[]) => [
  'train',
  ...[
    '--rule',
    'dfa',
    '--train-rows',
    '640',
    '--test-rows',
    '100',
    '--model',
    'mlp:16',
    '--epochs',
    '4',
    '--save-every',
    '7steps',
  ],
  ...['--eval-every', '1epoch', '--out', join(folder, out), '--json', ...more],
];

/** Fingerprint of the tensors a run ended with, checked against the file itself. */
const hashOf = (name: string): string =>
  decodeCheckpoint(new Uint8Array(readFileSync(join(folder, name, 'final.checkpoint'))), name).header.hash;

/** What a run said of each epoch, without its clock. */
const epochsOf = (name: string) =>
  linesOf({ stdout: readFileSync(join(folder, name, 'events.jsonl'), 'utf8') })
    .filter((line) => line.type === 'epoch')
    .map(({ seconds: _, ...line }) => line);

/** Sends a signal once, as soon as that many checkpoints have been announced. */
const after = (checkpoints: number, act: (child: ChildProcess) => void) => {
  let isDone = false;
  return (child: ChildProcess, stdout: string) => {
    if (isDone || stdout.split('"checkpoint"').length <= checkpoints) return;
    isDone = true;
    act(child);
  };
};

describe('a run of train', () => {
  it('that is killed and resumed ends with the parameters of one that was not', async () => {
    expect((await cotangent(train('whole'))).code).toBe(0);
    const killed = await cotangent(train('killed'), { onOutput: after(4, (child) => child.kill('SIGKILL')) });
    expect(killed.code).toBe(null);
    expect(existsSync(join(folder, 'killed/final.checkpoint'))).toBe(false);
    const resumed = await cotangent(['train', '--resume', join(folder, 'killed'), '--json']);
    expect(resumed.code).toBe(0);
    expect(hashOf('killed')).toBe(hashOf('whole'));
    expect(epochsOf('killed')).toEqual(epochsOf('whole'));
  });

  it('answers Ctrl-C within 0.2 s and leaves a checkpoint to go on from', async () => {
    let sentAt = 0;
    const interrupted = await cotangent(
      train('stopped', '--epochs', '400', '--save-every', '1000epochs', '--eval-every', '1steps'),
      {
        onOutput: (child, stdout) => {
          if (sentAt > 0 || !stdout.includes('"epoch"')) return;
          sentAt = performance.now();
          child.kill('SIGINT');
        },
      },
    );
    const tookMs = performance.now() - sentAt;
    expect(interrupted.code).toBe(130);
    expect(linesOf(interrupted).at(-1)).toMatchObject({ type: 'error', code: 'Interrupted' });
    expect(interrupted.stderr).toContain(`go on with cotangent train --resume ${join(folder, 'stopped')}`);
    expect(existsSync(join(folder, 'stopped/last.checkpoint'))).toBe(true);
    expect(tookMs).toBeLessThan(1000); // 0.2 s on a machine of one's own
    const resumed = await cotangent(['train', '--resume', join(folder, 'stopped'), '--epochs', '4', '--json']);
    expect(resumed.code).toBe(0);
    expect(hashOf('stopped')).toBe(hashOf('whole'));
  });

  it('refuses to write over another run, or to change what a run was started with', async () => {
    const again = await cotangent(train('whole'));
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('whole already holds a run');
    const other = await cotangent(['train', '--resume', join(folder, 'whole'), '--rule', 'backprop']);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('--rule cannot change when a run is resumed');
  });
});

describe('compare', () => {
  it.each(['1', '2'])('answers Ctrl-C with %s worker(s)', async (workers) => {
    let sentAt = 0;
    const run = await cotangent(
      [
        'compare',
        '--rules',
        'backprop',
        '--train-rows',
        '640',
        '--test-rows',
        '100',
        '--epochs',
        '500',
        '--workers',
        workers,
        '--json',
        '--out',
        join(folder, `compare${workers}`),
      ],
      {
        onOutput: (child, stdout) => {
          if (sentAt > 0 || !stdout.includes('"epoch"')) return;
          sentAt = performance.now();
          child.kill('SIGINT');
        },
      },
    );
    expect(run.code).toBe(130);
    expect(performance.now() - sentAt).toBeLessThan(1000);
  });
});
