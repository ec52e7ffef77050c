import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import {
  checkGradients,
  grad,
  jit,
  mul,
  random,
  relativeError,
  square,
  sum,
  tensor,
  trees,
  valueAndGrad,
} from '../engine/index.ts';
import { attention } from './attention.ts';
import { crossEntropy } from './cross-entropy.ts';
import { feedbackTree } from './feedback.ts';
import { modelFromJSON, modelToJSON } from './json.ts';
import type { Tree } from './layer.ts';
import { classToken, positions } from './position.ts';
import {
  smallDecoder as small,
  smallText as text,
  decoderVariants as variants,
  wideEmbeddings as wide,
} from './testing/decoder.ts';
import { differenceOf, gaussian, inF64, layerGradientError } from './testing.ts';
import type { DecoderTransformerOptions } from './transformer.ts';
import { decoderTransformer, transformerBlock } from './transformer.ts';
import { unitsOf } from './unroll.ts';
import { visionTransformer } from './vision-transformer.ts';

type Rows = number[][];
type Options = DecoderTransformerOptions & { readonly heads: number };

const rowsOf = (x: unknown): Rows => (x as Tensor).toArray() as Rows;
const lineOf = (x: unknown): number[] => (x as Tensor).toArray() as number[];
const plus = (a: Rows, b: Rows): Rows => a.map((row, t) => row.map((v, i) => v + b[t]![i]!));

/** erf by its series; enough for |x| < 3. */
function erf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const bends: Record<string, (z: number) => number> = {
  gelu: (z) => 0.5 * z * (1 + erf(z / Math.SQRT2)),
  relu: (z) => Math.max(z, 0),
};

function affineOf(p: unknown, x: Rows): Rows {
  const { w, b } = p as { w: Tensor; b?: Tensor };
  const weights = rowsOf(w);
  const shift = b === undefined ? weights[0]!.map(() => 0) : lineOf(b);
  return x.map((row) => shift.map((s, j) => row.reduce((z, v, i) => z + v * weights[i]![j]!, s)));
}

function normOf(p: unknown, x: Rows): Rows {
  return x.map((row) => {
    const mean = row.reduce((a, b) => a + b) / row.length;
    const std = Math.sqrt(row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length + 1e-5);
    const unit = row.map((v) => (v - mean) / std);
    if (p === null) return unit;
    const { scale, shift } = p as { scale: Tensor; shift: Tensor };
    return unit.map((v, i) => v * lineOf(scale)[i]! + lineOf(shift)[i]!);
  });
}

/** One head's features as complex numbers, turned by e^{iθ}. */
function turned(row: number[], t: number): number[] {
  return row.map((_, f) => {
    const pair = f - (f % 2);
    const angle = t * 10_000 ** (-pair / row.length);
    const [re, im] = [row[pair]!, row[pair + 1]!];
    return f % 2 === 0 ? re * Math.cos(angle) - im * Math.sin(angle) : re * Math.sin(angle) + im * Math.cos(angle);
  });
}

function attentionOf(p: readonly unknown[], x: Rows, { width, heads, positions: code }: Options): Rows {
  const size = width / heads;
  const [q, k, v] = [0, 1, 2].map((i) => affineOf(p[i], x)) as [Rows, Rows, Rows];
  const mixed = x.map(() => new Array<number>(width).fill(0));
  for (let h = 0; h < heads; h++) {
    const part = (rows: Rows, t: number): number[] => {
      const own = rows[t]!.slice(h * size, (h + 1) * size);
      return code === 'rotary' && rows !== v ? turned(own, t) : own;
    };
    x.forEach((_, t) => {
      const weights = Array.from({ length: t + 1 }, (_, s) =>
        Math.exp(part(q, t).reduce((sum, a, i) => sum + a * part(k, s)[i]!, 0) / Math.sqrt(size)),
      );
      const total = weights.reduce((a, b) => a + b);
      for (let i = 0; i < size; i++)
        mixed[t]![h * size + i] = weights.reduce((sum, a, s) => sum + (a / total) * part(v, s)[i]!, 0);
    });
  }
  return affineOf(p[3], mixed);
}

