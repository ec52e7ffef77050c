/** Einstein sums, as a composition of diagonals, sums, products and matrix products; no rules of its own. */
import type { CheckRow } from '../check-row.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { mul } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { matmul } from './matmul.ts';
import { reshape, slice, transpose } from './movement.ts';
import { promote } from './promote.ts';
import { sum } from './reduce.ts';

/** A tensor whose axes carry letters. */
interface Term {
  readonly letters: readonly string[];
  readonly x: Tensor;
}

/**
 * The Einstein sum of some tensors: `einsum('bij,bjk->bik', x, y)` multiplies along equal letters and sums over those that are not in the result.
 *
 * A letter may occur twice in one operand (its diagonal is taken). Products are formed from left to right.
 */
export function einsum(spec: string, ...operands: readonly TensorLike[]): Tensor {
  const { inputs, output } = parse(spec, operands.length);
  const xs = promote(...operands);
  checkExtents(spec, inputs, xs);
  const terms = inputs.map((letters, i) => takeDiagonals({ letters, x: xs[i]! }));
  const product = terms.slice(1).reduce((left, right, i) => {
    const needed = new Set([...output, ...inputs.slice(i + 2).flat()]);
    return multiply(sumOut(left, [...needed, ...right.letters]), sumOut(right, [...needed, ...left.letters]), needed);
  }, terms[0]!);
  return arrange(sumOut(product, output), output);
}

function parse(spec: string, operands: number): { inputs: string[][]; output: string[] } {
  const [left, right, ...rest] = spec.replaceAll(' ', '').split('->');
  if (right === undefined || rest.length > 0)
    throw new ConfigError(`einsum: "${spec}" has no result`, {
      spec,
      help: "write the letters of the result after an arrow: 'ij,jk->ik'",
    });
  const inputs = left!.split(',').map((letters) => [...letters]);
  const output = [...right];
  const strange = [...inputs.flat(), ...output].find((letter) => !/[A-Za-z]/.test(letter));
  if (strange !== undefined)
    throw new ConfigError(`einsum: "${strange}" in "${spec}" is not a letter`, {
      spec,
      letter: strange,
      help: 'axes are named by the letters a–z and A–Z',
    });
  if (inputs.length !== operands)
    throw new ConfigError(`einsum: "${spec}" names ${inputs.length} operands and got ${operands}`, { spec, operands });
  const unknown = output.find((letter) => !inputs.flat().includes(letter));
  if (unknown !== undefined)
    throw new ConfigError(`einsum: the letter ${unknown} of the result is in no operand of "${spec}"`, {
      spec,
      letter: unknown,
    });
  const twice = output.find((letter, i) => output.indexOf(letter) !== i);
  if (twice !== undefined)
    throw new ConfigError(`einsum: the letter ${twice} occurs twice in the result of "${spec}"`, {
      spec,
      letter: twice,
      help: 'a result has each letter once; multiply by eye(n) for a diagonal matrix',
    });
  return { inputs, output };
}

function checkExtents(spec: string, inputs: readonly (readonly string[])[], xs: readonly Tensor[]): void {
  const known = new Map<string, { extent: number; operand: number }>();
  inputs.forEach((letters, operand) => {
    const { shape } = xs[operand]!;
    if (letters.length !== shape.length) {
      throw new ShapeError(
        `einsum: "${letters.join('')}" names ${letters.length} axes and operand ${operand} has the shape ${showShape(shape)}`,
        { spec, operand, shape, help: 'one letter an axis' },
      );
    }
    letters.forEach((letter, axis) => {
      const extent = shape[axis]!;
      const before = known.get(letter);
      if (before !== undefined && before.extent !== extent) {
        throw new ShapeError(
          `einsum: the letter ${letter} is ${before.extent} in operand ${before.operand} and ${extent} in operand ${operand} of "${spec}"`,
          { spec, letter, shapes: xs.map((x) => x.shape), help: 'equal letters have equal extents' },
        );
      }
      known.set(letter, { extent, operand });
    });
  });
}

