/** One bit per element: which elements are positive, and the gate that such bits open. A whole tensor is packed as one line of u32 words, so that a mask takes ⌈n/32⌉ words. */
import { lowerBitGate, lowerPositiveBits } from '../backends/wasm/lower-mask.ts';
import type { CheckRow } from '../check-row.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import type { MaybeTensor, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import type { Shape } from '../shape.ts';
import { sameShape, showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { FLOATS } from './arithmetic.ts';
import { checkDtypes } from './makers.ts';
import { broadcastTo } from './movement.ts';

export interface MaskParams {
  /** Leading axes that keep lines of their own: those of vmap. */
  readonly lead: number;
}

const WORD = 32;

/** The words of a mask: one line for each instance of the leading axes. */
const wordsShape = (shape: Shape, { lead }: MaskParams): number[] => [
  ...shape.slice(0, lead),
  Math.ceil(sizeOf(shape.slice(lead)) / WORD),
];

/** Visits every element with its word and bit. */
function eachBit(shape: Shape, params: MaskParams, visit: (i: number, word: number, bit: number) => void): void {
  const lines = sizeOf(shape.slice(0, params.lead));
  const length = sizeOf(shape.slice(params.lead));
  const words = Math.ceil(length / WORD);
  for (let line = 0; line < lines; line++)
    for (let k = 0; k < length; k++) visit(line * length + k, line * words + Math.floor(k / WORD), k % WORD);
}

export const positiveBitsOp: Op<MaskParams> = /* @__PURE__ */ defineOp<MaskParams>({
  name: 'positiveBits',
  version: 1,
  infer: ([x], params) => {
    checkDtypes('positiveBits', FLOATS, [x!.dtype]);
    return [{ shape: wordsShape(x!.shape, params), dtype: 'u32' }];
  },
  batch: ({ inputs, params: { lead } }) => ({
    outs: [bind1(positiveBitsOp, inputs, { lead: lead + 1 })],
    batched: [true],
  }),
  cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
  js: ([x], [out], { ins, params }) => {
    out!.fill(0);
    eachBit(ins[0]!.shape, params, (i, word, bit) => {
      if (x![i]! > 0) out![word] = (out![word]! | (1 << bit)) >>> 0;
    });
  },
  wasm: lowerPositiveBits,
});

/** x where the bit is set, else 0: linear in x. */
export const bitGateOp: Op<MaskParams> = /* @__PURE__ */ defineOp<MaskParams>({
  name: 'bitGate',
  version: 1,
  infer: ([x, bits], params) => {
    checkDtypes('bitGate', FLOATS, [x!.dtype]);
    const expected = wordsShape(x!.shape, params);
    if (bits!.dtype !== 'u32')
      throw new DtypeError(`bitGate: bits are u32 words, not ${bits!.dtype}`, { dtype: bits!.dtype });
    if (!sameShape(bits!.shape, expected))
      throw new ShapeError(`bitGate: the bits of ${showShape(x!.shape)} have the shape ${showShape(expected)}`, {
        expected,
        found: bits!.shape,
        help: 'make them with positiveBits of a tensor of the same shape',
      });
    return [{ shape: x!.shape, dtype: x!.dtype }];
  },
  jvp: ({ primals: [, bits], tangents: [dx], params }) => [dx == null ? null : bind1(bitGateOp, [dx, bits!], params)],
  transpose: ({ cts: [ct], inputs: [, bits], params }): MaybeTensor[] => [
    ct == null ? null : bind1(bitGateOp, [ct, bits as Tensor], params),
    null,
  ],
  batch: ({ inputs, batched, size, params: { lead } }) => {
    const all = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    return { outs: [bind1(bitGateOp, all, { lead: lead + 1 })], batched: [true] };
  },
  cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
  js: ([x, bits], [out], { ins, params }) => {
    eachBit(ins[0]!.shape, params, (i, word, bit) => {
      out![i] = (bits![word]! >>> bit) & 1 ? x![i]! : 0;
    });
  },
  wasm: lowerBitGate,
});

/** Which elements are above 0, as ⌈n/32⌉ u32 words over all n elements in row-major order. */
export const positiveBits = (x: Tensor): Tensor => bind1(positiveBitsOp, [x], { lead: 0 });

/** x where its bit is set, 0 elsewhere. */
export const bitGate = (x: Tensor, bits: Tensor): Tensor => bind1(bitGateOp, [x, bits], { lead: 0 });

export const maskChecks: readonly CheckRow[] = [
  { name: 'positiveBits', f: (x) => positiveBits(x!), args: [{ shape: [5, 15] }], order: 0 },
  {
    name: 'positiveBits.lines',
    f: (x) => bind1(positiveBitsOp, [x!], { lead: 1 }),
    args: [{ shape: [3, 70] }],
    order: 0,
  },
  {
    name: 'bitGate',
    f: (x, bits) => bitGate(x!, bits!),
    args: [{ shape: [5, 15] }, { shape: [3], kind: 'u32', domain: [0, 4294967295] }],
  },
  {
    name: 'bitGate.lines',
    f: (x, bits) => bind1(bitGateOp, [x!, bits!], { lead: 1 }),
    args: [{ shape: [3, 70] }, { shape: [3, 3], kind: 'u32', domain: [0, 4294967295] }],
  },
];
