/** The engine's semi-public face: everything that nn, methods and tools build on. */
import './methods.ts';

export * from './backends/current.ts';
export * from './backends/threads.ts';
export * from './check.ts';
export * from './dag.ts';
export * from './dag-async.ts';
export { sortDag } from './dag-sort.ts';
export { type DebugLevel, setDebug } from './debug.ts';
export * from './dtype.ts';
export * from './errors.ts';
export * from './graph.ts';
export { type Constants, type GraphDocument, graphFromDocument, graphToDocument, opsIn } from './graph-document.ts';
export * from './memory.ts';
export type { TensorMethods } from './methods.ts';
export * from './op.ts';
export * from './ops/activation.ts';
export * from './ops/arithmetic.ts';
export { barrier, barrierOp } from './ops/barrier.ts';
export * from './ops/cast.ts';
export * from './ops/compare.ts';
export * from './ops/constant.ts';
export * from './ops/conv.ts';
export * from './ops/create.ts';
export * from './ops/cumulative.ts';
export * from './ops/dynamic.ts';
export * from './ops/einsum.ts';
export * from './ops/elementary.ts';
export * from './ops/erf.ts';
export * from './ops/exponential.ts';
export * from './ops/extrema.ts';
export * from './ops/fft.ts';
export * from './ops/gather.ts';
export * from './ops/integer.ts';
export * from './ops/iota.ts';
export * as linalg from './ops/linalg.ts';
export * from './ops/logic.ts';
export * from './ops/mask.ts';
export * from './ops/matmul.ts';
export * from './ops/moments.ts';
export * from './ops/movement.ts';
export * from './ops/pack.ts';
export * from './ops/patches.ts';
export * from './ops/piecewise.ts';
export * from './ops/pool.ts';
export {
  maxPoolCodesOp,
  maxPoolWithCodes,
  pickCodesOp,
  type UnpoolOptions,
  unpool,
  unpoolOp,
} from './ops/pool-codes.ts';
export * from './ops/power.ts';
export * from './ops/promote.ts';
export * as random from './ops/random.ts';
export * as randomOps from './ops/random-ops.ts';
export * from './ops/reduce.ts';
export * from './ops/reduce-more.ts';
export * from './ops/rounding.ts';
export * from './ops/scatter.ts';
export * from './ops/segment.ts';
export * from './ops/softmax.ts';
export * from './ops/sort.ts';
export * from './ops/tap.ts';
export * from './ops/triangle.ts';
export * from './ops/trigonometric.ts';
export { type Padding, type Pair, type WindowOptions, type WindowParams, windowOver } from './ops/window.ts';
export { type Applied, type OwnKernel, type OwnOp, op } from './own-op.ts';
export { optimize } from './passes/index.ts';
export { type Residual, residualsOf } from './passes/residuals.ts';
export * from './scalar/index.ts';
export * from './scope.ts';
export * from './shape.ts';
export * from './tensor.ts';
export * from './trace.ts';
export * from './transforms/api.ts';
export { type BranchParams, branchOp } from './transforms/branch.ts';
export { type CallParams, callOp } from './transforms/call.ts';
export {
  type CheckpointOptions,
  type CheckpointPolicy,
  checkpoint,
  checkpointOp,
  type PolicyName,
} from './transforms/checkpoint.ts';
export { cond, condOp } from './transforms/cond.ts';
export { customJvp, customJvpOp } from './transforms/custom-jvp.ts';
export { customVjp, customVjpOp } from './transforms/custom-vjp.ts';
export {
  type DerivativeOptions,
  type FixedPointOptions,
  type FixedPointReport,
  fixedPoint,
  fixedPointOp,
} from './transforms/fixed-point.ts';
export * from './transforms/jit.ts';
export { keptRows } from './transforms/kept-rows.ts';
export { linearCall, linearCallOp } from './transforms/linear-call.ts';
export { contractedHvp, type NodeLike, nodeHvp, pullOf } from './transforms/node-pull.ts';
export { type KeepPolicy, keep, type PullOverride, type PullRules, vjpWith, withPulls } from './transforms/override.ts';
export { type PeakBytes, type PlanReport, type Role, savedBytes, savedValues } from './transforms/plan.ts';
export type { PullNode, PullRule, SavedRule } from './transforms/pull-node.ts';
export { countRules, type RuleCalls } from './transforms/rule-calls.ts';
export { type ScanOptions, scan, scanSteps } from './transforms/scan.ts';
export { type ScanParams, scanOp } from './transforms/scan-op.ts';
export { type UndoParams, undoScanOp } from './transforms/scan-undo.ts';
export { type WhileOptions, whileLoop, whileSteps } from './transforms/while-loop.ts';
export * from './tree.ts';
export type { Tree } from './tree-algebra.ts';
export * as trees from './tree-algebra.ts';
