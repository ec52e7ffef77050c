/**
 * Trains the learning algorithms that the package ships: `clone` fits backprop, `meta` learns one from scratch across data sets. Checkpoints go to the folder named; a stopped run goes on from there.
 *
 *     node scripts/vsml-train.ts meta 1500 .vsml
 *     node scripts/vsml-train.ts clone 6000 .vsml
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDataset } from '../src/data/index.ts';
import { random } from '../src/engine/index.ts';
import { keyFrom } from '../src/engine/threefry.ts';
import { type Pool, poolOf } from '../src/methods/vsml/episodes.ts';
import type { LstmTheta } from '../src/methods/vsml/lstm-synapse.ts';
import { type MetaState, metaStart, metaTrain } from '../src/methods/vsml/meta.ts';
import { shippedMeta, shippedSynapse } from '../src/methods/vsml/meta-setting.ts';
import { encodeTheta } from '../src/methods/vsml/shipped.ts';
import { withRate } from '../src/optim/index.ts';
import { Lab } from '../src/papers/index.ts';
import { fittedSlot } from '../src/papers/vsml/clone-runs.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../src/run/checkpoint.ts';

const SEED = 11;
const SAVE_EVERY = 50;
/** Meta learning ends with small steps from here on. */
const SLOW_FROM = 2650;
const SLOW_RATE = 1.5e-3;
const [what = 'meta', steps = '1500', folder = '.vsml'] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
if (what === 'clone') await clone();
else await meta(Number(steps));

/** The fit that the claims of the paper measure at full scale. */
async function clone(): Promise<void> {
  const lab = new Lab({ scale: 'full', progress: (said: string): void => void process.stdout.write(`${said}\n`) });
  await keep('clone.txt', new TextEncoder().encode(encodeTheta(await fittedSlot(lab))));
}

async function meta(count: number): Promise<void> {
  const options = shippedMeta(await pools(), random.key(SEED + 1));
  const fresh = metaStart(shippedSynapse.init(random.key(SEED)), options.optimizer);
  const from = await phase(options, await resumed(fresh), Math.min(count, SLOW_FROM));
  await phase(options, { ...from, memory: withRate(from.memory, SLOW_RATE) }, count);
}

async function phase(
  options: ReturnType<typeof shippedMeta>,
  from: MetaState<LstmTheta>,
  count: number,
): Promise<MetaState<LstmTheta>> {
  let sum = 0;
  let last = from;
  for await (const { step, loss, state } of metaTrain(options, { from, steps: count })) {
    last = state;
    sum += loss;
    if (step % SAVE_EVERY !== 0) continue;
    report(step, sum / SAVE_EVERY);
    sum = 0;
    await save(state);
  }
  return last;
}

/** Handwritten digits of a file, and digits that the project draws itself; MNIST and Fashion-MNIST stay unseen. */
async function pools(): Promise<Pool[]> {
  const real = await loadDataset('optdigits');
  const drawn = await loadDataset('digits', { size: 8, train: 2000, test: 1, key: keyFrom(SEED) });
  return [poolOf(real.train, 10), poolOf(drawn.train, 10)];
}

async function resumed<T>(fresh: MetaState<T>): Promise<MetaState<T>> {
  const bytes = await readFile(join(folder, 'meta.checkpoint')).catch(() => null);
  return bytes === null ? fresh : decodeCheckpoint(new Uint8Array(bytes), 'meta.checkpoint').restore(fresh);
}

async function save<T>(state: MetaState<T>): Promise<void> {
  const config = { algorithm: 'vsml', seed: SEED };
  const { bytes } = await encodeCheckpoint(state, { profile: 'any', program: 'vsml', config, position: null });
  await keep('meta.checkpoint', bytes);
  await keep('meta.txt', new TextEncoder().encode(encodeTheta(state.theta)));
}

async function keep(name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name);
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

function report(step: number, loss: number): void {
  process.stdout.write(`${step} ${loss.toPrecision(5)}\n`);
}