/** Logits of one text by plain loops, from the same tree of parameters. */
function reference(options: Options, params: unknown, text: readonly number[]): Rows {
  const { norm = 'pre', positions: code = 'learned', width, depth, isTied = false, activation = 'gelu' } = options;
  const list = params as unknown[];
  const [table, body] = isTied ? (list[0] as unknown[] as [unknown, unknown[]]) : [list[0], list.slice(1)];
  const embedding = rowsOf((table as { w: Tensor }).w);
  const [codes, rest] = code === 'learned' || code === 'sinusoidal' ? [body[0], body.slice(1)] : [null, body];
  let x = text.map((token, t) =>
    embedding[token]!.map((v, i) => {
      if (code === 'learned') return v + rowsOf((codes as { w: Tensor }).w)[t]![i]!;
      const angle = t / 10_000 ** ((i - (i % 2)) / width);
      return code === 'sinusoidal' ? v + (i % 2 === 0 ? Math.sin(angle) : Math.cos(angle)) : v;
    }),
  );
  const think = (first: unknown, second: unknown, rows: Rows): Rows =>
    affineOf(
      second,
      affineOf(first, rows).map((row) => row.map(bends[activation]!)),
    );
  for (const block of rest.slice(0, depth) as unknown[][][]) {
    if (norm === 'pre') {
      const [mix, mlp] = block as [unknown[], unknown[]];
      x = plus(x, attentionOf(mix[1] as unknown[], normOf(mix[0], x), options));
      x = plus(x, think(mlp[1], mlp[2], normOf(mlp[0], x)));
    } else {
      const [mix, first, mlp, second] = block as [unknown[], unknown, unknown[], unknown];
      x = normOf(first, plus(x, attentionOf(mix[0] as unknown[], x, options)));
      x = normOf(second, plus(x, think(mlp[0], mlp[1], x)));
    }
  }
  if (isTied)
    return normOf(rest[depth], x).map((row) => embedding.map((e) => e.reduce((z, v, i) => z + v * row[i]!, 0)));
  const head = rest[depth] as unknown[];
  return affineOf(head.at(-1), norm === 'pre' ? normOf(head[0], x) : x);
}

describe('the decoder-only Transformer', () => {
  for (const variant of variants) {
    it(`equals plain loops: ${JSON.stringify(variant)}`, () => {
      inF64(() => {
        const options = { ...small, ...wide, ...variant };
        const m = decoderTransformer(options);
        const { params, state } = m.initialise(random.key(1));
        const noisy = trees.mapTensors((p: Tensor) => sum2(p, gaussian(p.shape, 9)), params); // scales and shifts away from 1 and 0
        const ours = m.apply(noisy, state, text)[0].toArray();
        const theirs = (text.toArray() as number[][]).map((row) => reference(options, noisy, row));
        expect(relativeError((ours as number[][][]).flat(2), theirs.flat(2))).toBeLessThan(1e-12);
      });
    });

    it(`lets no position see what follows: ${JSON.stringify(variant)}`, () => {
      const m = decoderTransformer({ ...small, ...wide, ...variant });
      const { params, state } = m.initialise(random.key(1));
      const [a, b] = [tokens([3, 1, 4, 1, 5]), tokens([3, 1, 4, 6, 0])].map(
        (x) => (m.apply(params, state, x)[0].toArray() as number[][][])[0]!,
      ) as [number[][], number[][]];
      expect(b.slice(0, 3)).toEqual(a.slice(0, 3));
      expect(b[3]).not.toEqual(a[3]);
    });
  }

  it('has derivatives that agree with differences', () => {
    inF64(() => {
      const m = decoderTransformer({ ...small, ...wide, depth: 1 });
      const { params, state } = m.initialise(random.key(1));
      const loss = crossEntropy();
      const y = tensor(
        [
          [1, 4, 1, 5, 2],
          [6, 0, 3, 6, 1],
        ],
        { dtype: 'i32' },
      );
      const f = (p: Tree): Tensor => loss.value(m.apply(p, state, text)[0], { x: text, y });
      const errors = checkGradients(f, [params]);
      expect(errors.compared).toBeGreaterThan(0);
      expect(
        Math.max(errors.forward!, errors.reverse!, errors.forwardOverReverse!, errors.reverseOverReverse!),
      ).toBeLessThan(1e-6);
    });
  });

  it('gives the same bits compiled as eager', () => {
    const m = decoderTransformer({ ...small, dropout: 0.2 });
    const { params, state } = m.initialise(random.key(1));
    const f = (p: Tree, x: Tensor, key: Tensor): Tensor => m.apply(p, state, x, { key, train: true })[0];
    expect(jit(f)(params, text, random.key(2)).toArray()).toEqual(f(params, text, random.key(2)).toArray());
  });

  it('has n(12d² + 13d) parameters in n blocks, and units for embeddings, blocks and head', () => {
    for (const [width, count] of [
      [16, 6560],
      [32, 25_408],
    ] as const) {
      const m = decoderTransformer({ vocabulary: 65, context: 48, width, heads: width / 16, depth: 2 });
      const { params } = m.initialise(random.key(1));
      expect(trees.countParams((params as Tree[]).slice(2, 4))).toBe(count);
      expect(unitsOf(m).map((unit) => unit.name)).toEqual([
        'embedding0',
        'transformerBlock2',
        'transformerBlock3',
        'chain4',
      ]);
    }
  });

  it('learns which token follows which two: what no single token tells', () => {
    const m = decoderTransformer({ vocabulary: 3, context: 12, width: 16, heads: 2, depth: 2 });
    const { params, state } = m.initialise(random.key(1));
    // 0 1 2 2 1 0 …: one token leaves two equal chances, ln 2 = 0.69; the first place of a window keeps half of that doubt.
    const ids = [...Array(256).keys()].map((i) => (i < 2 ? i : 0));
    for (let i = 2; i < ids.length; i++) ids[i] = (ids[i - 1]! + 2 * ids[i - 2]! + 1) % 3; // the next of each pair
    const window = (shift: number): Tensor =>
      tensor(
        [0, 3, 7, 10].map((at) => ids.slice(at + shift, at + shift + 12)),
        { dtype: 'i32' },
      );
    const loss = (p: Tree): Tensor =>
      crossEntropy().value(m.apply(p, state, window(0))[0], { x: window(0), y: window(1) });
    const step = jit((p: Tree, v: Tree): [Tensor, Tree, Tree] => {
      const [value, g] = valueAndGrad(loss)(p);
      const moved = trees.addScaled(g, 0.9, v);
      return [value, trees.addScaled(p, -0.1, moved), moved];
    });
    let [p, v] = [params, trees.zerosLike(params)];
    const values: number[] = [];
    for (let t = 0; t < 150; t++) {
      const [value, next, velocity] = step(p, v);
      values.push(value.item());
      [p, v] = [next, velocity];
    }
    expect(values[0]).toBeGreaterThan(0.9);
    expect(values.at(-1)).toBeLessThan(0.25);
  });

  it('refuses widths that heads do not divide', () => {
    expect(() => decoderTransformer({ ...small, heads: 3 })).toThrow(/does not divide into 3 heads/);
    expect(() => decoderTransformer({ ...small, heads: 8, positions: 'rotary' })).toThrow(/rotated in pairs/);
    expect(() => attention({ width: 8, heads: 2 }).outShape([5, 6])).toThrow(/does not have 8 features/);
  });
});

