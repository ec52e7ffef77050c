/** The small program that must give the same answer in Node 20 and in a browser, from the installed package. */
import { CotangentError, grad, jit, mean, ShapeError, square, sub, type Tensor, tensor, vmap } from 'cotangent';

/** What the program must answer, everywhere; every number is exact in binary. */
export const expected = {
  code: 'ShapeError',
  isOurs: true,
  message: 'shapes differ',
  gradient: [1, -1, 3],
  jitted: [1, -1, 3],
  mapped: [
    [1, -1, 3],
    [0, -2, 2],
  ],
  chained: 5,
};

/** d/dx mean((x − y)²)·3/2 = x − y for three elements. */
const target = [1, 2, -1];
const loss = (x: Tensor): Tensor => mean(square(sub(x, tensor(target)))).mul(1.5);

export async function program(): Promise<typeof expected> {
  const error: unknown = new ShapeError('shapes differ', { help: 'try another' });
  if (!(error instanceof CotangentError)) throw new Error('the classes of one package differ');
  const x = tensor([2, 1, 2]);
  const rows = tensor([
    [2, 1, 2],
    [1, 0, 1],
  ]);
  const numbers = async (t: Tensor): Promise<number[]> => [...(await t.read())];
  const mapped = await numbers(jit(vmap(grad(loss)))(rows));
  return {
    code: error.code,
    isOurs: error instanceof Error,
    message: error.message.split('\n')[0]!,
    gradient: await numbers(grad(loss)(x)),
    jitted: await numbers(jit(grad(loss))(x)),
    mapped: [mapped.slice(0, 3), mapped.slice(3)],
    chained: (await x.sum().read())[0]!,
  };
}
