/** `check`: the derivatives of a function of the user's own against differences, leaf by leaf. */
import {
  ConfigError,
  checkGradients,
  flatten,
  type GradientErrors,
  isFloat,
  structureOf,
  Tensor,
  unflatten,
} from '../engine/index.ts';
import { keyFrom } from '../engine/threefry.ts';
import { type Batch, crossEntropy, type Loss, type Model, mse } from '../nn/index.ts';
import { formatNumber } from '../plot/units.ts';
import { useEngine } from '../run/engine-settings.ts';
import { keyTensor } from '../run/trainer.ts';
import { above, choice, whole } from './fields.ts';
import { engineOf } from './learning.ts';
import type { Line } from './lines.ts';
import { writeLine, writeTable } from './output.ts';
import { style, wantsColor } from './ui/index.ts';
import { importUserFile } from './user-file.ts';
import { defineVerb, engineOptions, option, preset } from './verb.ts';

type Leaf = Extract<Line, { type: 'leaf' }>;

const options = {
  ...engineOptions,
  dtype: preset(
    '--dtype <name>',
    'default float dtype while the file is loaded (default f64: differences need its digits)',
    choice('f32', 'f64'),
    'f64',
  ),
  tolerance: option('--tolerance <e>', 'largest relative error that passes (default 1e-5, and 2e-2 for f32)', above(0)),
  order: preset('--order <n>', '1, or 2 for second derivatives too (default 2)', choice('1', '2'), '2'),
  directions: preset('--directions <n>', 'random directions for each leaf (default 3)', whole(1), 3),
} as const;

export const checkVerb = defineVerb({
  name: 'check',
  summary: "check the derivatives of a file's loss against differences",
  args: [{ name: '<file>', about: 'exports loss (or default) and params, or model and batch' }],
  options,
  examples: [
    ['cotangent check examples/loss.ts', 'forward, reverse and second derivatives of every parameter'],
    ['cotangent check model.ts --order 1 --json', 'first derivatives only, one JSON line a parameter'],
  ],
  async run({ args, values, io }) {
    useEngine(engineOf(values));
    const file = args[0]!;
    const { f, params } = subjectOf(await importUserFile(file, io.cwd), file, values.seed);
    const leaves = checkLeaves(f, params, { ...values, order: values.order === '2' ? 2 : 1 });
    for (const leaf of leaves) writeLine(leaf, { io, values });
    const failed = leaves.filter((leaf) => !leaf.holds).length;
    const worst = leaves.map(worstOf).reduce((a, b) => (a === null ? b : b === null ? a : Math.max(a, b)), null);
    const tolerance = values.tolerance ?? toleranceOf(values.dtype);
    writeLine({ type: 'check', file, leaves: leaves.length, failed, tolerance, worst }, { io, values });
    showLeaves(leaves, { io, values });
    return failed === 0 ? 0 : 1;
  },
});

interface Subject {
  readonly f: (params: unknown) => unknown;
  readonly params: unknown;
}

/** What a file asks to be checked: its loss at its params, or the loss of its model on its batch. */
function subjectOf(exported: Readonly<Record<string, unknown>>, file: string, seed: number): Subject {
  const { model, batch } = exported;
  if (model !== undefined && batch !== undefined)
    return modelSubject(model as Model, batch as Batch, exported.loss as Loss | undefined, seed);
  const f = exported.loss ?? exported.default;
  const { params } = exported;
  if (typeof f !== 'function' || params === undefined)
    throw new ConfigError(`${file} exports ${Object.keys(exported).join(', ') || 'nothing'}`, {
      file,
      help: 'export loss (or a default function) and params, or model and batch; batch is passed to loss as its second argument',
    });
  return { f: (p) => (batch === undefined ? f(p) : f(p, batch)), params };
}

function modelSubject(model: Model, batch: Batch, loss: Loss | undefined, seed: number): Subject {
  const measure = loss ?? (isFloat(batch.y.dtype) ? mse() : crossEntropy());
  const { params, state } = model.initialise(keyTensor(keyFrom(seed)));
  return { f: (p) => measure.value(model.apply(p as never, state, batch.x, { train: false })[0], batch), params };
}

interface CheckCall {
  readonly order: 1 | 2;
  readonly directions: number;
  readonly seed: number;
  readonly tolerance: number | undefined;
}

function checkLeaves(f: Subject['f'], params: unknown, { order, directions, seed, tolerance }: CheckCall): Leaf[] {
  const [leaves, def] = flatten(params);
  const { paths } = structureOf(params);
  const checked = leaves.flatMap((leaf, i): Leaf[] => {
    if (!(leaf instanceof Tensor) || !isFloat(leaf.dtype)) return [];
    const at = (x: Tensor) => f(unflatten(def, leaves.with(i, x)));
    const errors = checkGradients(at, [leaf], { order, directions, seed });
    const holds = allOf(errors).every((e) => e === null || e <= (tolerance ?? toleranceOf(leaf.dtype)));
    return [
      {
        type: 'leaf',
        path: paths[i]!.replace(/^\./, '') || 'params',
        shape: [...leaf.shape],
        dtype: leaf.dtype,
        ...errors,
        holds,
      },
    ];
  });
  if (checked.length > 0) return checked;
  throw new ConfigError('params holds no f32 or f64 tensor', {
    help: 'make them with tensor([…]), or by model.initialise(key)',
  });
}

const toleranceOf = (dtype: string): number => (dtype === 'f64' ? 1e-5 : 2e-2);

const allOf = (
  e: Pick<GradientErrors, 'forward' | 'reverse' | 'forwardOverReverse' | 'reverseOverReverse'>,
): (number | null)[] => [e.forward, e.reverse, e.forwardOverReverse, e.reverseOverReverse];

/** The largest error; NaN is larger than any. */
function worstOf(leaf: Leaf): number | null {
  const known = allOf(leaf).filter((e) => e !== null);
  return known.length === 0 ? null : Math.max(...known.map((e) => (Number.isNaN(e) ? Number.POSITIVE_INFINITY : e)));
}

function showLeaves(leaves: readonly Leaf[], to: Parameters<typeof writeTable>[2]): void {
  const { red, green, dim } = style(wantsColor(to.values.json ? to.io.stderr : to.io.stdout, to.io.env));
  const columns = ['parameter', 'shape', 'forward', 'reverse', 'forward ∘ reverse', 'reverse ∘ reverse', ''].map(
    (head, i) => ({
      head,
      align: i >= 2 && i <= 5 ? ('right' as const) : ('left' as const),
    }),
  );
  const told = (e: number | null) => (e === null ? dim('–') : formatNumber(e, 2));
  const verdict = (leaf: Leaf) => (leaf.holds ? (leaf.forward === null ? 'only kinks' : green('holds')) : red('fails'));
  const rows = leaves.map((leaf) => [
    leaf.path,
    `${leaf.dtype}[${leaf.shape.join(', ')}]`,
    ...allOf(leaf).map(told),
    verdict(leaf),
  ]);
  writeTable(columns, rows, to);
}
