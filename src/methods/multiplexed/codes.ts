/**
 * Multiplexing: what every parameter does at every instant so that it can tell its own share of one broadcast number.
 *
 * Channels are told apart by time (`sequential`: one parameter after another), by code (`walsh`: rows of a Hadamard matrix; `random-code`: fresh coins) or by frequency (`sinusoidal`). All codes keep
 * the mean of ‖θ̃‖² at Δθ², so that the mean of (g·θ̃)θ̃/Δθ² is g/P for each of them. Walsh signs and coins are computed where they are needed and never stored.
 */
import {
  add,
  bitAnd,
  ConfigError,
  cast,
  eq,
  fromArray,
  iota,
  leavesOf,
  mul,
  popcount,
  random,
  range,
  rem,
  reshape,
  shiftRight,
  sin,
  sizeOf,
  sliceAxis,
  structureOf,
  sub,
  type Tensor,
  take,
  unflatten,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { direction } from '../perturbation/law.ts';
import { checkChoice } from '../perturbation/options.ts';

export type CodeName = 'random-code' | 'sequential' | 'sinusoidal' | 'walsh';

export const codeNames: readonly CodeName[] = ['random-code', 'sequential', 'sinusoidal', 'walsh'];

export interface CodeOptions {
  readonly code?: CodeName;
  /** Δθ: root mean square of the length of the whole perturbation. */
  readonly amplitude?: number;
  /** Share of the parameters that a random code moves at a time; the others rest, and the norm is kept. */
  readonly share?: number;
  /** Sinusoids, in cycles per pattern: the ends of an even spacing in random order, or one frequency for each parameter. */
  readonly frequencies?: readonly number[];
  /** Walsh codes change sign in every other period, which takes the even orders of the cost out of a double period. */
  readonly flips?: boolean;
}

/** A code for the parameters of one tree. */
export interface Code {
  /** What is drawn once: the order of a sequence, frequencies and phases; null for codes that store nothing. */
  wire(key: Key, like: Tree): Tree;
  /** θ̃ in slot t, an i32 without axes. */
  at(wiring: Tree, key: Key, t: Tensor, like: Tree): Tree;
  /** Slots after which every parameter is told apart from every other; null for coins, and for sinusoids of free frequencies. */
  period(parameters: number): number | null;
}

/** Refuses what no code can be made of. */
export function checkCode({
  code = 'random-code',
  amplitude = 0.01,
  share = 1,
  frequencies = BAND,
}: CodeOptions): void {
  checkChoice('code', code, codeNames);
  if (!(Number.isFinite(amplitude) && amplitude > 0))
    throw new ConfigError(`amplitude is ${amplitude}; a perturbation has a positive, finite length`, {
      amplitude,
      help: 'try 0.01, or more where the cost is noisy',
    });
  if (!(share > 0 && share <= 1))
    throw new ConfigError(`share is ${share}; it is a part of the parameters`, { share, help: 'use 1 to move all' });
  const aliased = frequencies.filter((f) => !(f > 0 && f < 0.5));
  if (frequencies.length < 2 || aliased.length > 0)
    throw new ConfigError(
      `frequencies ${aliased.slice(0, 3).join(', ')} do not lie between 0 and ½ cycle per pattern`,
      { frequencies: frequencies.slice(0, 8), help: 'beyond ½ a sinusoid looks like a slower one' },
    );
}

const BAND = [0.05, 0.45];

/** The code of these options. */
export function codeOf(options: CodeOptions): Code {
  checkCode(options);
  return MAKERS[options.code ?? 'random-code'](options);
}

const MAKERS: Readonly<Record<CodeName, (options: CodeOptions) => Code>> = {
  'random-code': ({ amplitude = 0.01, share = 1 }) => ({
    wire: () => null,
    at: (_, key, t, like) => {
      const v = direction(share === 1 ? 'rademacher' : `sparse-${share}`, random.foldIn(key, t), like);
      return scaled(v, amplitude / Math.sqrt(countOf(like)));
    },
    period: () => null,
  }),
  sequential: ({ amplitude = 0.01 }) => ({
    wire: (key, like) => cut(random.permutation(key, countOf(like)), like),
    at: (wiring, _, t, like) => {
      const now = rem(t, countOf(like));
      return each(like, (x, i) => mul(cast(eq((leavesOf(wiring) as Tensor[])[i]!, now), x.dtype), amplitude));
    },
    period: (parameters) => parameters,
  }),
  sinusoidal: ({ amplitude = 0.01, frequencies = BAND }) => ({
    wire: (key, like) => wireSinusoids(key, like, frequencies),
    at: (wiring, _, t, like) => {
      const { cycles, phases } = wiring as { cycles: Tree; phases: Tree };
      const [f, phi] = [leavesOf(cycles), leavesOf(phases)] as [Tensor[], Tensor[]];
      const size = amplitude * Math.sqrt(2 / countOf(like));
      // In f64: a phase of many thousand turns has no digits left in f32.
      const wave = (i: number): Tensor => sin(add(mul(mul(f[i]!, cast(t, 'f64')), 2 * Math.PI), phi[i]!));
      return each(like, (x, i) => cast(mul(wave(i), size), x.dtype));
    },
    period: () => null,
  }),
  walsh: ({ amplitude = 0.01, flips = false }) => ({
    wire: () => null,
    at: (_, __, t, like) => {
      const columns = hadamardSize(countOf(like));
      const column = rem(t, columns);
      const size = amplitude / Math.sqrt(countOf(like));
      const odd = flips ? bitAnd(shiftRight(t, Math.log2(columns)), 1) : 0;
      let before = 1; // row 0 of the matrix is constant: it cannot be told from the baseline
      return each(like, (x) => {
        const row = reshape(add(iota(x.size), before), x.shape);
        before += x.size;
        const parity = bitAnd(add(popcount(bitAnd(row, column)), odd), 1);
        return mul(cast(sub(1, mul(parity, 2)), x.dtype), size);
      });
    },
    period: (parameters) => hadamardSize(parameters) * (flips ? 2 : 1),
  }),
};

/** The smallest Sylvester–Hadamard matrix with a row for every parameter beside the constant one. */
export const hadamardSize = (parameters: number): number => 2 ** Math.ceil(Math.log2(parameters + 1));

function wireSinusoids(key: Key, like: Tree, frequencies: readonly number[]): Tree {
  const n = countOf(like);
  const [forOrder, forPhases] = random.split(key) as [Tensor, Tensor];
  const isBand = frequencies.length === 2 && n !== 2;
  if (!isBand && frequencies.length !== n)
    throw new ConfigError(`${frequencies.length} frequencies were given for ${n} parameters`, {
      frequencies: frequencies.length,
      parameters: n,
      help: 'give one for each parameter, or the two ends of a band',
    });
  const [low, high] = frequencies as [number, number];
  const even = isBand ? range(n).map((i) => low + ((high - low) * i) / Math.max(1, n - 1)) : frequencies;
  const all = fromArray(Float64Array.from(even), [n], 'f64');
  const cycles = isBand ? take(all, random.permutation(forOrder, n)) : all;
  const phases = random.uniform(forPhases, [n], { low: 0, high: 2 * Math.PI, dtype: 'f64' });
  return { cycles: cut(cycles, like), phases: cut(phases, like) };
}

/** Elements of a tree. */
export const countOf = (like: Tree): number => (leavesOf(like) as Tensor[]).reduce((n, x) => n + sizeOf(x.shape), 0);

/** A tensor for each leaf. */
const each = (like: Tree, make: (leaf: Tensor, i: number) => Tensor): Tree =>
  unflatten<Tree>(structureOf(like), (leavesOf(like) as Tensor[]).map(make));

const scaled = (tree: Tree, by: number): Tree => each(tree, (x) => mul(x, by));

/** A vector in the shapes of a tree, leaf after leaf; keeps its own dtype. */
function cut(vector: Tensor, like: Tree): Tree {
  let at = 0;
  return each(like, (x) => {
    at += x.size;
    return reshape(sliceAxis(vector, 0, at - x.size, at), x.shape);
  });
}
