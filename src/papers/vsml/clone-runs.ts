/** Fits of backprop by shared synapses, and races of such clones against the real thing: same start, same examples, one by one. */
import { areaMean, loadDataset, type Part, sliceRows } from '../../data/index.ts';
import {
  argmax,
  concat,
  eq,
  jit,
  matmul,
  mean,
  mul,
  oneHot,
  ones,
  random,
  reshape,
  scan,
  sliceAxis,
  sub,
  type Tensor,
  tanh,
  tensor,
} from '../../engine/index.ts';
import { CLONE_MACHINE, type CloneTheta, slotSynapse } from '../../methods/vsml/clone-synapse.ts';
import { cloneQuality, drawTuples, fitClone } from '../../methods/vsml/cloning.ts';
import { machine } from '../../methods/vsml/machine.ts';
import { changeCosines, onlineBackprop, recordTuples, type Tuples } from '../../methods/vsml/online.ts';
import type { Lab } from '../ledger/lab.ts';

/** α of the gradient descent that is cloned. */
export const RATE = 0.02;

/** Rows with a constant 1 behind their pixels, and one-hot labels. */
export interface Rows {
  readonly xs: Tensor;
  readonly ys: Tensor;
}

/** Pixels in [0, 1] and the constant. */
export function rowsOf(part: Part): Rows {
  const pixels = Float32Array.from(part.x, (v) => v / part.unit);
  const xs = tensor(pixels, { shape: [part.n, part.x.length / part.n] });
  return { xs: concat([xs, ones([part.n, 1])], 1), ys: oneHot(tensor(Int32Array.from(part.y)), 10) };
}

const firstRows = ({ xs, ys }: Rows, count: number): Rows => ({
  xs: sliceAxis(xs, 0, 0, count),
  ys: sliceAxis(ys, 0, 0, count),
});

/** The first rows of the digits' training file: stage B is recorded on these, races are run on later ones. */
const RECORDED_ROWS = 1000;

export const digits = (lab: Lab) => lab.once('digits', () => loadDataset('optdigits'));

/** Rows of the digits that no fit has seen. */
export async function freshDigits(lab: Lab, count: number): Promise<Rows> {
  return rowsOf(sliceRows((await digits(lab)).train, RECORDED_ROWS, RECORDED_ROWS + count));
}

/** N(0, 1/fan-in) for every layer. */
export const startWeights = (key: Tensor, widths: readonly number[]): Tensor[] =>
  widths
    .slice(1)
    .map((units, k) => mul(random.normal(random.foldIn(key, k), [widths[k]!, units]), 1 / Math.sqrt(widths[k]!)));

const backprop = jit((weights: readonly Tensor[], rows: Rows) => onlineBackprop({ weights, ...rows, rate: RATE }));

/** Tuples of real runs, one shallow and one with a hidden layer. */
export const recorded = (lab: Lab): Promise<Tuples> =>
  lab.once('recorded', async () => {
    const count = lab.pick(300, RECORDED_ROWS);
    const rows = rowsOf(sliceRows((await digits(lab)).train, 0, count));
    const runs = [
      [65, 10],
      [65, 16, 10],
    ].map((widths, i) => {
      const key = lab.key('stage-b', i);
      const record = jit((weights: Tensor[]) => recordTuples({ weights, ...rows, rate: RATE }, random.foldIn(key, 9)));
      return record(startWeights(key, widths));
    });
    const join = (name: keyof Tuples) => concat(runs.map((run) => run[name]));
    return { x: join('x'), e: join('e'), w: join('w') };
  });

/** The synapse that is fitted in all claims but those of `cell`. */
export const slot = slotSynapse({ rate: RATE });

/** A fit of the slot synapse: 1,500 steps at the quick scale, 6,000 at the full one. */
export const fittedSlot = (lab: Lab, seed = 0): Promise<CloneTheta> =>
  lab.once(`slot ${seed}`, async () => {
    const steps = lab.pick(1500, 6000);
    return fitClone({
      synapse: slot,
      key: lab.key('slot', seed),
      steps,
      recorded: await recorded(lab),
      signal: lab.signal,
      onChunk: (step) => lab.step(`fitting the slot synapse ${seed}`, step / steps),
    });
  });

/** R² of the three answers on tuples that no fit has seen. */
export const qualityOnFresh = (lab: Lab): Promise<readonly number[]> =>
  lab.once('quality', async () =>
    cloneQuality(slot, await fittedSlot(lab), drawTuples(lab.key('fresh tuples'), 20_000)),
  );

/** What came out of one race. */
export interface Race {
  /** Share of examples predicted right before their own update. */
  readonly cumulative: { readonly backprop: number; readonly clone: number };
  /** On rows that neither saw, by tanh(x)·W with the final weights. */
  readonly test: { readonly backprop: number; readonly clone: number };
  /** On the first of these rows, if asked for: by the clone's own forward messages, and by tanh(x)·W with its weights. */
  readonly firstTest: { readonly messages: number; readonly weights: number; readonly difference: number } | null;
  /** Of the total changes of the weights, layer by layer. */
  readonly cosines: readonly number[];
  /** Running share of right predictions, for pictures. */
  readonly curves: { readonly backprop: readonly number[]; readonly clone: readonly number[] };
}

export interface RaceCall {
  readonly theta: CloneTheta;
  readonly widths: readonly number[];
  readonly key: Tensor;
  readonly train: Rows;
  readonly test: Rows;
  /** Test rows that the clone also answers by its own messages; none unless said. */
  readonly messageRows?: number;
}

