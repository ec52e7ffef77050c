/** Runs one row everywhere: errors against the js oracle in f64 and against differences, and whether bits are equal eager, batched and compiled. */
import { liveBytes, setBackend, withBackend } from '../../src/engine/backends/current.ts';
import { detectProfile, type Profile } from '../../src/engine/backends/wasm/profile.ts';
import { checkGradients, relativeError } from '../../src/engine/check.ts';
import type { CheckRow } from '../../src/engine/check-row.ts';
import type { FloatDtype } from '../../src/engine/dtype.ts';
import { scoped } from '../../src/engine/memory.ts';
import { tensor } from '../../src/engine/ops/create.ts';
import { stack } from '../../src/engine/ops/movement.ts';
import type { Tensor } from '../../src/engine/tensor.ts';
import { vmap } from '../../src/engine/transforms/api.ts';
import { jit } from '../../src/engine/transforms/jit.ts';
import { drawArgs, dtypeOf, type HostTensor } from './draw.ts';
import { type Mode, type ModeName, modesOf } from './modes.ts';

/** Where a row runs. */
export interface Setting {
  readonly backend: 'js' | 'wasm';
  readonly profile?: Profile;
  readonly dtype: FloatDtype;
}

const profiles: readonly Profile[] = detectProfile() === 'fma' ? ['fma', 'strict'] : ['strict'];

/** The settings that are compared with js in f64. */
export const settings: readonly Setting[] = [
  { backend: 'js', dtype: 'f32' },
  ...profiles.flatMap((profile) =>
    (['f64', 'f32'] as const).map((dtype): Setting => ({ backend: 'wasm', profile, dtype })),
  ),
];

export const showSetting = ({ backend, profile, dtype }: Setting): string =>
  [backend, profile, dtype].filter((s) => s !== undefined).join(' ');

export interface Measured {
  readonly name: string;
  readonly order: 0 | 1 | 2;
  /** Largest relative error of values, by setting, against js in f64. */
  readonly values: ReadonlyMap<string, number>;
  /** The same of all derivatives. */
  readonly derivatives: ReadonlyMap<string, number>;
  /** Errors of `checkGradients` on js in f64. */
  readonly checks: {
    readonly forward: number;
    readonly reverse: number;
    readonly forwardOverReverse: number | null;
    readonly reverseOverReverse: number | null;
  } | null;
  /** Where bits differ that must be equal; empty when all is well. */
  readonly differences: readonly string[];
}

const DRAWS = 3;

const put = (x: HostTensor, dtype: FloatDtype): Tensor =>
  tensor(x.data as number[], { shape: x.shape, dtype: dtypeOf(x, dtype) });
const hosted = (xs: readonly Tensor[]): number[][] => xs.map((x) => Array.from(x.readSync()));

/** Measures a row in every setting. */
export function measure(row: CheckRow): Measured {
  setBackend('js');
  const like = row.f(...drawArgs(row).map((x) => put(x, 'f64')));
  const modes = modesOf(row, like);
  const reference = new Map(modes.map((m) => [m.name, plain(m, 'f64')]));
  const values = new Map<string, number>();
  const derivatives = new Map<string, number>();
  const differences: string[] = [];
  const run = (setting: Setting) => {
    const errors = modes.map((m) => [m.name, errorOf(plain(m, setting.dtype), reference.get(m.name)!)] as const);
    values.set(showSetting(setting), errors[0]![1]);
    derivatives.set(showSetting(setting), largest(errors.slice(1)));
    if (setting.backend === 'wasm')
      differences.push(
        ...modes.flatMap((m) => bitDifferences(m, setting.dtype).map((d) => `${showSetting(setting)} ${m.name} ${d}`)),
      );
  };
  for (const setting of settings) {
    withBackend(setting.backend, () => run(setting), setting.profile === undefined ? {} : { profile: setting.profile });
  }
  return {
    name: row.name,
    order: orderOf(modes),
    values,
    derivatives,
    checks: orderOf(modes) === 0 ? null : checked(row, orderOf(modes) as 1 | 2),
    differences,
  };
}

const largest = (errors: readonly (readonly [ModeName, number])[]): number =>
  errors.reduce((m, [, e]) => Math.max(m, e), 0);
const orderOf = (modes: readonly Mode[]): 0 | 1 | 2 => (modes.length === 1 ? 0 : modes.length === 3 ? 1 : 2);

const plain = (mode: Mode, dtype: FloatDtype): number[][] =>
  scoped(() => hosted(mode.run(mode.draw(0).map((x) => put(x, dtype)))));

