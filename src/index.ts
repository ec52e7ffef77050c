/** What `import 'cotangent'` offers. */
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
export { type CheckpointOptions, type CheckpointPolicy, checkpoint } from './engine/transforms/checkpoint.ts';
export { cond } from './engine/transforms/cond.ts';
export { customJvp } from './engine/transforms/custom-jvp.ts';
export { customVjp } from './engine/transforms/custom-vjp.ts';
