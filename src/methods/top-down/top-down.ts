/** The top-down network: it looks at outputs and targets (and, if told so, hidden activities) and emits a credit for every neuron; a few credits diffuse to all neurons of a layer. */
import {
  add,
  broadcastTo,
  ConfigError,
  concat,
  defaultDtype,
  fromArray,
  matmul,
  mul,
  random,
  reshape,
  sliceAxis,
  type Tensor,
  tanh,
  zeros,
} from '../../engine/index.ts';
import type { CreditSource } from './bottom-up.ts';

/** Shape of a top-down network for bottom-up networks of one shape. */
export interface TopDownShape {
  readonly outputs: number;
  /** Neurons of every hidden layer. */
  readonly hidden: readonly number[];
  /** Credit sources of every hidden layer; as many as neurons for credits without diffusion. */
  readonly sources: readonly number[];
  readonly observeHidden: boolean;
  /** H_T. */
  readonly units: number;
}

const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

/** Width of z. */
export const inputsOf = ({ outputs, hidden, observeHidden }: TopDownShape): number =>
  2 * outputs + (observeHidden ? total(hidden) : 0);

const creditsOf = ({ outputs, sources }: TopDownShape): number => outputs + total(sources);

/** The parts of ψ in order, with their shapes. */
const partsOf = (shape: TopDownShape): readonly (readonly [name: string, rows: number, columns: number])[] => {
  const [z, q] = [inputsOf(shape), creditsOf(shape)];
  return [
    ['A', z, shape.units],
    ['a', 1, shape.units],
    ['C', shape.units, q],
    ['c', 1, q],
    ['S', z, q],
  ];
};

/** Numbers in ψ. */
export const sizeOfTopDown = (shape: TopDownShape): number =>
  partsOf(shape).reduce((n, [, rows, columns]) => n + rows * columns, 0);

/** ψ before any evolution: A and a small and random, all else zero, so that no credit is given and nothing moves. */
export function startOfTopDown(key: Tensor, shape: TopDownShape, scale = 0.3): Tensor {
  checkShape(shape);
  const looking = (inputsOf(shape) + 1) * shape.units;
  return concat([mul(random.normal(key, [looking]), scale), zeros([sizeOfTopDown(shape) - looking])]);
}

/** ψ that is linear: the output hears target − output, hidden sources hear it through the given matrices, (outputs, sources). */
export function linearTopDown(shape: TopDownShape, feedback: Tensor | null = null): Tensor {
  checkShape(shape);
  const { outputs, sources, units } = shape;
  const eye = (sign: number): Tensor =>
    fromArray(
      Float64Array.from({ length: outputs * outputs }, (_, i) => (i % (outputs + 1) === 0 ? sign : 0)),
      [outputs, outputs],
      'f64',
    );
  const below = feedback ?? zeros([outputs, total(sources)], defaultDtype());
  const dtype = below.dtype;
  const row = (sign: number): Tensor => concat([eye(sign).cast(dtype), mul(below, sign)], 1);
  const rest = zeros([inputsOf(shape) - 2 * outputs, creditsOf(shape)], dtype);
  const straight = concat([row(-1), row(1), rest]);
  const quiet = sizeOfTopDown(shape) - straight.size;
  return units === 0 ? reshape(straight, [-1]) : concat([zeros([quiet], dtype), reshape(straight, [-1])]);
}

function checkShape({ outputs, hidden, sources, units }: TopDownShape): void {
  const areCounts = [outputs, units, ...hidden, ...sources].every((n) => Number.isInteger(n) && n >= 1);
  if (areCounts && sources.length === hidden.length && sources.every((k, l) => k <= hidden[l]!)) return;
  throw new ConfigError(`a top-down network with ${sources.join(', ')} sources for ${hidden.join(', ')} neurons`, {
    sources,
    hidden,
    units,
    help: 'give each hidden layer at least one source and at most as many as it has neurons',
  });
}

/** How k sources on a line reach n neurons on it, (k, n): a bell around every source, each neuron's shares add up to 1; the identity for k = n. */
export function diffusion(k: number, n: number, dtype: 'f32' | 'f64' = defaultDtype()): Tensor {
  const kernel = new Float64Array(k * n);
  const width = n / (2 * k);
  for (let i = 0; i < n; i++) {
    const bells = Array.from({ length: k }, (_, j) =>
      Math.exp(-0.5 * (((j + 0.5) * (n / k) - (i + 0.5)) / width) ** 2),
    );
    bells.forEach((bell, j) => {
      kernel[j * n + i] = k === n ? Number(i === j) : bell / total(bells);
    });
  }
  return fromArray(kernel, [k, n], 'f64').cast(dtype);
}

/** The credits of a top-down network; ψ is (n), or (P, n) for networks whose first leading axis has P entries. */
export function topDownCredits(psi: Tensor, shape: TopDownShape): CreditSource {
  const [A, a, C, c, S] = unpack(psi, shape) as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const dtype = psi.dtype as 'f32' | 'f64';
  return ({ hidden, output }, target) => {
    const lead = output.shape.slice(0, -1);
    const seen = concat([output, broadcastTo(target, output.shape), ...(shape.observeHidden ? hidden : [])], -1);
    const z = psi.rank === 1 ? seen : reshape(seen, [psi.shape[0]!, -1, seen.shape.at(-1)!]); // rows of one member together
    const q = add(add(matmul(tanh(add(matmul(z, A), a)), C), c), matmul(z, S));
    const all = reshape(q, [...lead, creditsOf(shape)]);
    let at = shape.outputs;
    const below = shape.hidden.map((n, l) => {
      const k = shape.sources[l]!;
      const own = sliceAxis(all, -1, at, at + k);
      at += k;
      return k === n ? own : matmul(own, diffusion(k, n, dtype));
    });
    return { output: sliceAxis(all, -1, 0, shape.outputs), hidden: below };
  };
}

function unpack(psi: Tensor, shape: TopDownShape): Tensor[] {
  let at = 0;
  return partsOf(shape).map(([, rows, columns]) => {
    const part = sliceAxis(psi, -1, at, at + rows * columns);
    at += rows * columns;
    return reshape(part, [...psi.shape.slice(0, -1), rows, columns]);
  });
}
