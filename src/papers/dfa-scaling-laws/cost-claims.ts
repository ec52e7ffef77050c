/** Check 6: what a step costs, counted from its graph: products, sequential depth, and time beside FLOPs. */
import { costOf, type Graph, jit, optimize, random, type ValueId } from '../../engine/index.ts';
import { inlineCalls } from '../../engine/passes/inline.ts';
import { backprop } from '../../methods/backprop.ts';
import type { CreditResult, CreditRule } from '../../methods/rule.ts';
import { tappedDirectFeedback } from '../../methods/tapped-direct-feedback.ts';
import {
  type Batch,
  crossEntropy,
  decoderTransformer,
  type Model,
  type TapPlacement,
  type Tree,
} from '../../nn/index.ts';
import { timeInterleaved } from '../../run/index.ts';
import { atLeast, atMost, type Claim, exactly, type Threshold } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { decoder, VOCABULARY } from './setting.ts';

type Placement = TapPlacement | 'backprop';

const CONTEXT = 4;

interface Net {
  readonly width: number;
  readonly depth: number;
  /** Whether the norms of the blocks have gain and shift. */
  readonly isNormAffine: boolean;
}

const netOf = ({ width, depth, isNormAffine }: Net): Model =>
  decoderTransformer({ vocabulary: VOCABULARY, context: CONTEXT, width, heads: width / 16, depth, isNormAffine });

const ruleAt = (placement: Placement): CreditRule =>
  placement === 'backprop'
    ? (backprop() as CreditRule)
    : (tappedDirectFeedback({ taps: placement }) as unknown as CreditRule);

/** A compiled credit step on random characters; nothing is run before `run`. */
function stepOf(net: Model, placement: Placement, rows = 1) {
  const rule = ruleAt(placement);
  const { params, state: modelState } = net.initialise(random.key(1));
  const state = rule.init(net, params, random.key(2));
  const shape = [rows, net.inputShape[0]!];
  const batch: Batch = {
    x: random.randint(random.key(3), shape, 0, VOCABULARY),
    y: random.randint(random.key(4), shape, 0, VOCABULARY),
  };
  const step = jit((p: Tree, b: Batch): Tree => {
    const call = { model: net, loss: crossEntropy(), params: p, modelState, state, batch: b, key: random.key(5) };
    return (rule.credit(call) as CreditResult<Tree>).credit;
  });
  return {
    run: () => step(params, batch),
    graph: (): Graph => inlineCalls(optimize(step.graphOf(params, batch))),
  };
}

/** Multiply-adds a token; the products of attention scores, which have four axes, are left out. */
function macsOf(graph: Graph): number {
  const products = graph.nodes.filter(
    ({ op, outputs }) => op.name === 'matmul' && graph.avals[outputs[0]!]!.shape.length < 4,
  );
  const macs = products.map(({ op, inputs, outputs, params }) => {
    const [from, to] = [inputs, outputs].map((ids) => ids.map((id) => graph.avals[id]!));
    return op.cost(from!, to!, params).macs ?? 0;
  });
  return macs.reduce((a, b) => a + b, 0) / CONTEXT;
}

const macsOn = (lab: Lab, net: Net, placement: Placement): Promise<number> =>
  lab.once(`macs ${JSON.stringify(net)} ${placement}`, () => macsOf(stepOf(netOf(net), placement).graph()));

/** The card's count: forward, weights and activations for backprop; what taps save; what e·B adds. */
function predicted({ width: d, depth: n }: Net, placement: Placement): number {
  const all = 3 * (12 * n * d * d + VOCABULARY * d);
  if (placement === 'backprop') return all;
  const inside = { macro: 0, micro: 4, micro3: 8, full: 9 }[placement] * d * d * n;
  const columns = placement === 'macro' || placement === 'micro' ? d : 4 * d;
  return all - 3 * d * d * (n - 1) - inside + VOCABULARY * columns;
}

const large: Net = { width: 256, depth: 12, isNormAffine: false };
const small: Net = { width: 64, depth: 3, isNormAffine: false };
const PLACEMENTS = ['macro', 'micro', 'micro3', 'full'] as const;

const ratioOn = async (lab: Lab, net: Net, placement: TapPlacement): Promise<number> =>
  (await macsOn(lab, net, placement)) / (await macsOn(lab, net, 'backprop'));

/** The largest deviation of a count from the formula, in shares of it; the counts as a table. */
async function deviation(lab: Lab): Promise<number> {
  let most = 0;
  const rows: (string | number)[][] = [];
  for (const net of [large, small])
    for (const placement of ['backprop', ...PLACEMENTS] as const) {
      const macs = await macsOn(lab, net, placement);
      most = Math.max(most, Math.abs(macs / predicted(net, placement) - 1));
      const share = macs / (await macsOn(lab, net, 'backprop'));
      rows.push([`${net.depth} blocks of ${net.width}`, placement, macs, share.toFixed(3)]);
    }
  const caption = 'Multiply-adds of one credit step per token, as counted from the graph, without attention scores';
  lab.table('products', caption, ['model', 'rule', 'multiply-adds', '× backprop'], rows);
  return most;
}

/** Levels of the graph behind the model's output: the longest chain of steps that wait for one another once the logits are known. */
function backwardDepth({ nodes }: Graph, layers: readonly string[]): number {
  const isForward = new Set<ValueId>();
  const level = new Map<ValueId, number>();
  for (const { scope, inputs, outputs } of nodes) {
    const heard = inputs.map((id) => level.get(id)).filter((l) => l !== undefined);
    const isInside = scope.split('/').some((part) => layers.includes(part));
    const isBackward = heard.length > 0 || (!isInside && inputs.some((id) => isForward.has(id))); // outside of all layers the loss begins
    for (const id of outputs) {
      if (isBackward) level.set(id, Math.max(0, ...heard) + 1);
      else if (isInside) isForward.add(id);
    }
  }
  return Math.max(...level.values());
}

