/** The small program that must give the same answer in Node 20 and in a browser, from the installed package. */
import { CotangentError, ShapeError } from 'cotangent';

/** What the program must answer, everywhere. */
export const expected = { code: 'ShapeError', isOurs: true, message: 'shapes differ\n  help: try another' };

export async function program(): Promise<typeof expected> {
  const error: unknown = new ShapeError('shapes differ', { help: 'try another' });
  if (!(error instanceof CotangentError)) throw new Error('the classes of one package differ');
  return { code: error.code, isOurs: error instanceof Error, message: error.message };
}
