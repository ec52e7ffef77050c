/** Every credit rule on every kind of model: the properties that make rules exchangeable. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/engine/index.ts';
import {
  add,
  cast,
  isFloat,
  jit,
  leavesOf,
  liveBytes,
  mul,
  random,
  reshape,
  scoped,
  setBackend,
  structureOf,
  sub,
  withBackend,
} from '../../src/engine/index.ts';
import { foldIn, keyFrom } from '../../src/engine/threefry.ts';
import { backprop } from '../../src/methods/backprop.ts';
import { factories } from '../../src/methods/index.ts';
import type { CreditCall, CreditResult } from '../../src/methods/rule.ts';
import { callOf, creditOf, distance, inDtype, inF64, numbersOf } from '../../src/methods/testing/cases.ts';
import { spreadOf } from '../../src/methods/testing/statistics.ts';
import type { Batch, Model, Tree } from '../../src/nn/index.ts';
import { crossEntropy } from '../../src/nn/index.ts';
import { adam, momentum } from '../../src/optim/index.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/run/checkpoint.ts';
import { Trainer } from '../../src/run/trainer.ts';
import type { Case, Trial } from './rules.ts';
import { biasedDraws, cases, drawnFeedback, drawsInSteps, nudgedAtTheTop, skipReason, skips } from './rules.ts';

afterEach(() => setBackend('wasm'));

type Body = (one: Case) => void | Promise<void>;

const bodies = new Map<Trial, Body>();

/** One test per supported pair; pairs that are left out appear with their reason. */
function trial(name: Trial, body: Body): void {
  bodies.set(name, body);
  describe(name, () => {
    for (const one of cases) {
      const reason = skipReason(one, name);
      const title = `${one.id}, ${one.kind}`;
      if (reason === null) it(title, () => body(one));
      else it.skip(`${title}: ${reason}`, () => undefined);
    }
  });
}

const allOf = ({ credit, loss, state, modelState, feedback }: CreditResult<Tree>): number[] =>
  [credit, loss ?? null, state, modelState, feedback].flatMap((tree) => numbersOf(tree));

const avalsOf = (tree: Tree): string[] =>
  leavesOf(tree).map((leaf) => `${(leaf as Tensor).dtype}[${(leaf as Tensor).shape}]`);

/** Noise around the class: −1, 0 or 1 in every element; for ids, the ids themselves. */
function toyTask(model: Model, size: number): Batch {
  const { batch } = callOf(backprop(), model, { batch: size });
  if (!isFloat(batch.x.dtype)) return { x: batch.x, y: batch.x };
  const shift = reshape(cast(sub(batch.y, 1), batch.x.dtype), [size, ...model.inputShape.map(() => 1)]);
  return { x: add(mul(batch.x, 0.5), shift), y: batch.y };
}

const exactOf = (call: CreditCall<Tree>): CreditResult<null> => creditOf(backprop(), { ...call, state: null });

const lastOf = (credit: Tree): number[] => numbersOf((credit as readonly Tree[]).at(-1));

trial('leaves its inputs unchanged', ({ rule, model }) => {
  const call = callOf(rule(), model);
  const inputs = [call.params, call.modelState, call.state, { ...call.batch }, call.key];
  const before = inputs.map((tree) => numbersOf(tree));
  creditOf(rule(), call);
  expect(inputs.map((tree) => numbersOf(tree))).toEqual(before);
});

trial('is a function of its key', ({ rule, model }) => {
  const call = callOf(rule(), model);
  const withKey = (seed: number): number[] => allOf(creditOf(rule(), { ...call, key: random.key(seed) }));
  expect(withKey(1)).toEqual(withKey(1));
  if (drawsInSteps(rule())) expect(withKey(1)).not.toEqual(withKey(2));
  else expect(withKey(1)).toEqual(withKey(2));
});

trial('returns credit like the params', ({ rule, model }) => {
  const call = callOf(rule(), model);
  const result = creditOf(rule(), call);
  expect(structureOf(result.credit).key).toBe(structureOf(call.params).key);
  expect(avalsOf(result.credit)).toEqual(avalsOf(call.params));
  expect(avalsOf(result.state)).toEqual(avalsOf(call.state));
  expect(avalsOf(result.modelState)).toEqual(avalsOf(call.modelState));
  expect(result.loss?.shape).toEqual([]);
  if (rule().trainsFeedback) {
    const { feedback } = call.state as { feedback: Tree };
    expect(structureOf(result.feedback).key).toBe(structureOf(feedback).key);
    expect(avalsOf(result.feedback!)).toEqual(avalsOf(feedback));
  }
});

trial('resumes bit for bit', async ({ rule, model }) => {
  const { batch } = callOf(rule(), model, { batch: 6 });
  const start = (): Trainer =>
    new Trainer({
      model,
      loss: crossEntropy(),
      rule: rule(),
      optimizer: momentum({ learningRate: 0.05, weightDecay: 0.01 }),
      key: keyFrom(3),
    });
  const whole = start();
  for (let step = 0; step < 4; step++) await whole.step(batch, step);
  const first = start();
  for (let step = 0; step < 2; step++) await first.step(batch, step);
  const saved = await encodeCheckpoint(first.state, { profile: 'test', program: '', config: null, position: null });
  const second = start();
  second.state = decodeCheckpoint(saved.bytes, 'test').restore(second.state);
  for (let step = 2; step < 4; step++) await second.step(batch, step);
  expect(numbersOf({ ...second.state })).toEqual(numbersOf({ ...whole.state }));
});

