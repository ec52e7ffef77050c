/** Errors as plain data, for other threads and for machine-readable output. */
import { CotangentError, type ErrorDetails } from '../engine/index.ts';

export interface Failure {
  readonly code: string;
  /** Without the lines that say what to try and where it happened; these are `details.help` and `details.at`. */
  readonly message: string;
  readonly details: ErrorDetails;
}

/** An error as plain data; an error that nobody threw on purpose keeps its stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CotangentError) {
    const { help, at } = error.details;
    const tail = [help === undefined ? '' : `\n  help: ${help}`, at === undefined ? '' : `\n  at ${at}`].join('');
    return {
      code: error.code,
      message: error.message.slice(0, error.message.length - tail.length),
      details: error.details,
    };
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { code: name, message, details: stack === undefined ? {} : { stack } };
}

/** The error again. */
export const errorOf = ({ code, message, details }: Failure): CotangentError =>
  new CotangentError(code, message, details);
