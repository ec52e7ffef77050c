import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { mul, optimize, random, sizeOf, traceGraph, trees, vjp } from '../engine/index.ts';
import { runCut } from './cut.ts';
import type { Tree } from './layer.ts';
import {
  smallDecoder as small,
  smallText as text,
  decoderVariants as variants,
  wideEmbeddings as wide,
} from './testing/decoder.ts';
import { differenceOf, gaussian, inF64 } from './testing.ts';
import type { TapPlacement } from './transformer.ts';
import { blockTaps, decoderTransformer } from './transformer.ts';
import { unroll } from './unroll.ts';

describe('cuts', () => {
  const placements: readonly TapPlacement[] = ['macro', 'micro', 'micro3', 'full'];

  it('are found in every form, 1, 2, 3 and 4 to a block', () => {
    for (const variant of variants) {
      const m = decoderTransformer({ ...small, ...variant });
      const { params, state } = m.initialise(random.key(1));
      placements.forEach((placement, i) => {
        const pass = runCut(m, { params, state, x: text, atTaps: blockTaps(m, placement) });
        expect(pass.cuts).toHaveLength((i + 1) * 2);
        expect(pass.output.toArray()).toEqual(m.apply(params, state, text)[0].toArray());
      });
    }
    const m = decoderTransformer(small);
    const { params, state } = m.initialise(random.key(1));
    expect(() => runCut(m, { params, state, x: text, atTaps: ['dense9/post'] })).toThrow(/no tap dense9\/post/);
  });

  it('give backprop when the true cotangents are sent', () => {
    inF64(() => {
      const m = decoderTransformer({ ...small, ...wide });
      const { params, state } = m.initialise(random.key(1));
      const ct = gaussian([2, 5, 7], 8);
      const run = unroll(m, params, state, text, {});
      const [, first, second, head] = run.units;
      const afterSecond = head!.pullInput(ct);
      const afterFirst = second!.pullInput(afterSecond);
      const pass = runCut(m, { params, state, x: text, atTaps: blockTaps(m, 'macro') });
      const exact = vjp((p: Tree) => m.apply(p, state, text)[0], params)[1](ct);
      expect(differenceOf(pass.pull(ct, [afterFirst, afterSecond]), exact)).toBeLessThan(1e-12);
      expect(first!.output.toArray()).toEqual(pass.cuts[0]!.value.toArray());
    });
  });

  it('make credit below independent of weights above', () => {
    inF64(() => {
      const m = decoderTransformer({ ...small, ...wide });
      const { params, state } = m.initialise(random.key(1));
      const above = (params as Tree[]).map((p, i) => (i < 3 ? p : trees.mapTensors((w: Tensor) => mul(w, 2), p)));
      const creditOf = (p: Tree): Tree[] => {
        const pass = runCut(m, { params: p, state, x: text, atTaps: blockTaps(m, 'micro') });
        return pass.pull(
          gaussian([2, 5, 7], 8),
          pass.cuts.map((cut, i) => gaussian(cut.value.shape, i)),
        ) as Tree[];
      };
      const [a, b] = [creditOf(params).slice(0, 3), creditOf(above).slice(0, 3)];
      expect(differenceOf(a, b)).toBe(0);
      const pull = (p: Tree): Tree[] =>
        vjp((q: Tree) => m.apply(q, state, text)[0], p)[1](gaussian([2, 5, 7], 8)) as Tree[];
      expect(differenceOf(pull(params).slice(0, 3), pull(above).slice(0, 3))).toBeGreaterThan(0.1);
    });
  });

  it('save the products that a count by hand says', () => {
    const [n, d, vocabulary] = [3, 64, 65];
    const m = decoderTransformer({ vocabulary, context: 4, width: d, heads: 4, depth: n, isNormAffine: false });
    const exact = 3 * (12 * n * d * d + vocabulary * d);
    const saved: Record<string, number> = {
      macro: 3 * d * d * (n - 1),
      micro: 3 * d * d * (n - 1) + 4 * d * d * n,
      micro3: 3 * d * d * (n - 1) + 8 * d * d * n,
      full: 3 * d * d * (n - 1) + 9 * d * d * n,
    };
    expect(macsPerToken(m, [])).toBe(exact);
    for (const placement of placements)
      expect(macsPerToken(m, blockTaps(m, placement))).toBe(exact - saved[placement]!);
  });
});

/** Multiply-adds of one credit per token, without the products of attention scores: those have four axes. */
function macsPerToken(m: ReturnType<typeof decoderTransformer>, atTaps: readonly string[]): number {
  const { params, state } = m.initialise(random.key(1));
  const leaves = trees.tensorsOf(params);
  const graph = optimize(
    traceGraph(
      (x, ...own) => {
        let at = 0;
        const p = trees.mapTensors(() => own[at++]!, params as Tree);
        const pass = runCut(m, { params: p, state, x: x!, atTaps });
        return trees.tensorsOf(
          pass.pull(
            pass.output,
            pass.cuts.map((cut) => cut.value),
          ),
        );
      },
      [{ shape: [1, 4], dtype: 'i32' }, ...leaves.map(({ shape, dtype }) => ({ shape, dtype }))],
    ),
  );
  const products = graph.nodes.filter(
    (node) => node.op.name === 'matmul' && graph.avals[node.outputs[0]!]!.shape.length < 4,
  );
  const macs = products.map((node) => {
    const [x] = node.inputs.map((id) => graph.avals[id]!.shape);
    const { transposeX } = node.params as { readonly transposeX: boolean };
    return sizeOf(graph.avals[node.outputs[0]!]!.shape) * x!.at(transposeX ? -2 : -1)!;
  });
  return macs.reduce((a, b) => a + b, 0) / 4;
}
