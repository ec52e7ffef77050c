/** Named scopes and the user's line: what a node remembers of where it came from. */

let path = '';

/** Runs `body` with `name` appended to the scope path of every node traced inside. */
export function namedScope<R>(name: string, body: () => R): R {
  const before = path;
  path = path === '' ? name : `${path}/${name}`;
  try {
    return body();
  } finally {
    path = before;
  }
}

export const scopePath = (): string => path;

const ROOT = new URL('../', import.meta.url).href;

/** A lazily formatted place in the user's code: the first stack frame outside this package. */
class Site {
  readonly #error: Error;
  constructor(error: Error) {
    this.#error = error;
  }
  toString(): string {
    return userFrame(this.#error.stack) ?? '(unknown place)';
  }
}

/** The place in the user's code from which the current op was called. */
export function userSite(): Site {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const site = new Site(new Error());
  Error.stackTraceLimit = limit;
  return site;
}

/** The first frame of a stack that lies outside this package, as `file:line:column`. */
export function userFrame(stack: string | undefined): string | null {
  const root = ROOT.replace('file://', '');
  for (const line of (stack ?? '').split('\n').slice(1)) {
    const place = /\(?((?:file:\/\/|https?:\/\/|\/|[A-Z]:\\)[^()]*:\d+:\d+)\)?$/.exec(line.trim())?.[1];
    if (place === undefined || line.includes('node:')) continue;
    const isOurs = place.includes(root) && !place.includes('.test.');
    if (!isOurs) return place;
  }
  return null;
}
