/** What `import 'cotangent'` offers: tensors, ops, transformations, random numbers, memory, errors. */
import './engine/methods.ts';

export { liveBytes, setBackend, withBackend } from './engine/backends/current.ts';
export { checkGradients } from './engine/check.ts';
export { type DebugLevel, setDebug } from './engine/debug.ts';
export { type Dtype, type FloatDtype, setDefaultDtype, type TypedArray } from './engine/dtype.ts';
export {
  CheckpointError,
  ConfigError,
  CotangentError,
  DataError,
  DisposedError,
  DivergedError,
  DonatedError,
  DtypeError,
  type ErrorDetails,
  MemoryError,
  ShapeError,
  TracerError,
  TreeError,
  UnsupportedError,
} from './engine/errors.ts';
export { costOf, type Graph } from './engine/graph.ts';
export { type Scope, scope, scoped } from './engine/memory.ts';
export { add, div, mul, neg, sub } from './engine/ops/arithmetic.ts';
export { cast } from './engine/ops/cast.ts';
export { eq, ge, gt, le, lt, ne } from './engine/ops/compare.ts';
export { scalar, type TensorLike } from './engine/ops/constant.ts';
export { conv2d } from './engine/ops/conv.ts';
export { full, ones, tensor, zeros } from './engine/ops/create.ts';
export { einsum } from './engine/ops/einsum.ts';
export { exp, log, logistic, softplus, tanh } from './engine/ops/exponential.ts';
export { argmax, argmin, max, min } from './engine/ops/extrema.ts';
export { take } from './engine/ops/gather.ts';
export { arange, oneHot } from './engine/ops/iota.ts';
export { and, not, or, where } from './engine/ops/logic.ts';
export { matmul } from './engine/ops/matmul.ts';
export { mean, norm, variance } from './engine/ops/moments.ts';
export {
  broadcastTo,
  concat,
  expandDims,
  flip,
  moveAxis,
  pad,
  reshape,
  slice,
  sliceAxis,
  squeeze,
  stack,
  transpose,
  zerosLike,
} from './engine/ops/movement.ts';
export { abs, clamp, maximum, minimum, relu } from './engine/ops/piecewise.ts';
export { avgPool, maxPool } from './engine/ops/pool.ts';
export { pow, sqrt, square } from './engine/ops/power.ts';
export * as random from './engine/ops/random.ts';
export { sum } from './engine/ops/reduce.ts';
export { round } from './engine/ops/rounding.ts';
export { logSoftmax, softmax } from './engine/ops/softmax.ts';
export { stopGradient, tap, withTaps } from './engine/ops/tap.ts';
export { cos, sin } from './engine/ops/trigonometric.ts';
export { namedScope } from './engine/scope.ts';
export type { Shape } from './engine/shape.ts';
export { Tensor } from './engine/tensor.ts';
export {
  grad,
  hvp,
  jacobian,
  jvp,
  linearize,
  valueAndGrad,
  vjp,
  vmap,
} from './engine/transforms/api.ts';
export { type CheckpointOptions, type CheckpointPolicy, checkpoint } from './engine/transforms/checkpoint.ts';
export { cond } from './engine/transforms/cond.ts';
export { customJvp } from './engine/transforms/custom-jvp.ts';
export { customVjp } from './engine/transforms/custom-vjp.ts';
export { type FixedPointOptions, type FixedPointReport, fixedPoint } from './engine/transforms/fixed-point.ts';
export { type JitOptions, type Jitted, jit } from './engine/transforms/jit.ts';
export { linearCall } from './engine/transforms/linear-call.ts';
export { type ScanOptions, scan, scanSteps } from './engine/transforms/scan.ts';
export { type WhileOptions, whileLoop, whileSteps } from './engine/transforms/while-loop.ts';
export { leavesOf, mapTree } from './engine/tree.ts';
export * as trees from './engine/tree-algebra.ts';
