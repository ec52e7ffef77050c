/** Scalar mode: a traced function of numbers, walked value by value, with its operations counted. */
export {
  constantOf,
  isConstant,
  operationNodes,
  type ScalarGraph,
  traceScalars,
  variedValues,
} from './scalar-graph.ts';
export { type BackwardStep, backwardSteps, gradientsAfter } from './steps.ts';
export { type BackwardOptions, backwardGradients, forwardTangents, forwardValues, type Values } from './sweep.ts';
export { emptyTally, operationsOf, type Tally } from './tally.ts';