const depthOn = (lab: Lab, placement: Placement, depth: number): Promise<number> =>
  lab.once(`depth ${placement} ${depth}`, () => {
    const net = netOf({ width: 16, depth, isNormAffine: true });
    return backwardDepth(stepOf(net, placement).graph(), net.names);
  });

const timed = (lab: Lab) =>
  lab.once('timing', async () => {
    const net = decoder({ width: 64, depth: 2, context: 48 });
    const steps = {
      backprop: stepOf(net, 'backprop', 16),
      macro: stepOf(net, 'macro', 16),
      micro: stepOf(net, 'micro', 16),
    };
    const flops = (name: keyof typeof steps): number => costOf(steps[name].graph()).flops;
    const report = await timeInterleaved(
      { backprop: steps.backprop.run, macro: steps.macro.run, micro: steps.micro.run },
      { rounds: 15, signal: lab.signal },
    );
    const ratio = (name: 'macro' | 'micro') => ({
      time: report.ratio(name, 'backprop').estimate,
      flops: flops(name) / flops('backprop'),
    });
    const ratios = { macro: ratio('macro'), micro: ratio('micro') };
    lab.table(
      'time',
      'A compiled credit step over that of backprop: 2 blocks of 64, 16 windows of 48, norms with gain and shift',
      ['taps', 'FLOPs', 'time'],
      (['macro', 'micro'] as const).map((name) => [name, ratios[name].flops.toFixed(3), ratios[name].time.toFixed(2)]),
    );
    return ratios;
  });

const cost = (
  id: string,
  sentence: string,
  {
    unit = '× backprop',
    threshold,
    kind = 'cost' as Claim['kind'],
    why,
  }: { unit?: string; threshold: Threshold; kind?: Claim['kind']; why?: string },
  measure: Claim['measure'],
): Claim => ({
  id,
  kind,
  sentence,
  published: null,
  unit,
  threshold,
  expected: 'holds',
  measure,
  ...(why === undefined ? {} : { why }),
});

const RATIOS = { macro: 0.924, micro: 0.813, micro3: 0.704, full: 0.677 } as const;
const SMALL_RATIOS = { macro: 0.955, micro: 0.847, micro3: 0.766, full: 0.739 } as const;

const ratioClaims = (id: string, net: Net, ratios: Readonly<Record<TapPlacement, number>>): Claim[] =>
  PLACEMENTS.map((taps) =>
    cost(
      `products-${id}-${taps}`,
      `Multiply-adds of a step with ${taps} taps over backprop's, ${net.depth} blocks of ${net.width}, block norms without gain and shift: ${ratios[taps]} up to 0.01.`,
      { threshold: atMost(ratios[taps] + 0.01) },
      (lab) => ratioOn(lab, net, taps),
    ),
  );

export const costClaims: readonly Claim[] = [
  cost(
    'products-formula',
    'Counts from the graph are those of the formula, for backprop and four placements in two models: largest deviation.',
    { unit: 'relative', threshold: atMost(1e-12) },
    deviation,
  ),
  ...ratioClaims('large', large, RATIOS),
  ...ratioClaims('small', small, SMALL_RATIOS),
  ...(['macro', 'micro'] as const).map((taps) =>
    cost(
      `products-affine-${taps}`,
      `With gain and shift in the pre-norms ${taps} taps save nothing: these parameters need the products that taps would spare.`,
      { threshold: atLeast(1) },
      (lab) => ratioOn(lab, { ...large, isNormAffine: true }, taps),
    ),
  ),
  ...(['macro', 'micro'] as const).map((taps) =>
    cost(
      `depth-${taps}`,
      `Sequential depth of the way back with ${taps} taps does not depend on the number of blocks: levels with 8 blocks less those with 2.`,
      { unit: 'levels', threshold: exactly(0) },
      async (lab) => (await depthOn(lab, taps, 8)) - (await depthOn(lab, taps, 2)),
    ),
  ),
  cost(
    'depth-backprop',
    'Under backprop it grows in proportion: levels that a block adds between 4 and 8 blocks less those between 2 and 4.',
    { unit: 'levels', threshold: exactly(0) },
    async (lab) => {
      const [two, four, eight] = [
        await depthOn(lab, 'backprop', 2),
        await depthOn(lab, 'backprop', 4),
        await depthOn(lab, 'backprop', 8),
      ];
      return (eight - four) / 4 - (four - two) / 2;
    },
  ),
  cost(
    'depth-backprop-block',
    'Levels that one more block adds to the way back of backprop.',
    { unit: 'levels', threshold: atLeast(5) },
    async (lab) => ((await depthOn(lab, 'backprop', 8)) - (await depthOn(lab, 'backprop', 2))) / 6,
  ),
  ...(['macro', 'micro'] as const).map(
    (taps): Claim => ({
      ...cost(
        `time-${taps}`,
        `Time of a compiled step with ${taps} taps over backprop's, as a multiple of the ratio of their FLOPs.`,
        { unit: '× FLOP ratio', threshold: atMost(2), kind: 'timing' },
        async (lab) => {
          const { time, flops } = (await timed(lab))[taps];
          return time / flops;
        },
      ),
      scales: ['full'],
    }),
  ),
];