/** Letters that occur twice in one operand: both axes become their diagonal. */
function takeDiagonals({ letters, x }: Term): Term {
  const second = letters.findIndex((letter, i) => letters.indexOf(letter) !== i);
  if (second < 0) return { letters, x };
  const first = letters.indexOf(letters[second]!);
  const others = letters.map((_, i) => i).filter((i) => i !== first && i !== second);
  const kept = others.map((i) => x.shape[i]!);
  const n = x.shape[first]!;
  const flat = reshape(transpose(x, [...others, first, second]), [...kept, n * n]);
  const diagonal = slice(
    flat,
    flat.shape.map(() => 0),
    flat.shape,
    [...kept.map(() => 1), n + 1],
  ); // (…, n)
  return takeDiagonals({ letters: [...others.map((i) => letters[i]!), letters[first]!], x: diagonal });
}

/** Sums over the axes whose letters are not wanted any more. */
function sumOut({ letters, x }: Term, wanted: readonly string[]): Term {
  const axes = letters.flatMap((letter, i) => (wanted.includes(letter) ? [] : [i]));
  return { letters: letters.filter((letter) => wanted.includes(letter)), x: sum(x, axes) };
}

function multiply(left: Term, right: Term, needed: ReadonlySet<string>): Term {
  const shared = left.letters.filter((letter) => right.letters.includes(letter));
  const batch = shared.filter((letter) => needed.has(letter));
  const contracted = shared.filter((letter) => !needed.has(letter));
  const rows = left.letters.filter((letter) => !shared.includes(letter));
  const columns = right.letters.filter((letter) => !shared.includes(letter));
  const extent = extentsOf(left, right);
  const letters = [...batch, ...rows, ...columns];
  if (contracted.length === 0) {
    const x = reshape(arrange(left, [...batch, ...rows]), [...batch, ...rows].map(extent).concat(columns.map(() => 1)));
    const y = reshape(arrange(right, [...batch, ...columns]), [
      ...batch.map(extent),
      ...rows.map(() => 1),
      ...columns.map(extent),
    ]);
    return { letters, x: mul(x, y) };
  }
  const x = asMatrices(left, batch, rows, contracted);
  const y = asMatrices(right, batch, columns, contracted);
  const z = matmul(x.x, y.x, { transposeX: x.isTurned, transposeY: !y.isTurned });
  return { letters, x: reshape(z, letters.map(extent)) };
}

const extentsOf =
  (...terms: readonly Term[]) =>
  (letter: string): number => {
    const term = terms.find((t) => t.letters.includes(letter))!;
    return term.x.shape[term.letters.indexOf(letter)]!;
  };

/** (batch, free, contracted), or turned round where that saves a copy. */
function asMatrices(
  term: Term,
  batch: readonly string[],
  free: readonly string[],
  contracted: readonly string[],
): { x: Tensor; isTurned: boolean } {
  const isTurned = term.letters.join() === [...batch, ...contracted, ...free].join() && free.length > 0;
  const [inner, last] = isTurned ? [contracted, free] : [free, contracted];
  const extent = extentsOf(term);
  const size = (letters: readonly string[]) => sizeOf(letters.map(extent));
  return { x: reshape(arrange(term, [...batch, ...inner, ...last]), [size(batch), size(inner), size(last)]), isTurned };
}

/** The tensor with its axes in the order of the letters. */
const arrange = ({ letters, x }: Term, order: readonly string[]): Tensor =>
  transpose(
    x,
    order.map((letter) => letters.indexOf(letter)),
  );

export const einsumChecks: readonly CheckRow[] = [
  {
    name: 'einsum.matmul',
    f: (x, y) => einsum('ij,jk->ki', x!, y!),
    args: [{ shape: [2, 3] }, { shape: [3, 4] }],
  },
  {
    name: 'einsum.batch',
    f: (x, y) => einsum('jbi,bkj->bik', x!, y!),
    args: [{ shape: [3, 2, 4] }, { shape: [2, 5, 3] }],
  },
  {
    name: 'einsum.diagonal',
    f: (x, y) => einsum('iji,i->j', x!, y!),
    args: [{ shape: [3, 2, 3] }, { shape: [3] }],
  },
  {
    name: 'einsum.chain',
    f: (x, y, z) => einsum('ab,bc,ad->cd', x!, y!, z!),
    args: [{ shape: [2, 3] }, { shape: [3, 2] }, { shape: [2, 2] }],
  },
  {
    name: 'einsum.outer',
    f: (x, y) => einsum('i,jk->kij', x!, y!),
    args: [{ shape: [2] }, { shape: [3, 2] }],
  },
];
