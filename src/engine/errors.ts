/** Typed refusals: each carries a code, structured details and a line that says what to try. */
import { userPlace } from './scope.ts';

export interface ErrorDetails {
  /** What to try next, one sentence. */
  readonly help?: string;
  /** The user's line, `file:line`, where an op was called; found when a ShapeError, DtypeError or TracerError is made. */
  readonly at?: string;
  readonly [key: string]: unknown;
}

/** The base of every error this package throws on purpose; `code` is stable and machine-readable. */
export class CotangentError extends Error {
  readonly code: string;
  readonly details: ErrorDetails;
  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super([message, ...lines(details)].join('\n'));
    this.name = code;
    this.code = code;
    this.details = details;
  }
}

const lines = ({ help, at }: ErrorDetails): string[] => [
  ...(help === undefined ? [] : [`  help: ${help}`]),
  ...(at === undefined ? [] : [`  at ${at}`]),
];

type ErrorClass = new (message: string, details?: ErrorDetails) => CotangentError;

const errorClass = (code: string, where: (details: ErrorDetails) => ErrorDetails = (details) => details): ErrorClass =>
  class extends CotangentError {
    constructor(message: string, details: ErrorDetails = {}) {
      super(code, message, where(details));
    }
  };

/** Adds the user's line: only an error that is being thrown pays for a look at the stack. */
function atUserLine(details: ErrorDetails): ErrorDetails {
  const at = details.at ?? userPlace();
  return at === null ? details : { ...details, at };
}

/** Shapes that do not fit; details hold both operands' shapes and the axis. */
export class ShapeError extends errorClass('ShapeError', atUserLine) {}
/** Mixed or unsuitable element types. */
export class DtypeError extends errorClass('DtypeError', atUserLine) {}
/** Reading a value that does not exist yet, because the function is being traced. */
export class TracerError extends errorClass('TracerError', atUserLine) {}
/** A tensor whose buffer was donated to a jitted call. */
export class DonatedError extends errorClass('DonatedError') {}
/** A tensor whose scope has ended. */
export class DisposedError extends errorClass('DisposedError') {}
/** A combination that cannot be, or that a backend does not declare. */
export class UnsupportedError extends errorClass('UnsupportedError') {}
/** A wrong option, unknown name or key. */
export class ConfigError extends errorClass('ConfigError') {}
/** Trees whose structures differ, or leaves that are not tensors. */
export class TreeError extends errorClass('TreeError') {}
/** A file that is truncated, malformed or fails its checksum. */
export class DataError extends errorClass('DataError') {}
/** A checkpoint that cannot be read or belongs to another run. */
export class CheckpointError extends errorClass('CheckpointError') {}
/** NaN or infinity where training cannot go on. */
export class DivergedError extends errorClass('DivergedError') {}
/** A walk over a graph that failed at a node; details hold the node's name, its position and the cause. */
export class WalkError extends errorClass('WalkError') {}
/** More results than an op's declared capacity holds; details hold the op, what is needed and the capacity. */
export class OverflowError extends errorClass('OverflowError') {}
/** A further thread that failed or was lost in the middle of a program. */
export class ThreadError extends errorClass('ThreadError') {}
/** Out of arena memory, or over a declared capacity. */
export class MemoryError extends errorClass('MemoryError') {}