const tokens = (row: number[]): Tensor => tensor([row], { dtype: 'i32' });
const sum2 = (a: Tensor, b: Tensor): Tensor => a.add(mul(b, 0.1));

describe('derivatives of the parts agree with differences', () => {
  const rows = [
    ['attention', attention({ width: 6, heads: 2 }), [4, 6]],
    ['causal rotary attention', attention({ width: 8, heads: 2, isCausal: true, isRotary: true }), [4, 8]],
    ['pre-norm block', transformerBlock({ width: 4, heads: 2 }), [3, 4]],
    ['post-norm block', transformerBlock({ width: 4, heads: 1, norm: 'post', activation: 'tanh' }), [3, 4]],
    ['learned positions', positions({ kind: 'learned' }), [3, 4]],
    ['class token', classToken(), [3, 4]],
  ] as const;
  for (const [name, layer, input] of rows) it(name, () => expect(layerGradientError(layer, input)).toBeLessThan(1e-6));
});

describe('feedback', () => {
  it('of the true weights is backprop, down to queries, keys and values', () => {
    inF64(() => {
      const m = decoderTransformer({ ...small, ...wide });
      const { params, state } = m.initialise(random.key(1));
      const paths: string[] = [];
      const feedback = feedbackTree(m, params, m.inputShape, (w, path) => {
        paths.push(path);
        return w;
      });
      const credit = (fed: Tree | undefined): Tree =>
        grad((p: Tree) => sum(square(m.apply(p, state, text, { feedback: fed })[0])))(params);
      expect(differenceOf(credit(feedback), credit(undefined))).toBeLessThan(1e-12);
      expect(paths).toHaveLength(2 * 6 + 1); // q, k, v, o and two maps a block, and the head
      const other = feedbackTree(m, params, m.inputShape, (w) => gaussian(w.shape, 4));
      expect(differenceOf(credit(other), credit(undefined))).toBeGreaterThan(0.1);
    });
  });
});

it('models of blocks survive JSON', () => {
  const all = [
    ...variants.map((variant) => decoderTransformer({ ...small, ...variant, dropout: 0.1 })),
    visionTransformer({ input: [1, 8, 8], classes: 3, patch: 4, width: 8, heads: 2, depth: 1 }),
  ];
  for (const m of all) {
    const json = JSON.stringify(modelToJSON(m));
    const back = modelFromJSON(JSON.parse(json));
    expect(JSON.stringify(modelToJSON(back))).toBe(json);
    expect(differenceOf(back.initialise(random.key(4)).params, m.initialise(random.key(4)).params)).toBe(0);
  }
});
