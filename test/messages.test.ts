/** What people read when they do something wrong: every message whole, with the numbers and what to try. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { mergedValues } from '../src/cli/config.ts';
import { flag, whole } from '../src/cli/fields.ts';
import { option, preset } from '../src/cli/verb.ts';
import { fetchDataset, loadDataset } from '../src/data/index.ts';
import { add, CotangentError, jit, matmul, neg, type Tensor, tensor, zeros } from '../src/engine/index.ts';
import { directFeedbackAlignment, ruleNamed } from '../src/methods/index.ts';
import { crossEntropy, dense, model, recurrent } from '../src/nn/index.ts';
import { sgd } from '../src/optim/index.ts';
import { decodeCheckpoint } from '../src/run/checkpoint.ts';
import { failureOf } from '../src/run/failure.ts';
import { ruleLearner } from '../src/run/rule-learner.ts';
import { loadTask } from '../src/run/task.ts';
import { train } from '../src/run/train.ts';

interface WrongUse {
  readonly what: string;
  readonly act: () => unknown;
  readonly code: string;
  readonly message: string;
  readonly help: string;
  /** Whether the line of the user's own code is named. */
  readonly hasPlace?: boolean;
}

const truncated = gzipSync(Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 4, 1, 2, 3, 4])).subarray(0, 20);
const wrongBytes = Buffer.alloc(4244, 7);

const wrongUses: readonly WrongUse[] = [
  {
    what: 'a product whose inner extents differ',
    act: () => matmul(zeros([2, 3]), zeros([4, 5])),
    code: 'ShapeError',
    message: 'matmul: [2, 3] · [4, 5]: the inner extents are 3 (left) and 4 (right)',
    help: 'the last axis of the left operand must be as long as the second-to-last of the right one',
    hasPlace: true,
  },
  {
    what: 'shapes that do not broadcast',
    act: () => add(zeros([2, 3]), zeros([2, 4])),
    code: 'ShapeError',
    message: 'add: shapes [2, 3] and [2, 4] do not broadcast: axis -1 is 3 on one side and 4 on the other',
    help: 'axes are matched from the last one; insert an axis of length 1 with expandDims, or transpose one operand',
    hasPlace: true,
  },
  {
    what: 'mixed element types',
    act: () => add(zeros([2], 'f32'), zeros([2], 'f64')),
    code: 'DtypeError',
    message: 'add: operands have dtypes f32 and f64',
    help: "cast one of them, for example cast(y, 'f32')",
    hasPlace: true,
  },
  {
    what: 'a value read under jit',
    act: () => jit((x: Tensor) => (x.item() > 0 ? x : neg(x)))(tensor(1)),
    code: 'TracerError',
    message: 'the value of f32[] was asked for inside jit, where it is not known yet',
    help: 'choose with where(condition, a, b) instead of if; pass numbers that are used as shapes under `static`; return the value and read it outside',
    hasPlace: true,
  },
  {
    what: 'a learning rate at which the loss becomes NaN',
    act: diverge,
    code: 'DivergedError',
    message: 'backprop diverged in step 2: the loss is NaN; the last finite one was <loss> in step 1',
    help: 'use a learning rate below 1e+39',
  },
  {
    what: 'a rule that does not exist',
    act: () => ruleNamed('bakprop'),
    code: 'ConfigError',
    message: 'there is no rule "bakprop"',
    help: 'did you mean backprop?',
  },
  {
    what: 'a rule that does not support the model',
    act: () =>
      ruleLearner({
        rule: directFeedbackAlignment() as never,
        model: model([5, 3], [recurrent({ units: 4, returnSequence: false }), dense({ units: 2 })]),
        loss: crossEntropy(),
        optimizer: sgd({ learningRate: 0.1 }),
        batch: 2,
      }),
    code: 'UnsupportedError',
    message:
      'direct-feedback-alignment does not support this model: direct feedback needs units without memory; recurrent carries state through time',
    help: 'choose another rule or model; FEATURES.md has the table',
  },
  {
    what: 'a data file that was cut off',
    act: () => loadDataset('mnist', { source: { where: 'memory', read: async () => new Uint8Array(truncated) } }),
    code: 'DataError',
    message: 'mnist/train-images-idx3-ubyte.gz: not a complete gzip file (20 bytes found): unexpected end of file',
    help: 'fetch the file again',
  },
  {
    what: 'a download with other bytes',
    act: fetchWrongBytes,
    code: 'DataError',
    message: `pmlb/wine-recognition.tsv.gz: could not be fetched: http://localhost:<port>/pmlb/wine-recognition.tsv.gz: expected 4244 bytes with SHA-256 56f5ba3f3ba78f6e522a13e5a97e03ff28cf9fa4107021b22b932f6d4064c145, found 4244 bytes with ${createHash('sha256').update(wrongBytes).digest('hex')}`,
    help: 'run the command again, it goes on where it stopped; or give a mirror as base URL',
  },
  {
    what: 'a file that is no checkpoint',
    act: () => decodeCheckpoint(new TextEncoder().encode('<!doctype html>'), 'last.checkpoint'),
    code: 'CheckpointError',
    message: 'last.checkpoint cannot be read as a checkpoint: it does not begin like a checkpoint',
    help: 'the file before it is kept as <name>.previous; resume from that one',
  },
  {
    what: 'an unknown key in a config file',
    act: () => readConfig({ trianRows: 5 }),
    code: 'ConfigError',
    message: 'config.json: unknown key "trianRows"',
    help: 'did you mean trainRows?',
  },
  {
    what: 'a value of the wrong kind in a config file',
    act: () => readConfig({ trainRows: 'many' }),
    code: 'ConfigError',
    message: 'config.json: trainRows: "many" is not a whole number of at least 1',
    help: '--train-rows: rows to train on',
  },
];

