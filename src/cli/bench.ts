/** `bench`: our engine beside its peers, in a process of its own; the peers come with a checkout, not with the package. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../engine/index.ts';
import { text, whole } from './fields.ts';
import { defineVerb, engineOptions, option, preset } from './verb.ts';

const script = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));

const options = {
  profile: engineOptions.profile,
  rounds: preset(
    '--rounds <n>',
    'rounds; each times every contender twice, in order and in reverse (default 7)',
    whole(2),
    7,
  ),
  peers: option(
    '--peers <names>',
    'of jax-js, tfjs-wasm, onnxruntime, pytorch, with commas; none (default: all)',
    text(),
  ),
} as const;

export const benchVerb = defineVerb({
  name: 'bench',
  summary: 'time the engine beside its peers, interleaved in one run',
  args: [{ name: '[workloads...]', about: 'names or beginnings of names, such as matmul mlp; all unless said' }],
  options,
  examples: [
    ['cotangent bench matmul mlp-784', 'products and two networks beside every peer that is installed'],
    ['cotangent bench --profile strict --peers none --json', 'our own times without fused multiply-add, as JSON Lines'],
  ],
  async run({ args, values, io, interruptible }) {
    if (!existsSync(script))
      throw new ConfigError('bench needs a checkout: the package holds no peers', {
        help: 'clone the repository, run npm ci, then npm run bench',
      });
    const given = (['rounds', 'peers', 'profile', 'out'] as const).flatMap((key) =>
      values[key] === undefined ? [] : [`--${key}`, String(values[key])],
    );
    const child = spawn(process.execPath, [script, ...args, ...given, ...(values.json ? ['--json'] : [])], {
      cwd: io.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => void io.stdout.write(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => void io.stderr.write(chunk.toString()));
    return interruptible(
      (signal) =>
        new Promise<number>((resolve) => {
          signal.addEventListener('abort', () => child.kill());
          child.on('close', (code) => resolve(code ?? 130));
        }),
    );
  },
});
