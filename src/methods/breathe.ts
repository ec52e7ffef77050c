/** Lets the event loop turn: progress moves and Ctrl-C is heard while work goes on. */

const EVERY_MS = 25;
let last = 0;

const turn = (): Promise<void> =>
  new Promise((resolve) => (typeof setImmediate === 'function' ? setImmediate(resolve) : setTimeout(resolve, 0)));

/** Returns at once, except every 25 ms, when it waits for one turn of the event loop. */
export async function breathe(): Promise<void> {
  const now = performance.now();
  if (now - last < EVERY_MS) return;
  await turn();
  last = performance.now();
}