describe('what people read', () => {
  it.each(wrongUses)('after $what', async ({ act, code, message, help, hasPlace = false }) => {
    const failure = await failureAfter(act);
    expect({
      code: failure.code,
      message: failure.message
        .replace(/localhost:\d+/, 'localhost:<port>')
        .replace(/one was [\d.]+ in/, 'one was <loss> in'),
      help: failure.details.help,
    }).toEqual({ code, message, help });
    if (hasPlace) expect(failure.details.at).toMatch(/messages\.test\.ts:\d+/);
  });
});

async function failureAfter(act: () => unknown) {
  try {
    await act();
  } catch (error) {
    expect(error).toBeInstanceOf(CotangentError);
    return failureOf(error);
  }
  throw new Error('nothing was refused');
}

/** The rate overflows f32 in the first update, so the second step has no finite loss. */
async function diverge(): Promise<void> {
  const task = await loadTask('xor');
  const store = {
    save: () => Promise.reject(new Error('nothing is saved')),
    load: () => Promise.reject(new Error('nothing is loaded')),
  };
  const never = { unit: 'epochs', value: 1000 } as const;
  const config = {
    rule: 'backprop',
    model: 'linear',
    optimizer: { name: 'sgd', learningRate: 1e39 },
    batch: 4,
    budget: { kind: 'epochs', value: 5 },
    seed: 1,
    probe: 0,
    saveEvery: never,
    evalEvery: never,
    patience: 0,
  } as const;
  for await (const _ of train(task, { config, store })) {
    // only its end counts
  }
}

async function fetchWrongBytes(): Promise<void> {
  const server = createServer((_, response) => response.end(wrongBytes));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-messages-'));
  try {
    const { port } = server.address() as AddressInfo;
    await fetchDataset('wine', { baseUrl: `http://localhost:${port}`, folder, attempts: 1 });
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readConfig(content: object): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-messages-'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(content));
  const options = {
    trainRows: option('--train-rows <n>', 'rows to train on', whole(1)),
    json: preset('--json', 'lines', flag(), false),
  };
  try {
    await mergedValues(options, { config: 'config.json' }, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
