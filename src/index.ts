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