/** Largest error of any output; NaN and infinities must be met exactly. */
function errorOf(found: readonly number[][], expected: readonly number[][]): number {
  return expected.reduce((worst, want, k) => {
    const got = found[k]!;
    if (got.length !== want.length) return Number.POSITIVE_INFINITY;
    const isOdd = want.map((y, i) => !Number.isFinite(y) || !Number.isFinite(got[i]!));
    if (want.some((y, i) => isOdd[i] && !Object.is(y, got[i]!))) return Number.POSITIVE_INFINITY;
    const finite = (list: readonly number[]) => list.filter((_, i) => !isOdd[i]);
    return Math.max(worst, relativeError(finite(got), finite(want)));
  }, 0);
}

function checked(row: CheckRow, order: 1 | 2): NonNullable<Measured['checks']> {
  const args = drawArgs(row);
  const isFloating = row.args.map((a) => (a.kind ?? 'float') === 'float' && a.isFixed !== true);
  return withBackend('js', () => {
    const tensors = args.map((x) => put(x, 'f64'));
    const f = (...xs: Tensor[]) => {
      let at = 0;
      return row.f(...tensors.map((x, i) => (isFloating[i] ? xs[at++]! : x)));
    };
    const errors = checkGradients(
      f,
      tensors.filter((_, i) => isFloating[i]),
      { order },
    );
    return { ...errors, forward: errors.forward ?? Number.NaN, reverse: errors.reverse ?? Number.NaN };
  });
}

/** Compares jit in both tiers, and vmap with the loop, to the last bit; also that nothing stays behind in the arena. */
function bitDifferences(mode: Mode, dtype: FloatDtype): string[] {
  return scoped(() => {
    const draws = Array.from({ length: DRAWS }, (_, i) => mode.draw(i).map((x) => put(x, dtype)));
    const eager = draws.map((all) => hosted(mode.run(all)));
    const found = [...compiled(mode, draws[0]!, eager[0]!), ...mapped(mode, draws, eager)];
    const before = liveBytes();
    scoped(() => hosted(mode.run(draws[0]!)));
    return liveBytes() === before ? found : [...found, `leaves ${liveBytes() - before} bytes`];
  });
}

function compiled(mode: Mode, all: readonly Tensor[], eager: readonly number[][]): string[] {
  return (['interpret', 'module'] as const).flatMap((tier) => {
    const run = jit((xs: readonly Tensor[]) => mode.run(xs), { tier });
    return difference(hosted(run(all)), eager).map((d) => `jit ${tier}: ${d}`);
  });
}

/** Every choice of mapped operands of the value; of derivatives all operands, and the directions alone. */
function mapped(mode: Mode, draws: readonly (readonly Tensor[])[], eager: readonly number[][][]): string[] {
  const count = draws[0]!.length;
  const everything = draws[0]!.map(() => true);
  const choices = mode.name === 'value' ? subsets(count) : [everything, everything.map((_, i) => i >= mode.own)];
  return choices.flatMap((isMapped) => {
    const operands = draws[0]!.map((x, i) => (isMapped[i] ? stack(draws.map((all) => all[i]!)) : x));
    const run = vmap((...xs: Tensor[]) => mode.run(xs), { inAxes: isMapped.map((m) => (m ? 0 : null)) });
    const outs = hosted(run(...operands));
    return draws.flatMap((all, b) => {
      const one = isMapped.every((m) => m)
        ? eager[b]!
        : hosted(mode.run(all.map((x, i) => (isMapped[i] ? x : draws[0]![i]!))));
      const part = outs.map((list) => list.slice((b * list.length) / DRAWS, ((b + 1) * list.length) / DRAWS));
      return difference(part, one).map((d) => `vmap ${isMapped.map(Number).join('')} row ${b}: ${d}`);
    });
  });
}

const subsets = (n: number): boolean[][] =>
  Array.from({ length: 2 ** n - 1 }, (_, k) => Array.from({ length: n }, (_, i) => (((k + 1) >> i) & 1) === 1));

/** The first place in which two results differ in a bit. */
function difference(found: readonly number[][], expected: readonly number[][]): string[] {
  for (const [k, want] of expected.entries()) {
    const got = found[k]!;
    if (got.length !== want.length) return [`output ${k} has ${got.length} elements, not ${want.length}`];
    const i = want.findIndex((y, j) => !Object.is(y, got[j]));
    if (i >= 0) return [`output ${k} element ${i} is ${got[i]}, not ${want[i]}`];
  }
  return [];
}
