/** Named scopes and the user's line: what a node remembers of where it came from. */

/** Something that prints as a place in the user's code. */
export interface Site {
  toString(): string;
}

/** Where new nodes say that they come from. */
export interface Place {
  /** Path of named scopes, such as `model/layer0`. */
  readonly path: string;
  /** The site that nodes made from other nodes inherit. */
  readonly site: Site | null;
  /** Whether a backward walk is under way: what is made then belongs to the backward pass. */
  readonly isBackward?: boolean;
}

const NOWHERE: Place = { path: '', site: null };
let place: Place = NOWHERE;

/** Runs `body` with `name` appended to the scope path of every node traced inside. */
export function namedScope<R>(name: string, body: () => R): R {
  return atPlace({ ...place, path: joinScope(place.path, name) }, body);
}

/** Runs `body` at another place: nodes made from a node of another graph keep that node's scope and site. */
export function atPlace<R>(there: Place, body: () => R): R {
  const before = place;
  place = there;
  try {
    return body();
  } finally {
    place = before;
  }
}

/** Runs `body` outside of all named scopes: what is recorded there has paths of its own. */
export const atRoot = <R>(body: () => R): R => atPlace(NOWHERE, body);

export const scopePath = (): string => place.path;

export const isBackwardPass = (): boolean => place.isBackward === true;

/** One path behind another; either may be empty. */
export const joinScope = (outer: string, inner: string): string =>
  outer === '' ? inner : inner === '' ? outer : `${outer}/${inner}`;

const ROOT = import.meta.url.replace(/[^/]+\/[^/]*$/, '').replace('file://', '');

/** A lazily formatted place in the user's code: the first stack frame outside this package. */
class StackSite implements Site {
  readonly #error: Error;
  constructor(error: Error) {
    this.#error = error;
  }
  toString(): string {
    return userFrame(this.#error.stack) ?? '(unknown place)';
  }
}

function captureStack(frames: number): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  const error = new Error();
  Error.stackTraceLimit = limit;
  return error;
}

/** The place in the user's code from which the current op was called, or the one that it inherits. */
export const userSite = (): Site => place.site ?? new StackSite(captureStack(30));

/** The place that nodes made from another node have from it. */
export const inheritedSite = (): Site | null => place.site;

/** The user's line now, `file:line`; null where the stack holds only this package. */
export function userPlace(): string | null {
  return place.site?.toString() ?? userFrame(captureStack(60).stack);
}

/** The first frame of a stack that lies outside this package, as `file:line`. */
export function userFrame(stack: string | undefined): string | null {
  for (const line of (stack ?? '').split('\n').slice(1)) {
    const found = /\(?((?:file:\/\/|https?:\/\/|\/|[A-Z]:\\)[^()]*:\d+):\d+\)?$/.exec(line.trim())?.[1];
    if (found === undefined || line.includes('node:')) continue;
    const isOurs = found.includes(ROOT) && !found.includes('.test.');
    if (!isOurs) return found.replace(/^file:\/\/(?:\/(?=[A-Z]:))?/, '');
  }
  return null;
}