trial('takes a batch of one', ({ rule, model }) => {
  const call = callOf(rule(), model, { batch: 1 });
  const credit = numbersOf(creditOf(rule(), call).credit);
  expect(credit.every(Number.isFinite)).toBe(true);
  expect(Math.hypot(...credit)).toBeGreaterThan(0);
});

trial('learns', async ({ rule, model }) => {
  const batch = toyTask(model, 8);
  const trainer = new Trainer({
    model,
    loss: crossEntropy(),
    rule: rule(),
    optimizer: adam({ learningRate: 0.02 }),
    key: keyFrom(4),
  });
  const losses: number[] = [];
  for (let step = 0; step < 120; step++) losses.push((await trainer.step(batch, step))!);
  const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
  expect(mean(losses.slice(-5)) / mean(losses.slice(0, 5))).toBeLessThan(0.8);
});

trial('compiles to the same bits', ({ rule, model }) => {
  const call = callOf(rule(), model);
  const step = (params: Tree, modelState: Tree, state: Tree, batch: Batch, key: Tensor): CreditResult<Tree> =>
    creditOf(rule(), { ...call, params, modelState, state, batch, key });
  const eager = allOf(creditOf(rule(), call));
  for (const tier of ['interpret', 'module'] as const) {
    const compiled = jit(step, { tier })(call.params, call.modelState, call.state, call.batch, call.key);
    expect(allOf(compiled), tier).toEqual(eager);
  }
});

trial('agrees on js and wasm', ({ rule, model }) => {
  // Normal numbers are f32 numbers that agree to an ulp between backends, in every dtype.
  const ofDraws = drawsInSteps(rule()) ? 1e-5 : 0;
  for (const [dtype, rounding] of [
    ['f64', 1e-9],
    ['f32', 1e-3],
  ] as const) {
    inDtype(dtype, () => {
      const call = withBackend('js', () => callOf(rule(), model));
      const [onJs, onWasm] = (['js', 'wasm'] as const).map((name) =>
        withBackend(name, () => allOf(creditOf(rule(), call))),
      );
      expect(distance(onWasm!, onJs!), dtype).toBeLessThan(rounding + ofDraws);
    });
  }
});

trial('leaves no memory behind', ({ rule, model }) => {
  const call = callOf(rule(), model);
  const once = (): void => {
    scoped(() => {
      creditOf(rule(), call);
    });
  };
  once(); // numbers are interned on first use
  const before = liveBytes();
  once();
  expect(liveBytes()).toBe(before);
});

trial('stays in f64', ({ rule, model }) => {
  inF64(() => {
    const { credit, loss, state, modelState, feedback } = creditOf(rule(), callOf(rule(), model));
    const floats = [credit, loss ?? null, state, modelState, feedback ?? null].flatMap((tree) =>
      (leavesOf(tree) as Tensor[]).filter(({ dtype }) => isFloat(dtype)),
    );
    expect(new Set(floats.map((x) => x.dtype))).toEqual(new Set(['f64']));
  });
});

trial('is what its nature says', ({ rule, model }) => {
  const { nature, id } = rule();
  if (nature === 'unbiased') {
    const call = callOf(rule(), model);
    const exact = numbersOf(exactOf(call).credit);
    const { mean, standardError } = spreadOf(rule(), call, 2000);
    expect(distance(mean, exact) * Math.hypot(...exact)).toBeLessThan(4 * standardError);
    return;
  }
  inF64(() => {
    const call = callOf(rule(), model);
    const { credit } = creditOf(rule(), call);
    const exact = exactOf(call).credit;
    if (nature === 'exact') expect(distance(numbersOf(credit), numbersOf(exact))).toBeLessThan(1e-10);
    else expect(distance(numbersOf(credit), numbersOf(exact))).toBeGreaterThan(1e-6);
    const atTheTop = distance(lastOf(credit), lastOf(exact));
    if (id in nudgedAtTheTop) expect(atTheTop).toBeGreaterThan(1e-10);
    else expect(atTheTop).toBeLessThan(1e-10);
  });
});

describe('what is left out', () => {
  it.each(skips)('is still needed: $rule, $kind, $trial', async ({ rule, kind, trial: name, reason }) => {
    expect(reason).not.toBe('');
    const one = cases.find((c) => c.id === rule && c.kind === kind)!;
    expect(one.refusal).toBeNull();
    await expect((async () => bodies.get(name)!(one))()).rejects.toThrow();
  });

  it('is refused with a reason, and no rule refuses every kind', () => {
    for (const { refusal, id, kind } of cases)
      if (refusal !== null) expect(refusal.length, `${id}, ${kind}`).toBeGreaterThan(20);
    for (const id of Object.keys(factories))
      expect(
        cases.some((one) => one.id === id && one.refusal === null),
        id,
      ).toBe(true);
  });

  it('names rules that exist', () => {
    const named = [...Object.keys(nudgedAtTheTop), ...drawnFeedback, ...biasedDraws];
    expect(named.filter((id) => !Object.hasOwn(factories, id))).toEqual([]);
  });
});

describe('the key of a run', () => {
  it('gives every rule with feedback other weights', () => {
    for (const one of cases.filter(({ refusal }) => refusal === null)) {
      const rule = one.rule();
      const { params } = one.model.initialise(random.key(1));
      const [a, b] = [2, 3].map((seed) => numbersOf(rule.init(one.model, params, random.key(seed))));
      const isDrawn = drawnFeedback.includes(one.id);
      if (isDrawn) expect(a, one.id).not.toEqual(b);
      else expect(a, one.id).toEqual(b);
    }
  });

  it('differs from step to step', () => {
    expect(foldIn(keyFrom(1), 0)).not.toEqual(foldIn(keyFrom(1), 1));
  });
});