/** A clone and backprop from the same weights over the same rows. */
export function race({ theta, widths, key, train, test, messageRows = 0 }: RaceCall): Race {
  const weights = startWeights(key, widths);
  const real = backprop(weights, train);
  const net = machine(widths, slot, CLONE_MACHINE);
  const alone = (t: Tensor) => reshape(t, [t.shape[0]!, 1, t.shape[1]!]);
  const start = { ...net.start(key, 1), layers: weights.map((w) => ({ w: reshape(w, [1, ...w.shape]) })) };
  const stream = { xs: alone(train.xs), ys: alone(train.ys) };
  const [after, logits] = jit((p: CloneTheta) => net.run(p, start, stream))(theta);
  const learned = after.layers.map(({ w }) => reshape(w, w.shape.slice(1)));
  const byMessages = (first: Rows): number[] => {
    const answer = (c: null, x: Tensor) => [c, net.predict(theta, after, x)] as const;
    const answered = jit(() => scan(answer, null, alone(first.xs))[1])();
    return right(reshape(answered, first.ys.shape), first.ys);
  };
  const first = firstRows(test, messageRows);
  const rights = { backprop: right(real.logits, train.ys), clone: right(reshape(logits, train.ys.shape), train.ys) };
  return {
    cumulative: { backprop: share(rights.backprop), clone: share(rights.clone) },
    test: { backprop: testOf(real.weights, test), clone: testOf(learned, test) },
    firstTest: messageRows === 0 ? null : compareRights(byMessages(first), rightOf(learned, first)),
    cosines: changeCosines(weights, real.weights, learned),
    curves: { backprop: running(rights.backprop), clone: running(rights.clone) },
  };
}

/** 1 where the largest logit is at the label. */
export const right = (logits: Tensor, ys: Tensor): number[] =>
  Array.from(eq(argmax(logits, -1), argmax(ys, -1)).readSync(), Number);

const share = (hits: readonly number[]): number => hits.reduce((a, b) => a + b, 0) / hits.length;

function running(hits: readonly number[]): number[] {
  let sum = 0;
  return hits.map((hit, i) => {
    sum += hit;
    return sum / (i + 1);
  });
}

/** Shares of two lists of right answers, and their difference counted in whole answers. */
function compareRights(messages: readonly number[], weights: readonly number[]): NonNullable<Race['firstTest']> {
  const lead = messages.reduce((sum, hit, i) => sum + hit - weights[i]!, 0);
  return { messages: share(messages), weights: share(weights), difference: lead / messages.length };
}

function rightOf(weights: readonly Tensor[], { xs, ys }: Rows): number[] {
  let x = xs;
  for (const w of weights) x = matmul(tanh(x), w);
  return right(x, ys);
}

const testOf = (weights: readonly Tensor[], rows: Rows): number => share(rightOf(weights, rows));

/** The start of race `seed` on the digits: 300 examples at the quick scale, 1,000 at the full one; a net of one layer also answers by its own messages. */
export const digitsRace = (lab: Lab, widths: readonly number[], seed: number): Promise<Race> =>
  lab.once(`race ${widths} ${seed}`, async () => {
    const test = rowsOf((await digits(lab)).test);
    const train = await freshDigits(lab, lab.pick(300, 1000));
    const theta = await fittedSlot(lab, seed);
    lab.step(`racing ${widths.join('-')}, seed ${seed}`);
    const messageRows = widths.length === 2 ? lab.pick(500, test.xs.shape[0]!) : 0;
    return race({ theta, widths, key: lab.key('race', seed), train, test, messageRows });
  });

/** Images of another size: the first rows for the race, the next thousand for the test. */
export const imageRace = (lab: Lab, name: string, side: number, count: number): Promise<Race> =>
  lab.once(`race ${name} ${side}`, async () => {
    const { test } = await loadDataset(name, { test: count + 1000 });
    const part = side === 28 ? test : areaMean(test, side);
    const widths = [side * side + 1, 10];
    lab.step(`racing on ${name}, ${widths.join('-')}`);
    return race({
      theta: await fittedSlot(lab),
      widths,
      key: lab.key(name),
      train: rowsOf(sliceRows(part, 0, count)),
      test: rowsOf(sliceRows(part, count, count + 1000)),
    });
  });

/** rms and largest |w − w(0)| after 2,000 ticks without error, of 256 synapses from N(0, deviation²). */
export const driftOf = (lab: Lab, deviation: number): Promise<{ readonly rms: number; readonly largest: number }> =>
  lab.once(`drift ${deviation}`, async () => {
    const theta = await fittedSlot(lab);
    const w = mul(random.normal(lab.key('drift'), [256, 1, 1]), deviation);
    const keys = random.keys(lab.key('drift inputs'), 2000);
    const idle = jit(
      (p: CloneTheta, from: Tensor) =>
        scan(
          (held: Tensor, key: Tensor) => {
            const { x } = drawTuples(key, 256);
            const f = reshape(mul(x, 0.5), [256, 1, 1]); // N(0, 0.6²), zero with probability 0.2
            return [slot.tick(p, { w: held }, f, mul(f, 0)).state.w, null];
          },
          from,
          keys,
        )[0],
    );
    const moved = Array.from(sub(idle(theta, w), w).readSync(), Number);
    return {
      rms: Math.sqrt(mean(tensor(moved.map((d) => d * d))).item()),
      largest: Math.max(...moved.map(Math.abs)),
    };
  });
