/** Where claims are measured: a scale, a key, experiments shared between claims, progress, figures and notes. */
import type { Tensor } from '../../engine/index.ts';
import { defaultDtype, setDefaultDtype, tensor } from '../../engine/index.ts';
import { foldIn, type KeyWords, keyFrom } from '../../engine/threefry.ts';
import type { Scale } from './claim.ts';

/** A picture of a measurement. */
export interface Figure {
  /** Kebab case; unique within the paper. */
  readonly name: string;
  readonly caption: string;
  readonly svg: string;
}

/** A table of measured figures that is more than claims can say. */
export interface Table {
  readonly name: string;
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface LabOptions {
  readonly scale: Scale;
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done and how far it is, 0 to 1. */
  readonly progress?: (what: string, done: number | null) => void;
}

export class Lab {
  readonly scale: Scale;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  readonly figures: Figure[] = [];
  readonly tables: Table[] = [];
  readonly #progress: NonNullable<LabOptions['progress']>;
  readonly #experiments = new Map<string, Promise<unknown>>();

  constructor({ scale, seed = 1, signal, progress }: LabOptions) {
    this.scale = scale;
    this.seed = seed;
    this.signal = signal;
    this.#progress = progress ?? (() => {});
  }

  get isQuick(): boolean {
    return this.scale === 'quick';
  }

  /** The value for the scale in use. */
  pick<T>(quick: T, full: T): T {
    return this.isQuick ? quick : full;
  }

  /** Runs an experiment once and gives its result to every claim that asks for it by the same name. */
  once<T>(name: string, run: () => T | Promise<T>): Promise<T> {
    const known = this.#experiments.get(name);
    if (known !== undefined) return known as Promise<T>;
    const running = Promise.resolve().then(run);
    this.#experiments.set(name, running);
    return running;
  }

  /** The key of a purpose, as words: the same name and number give the same key in every claim. */
  words(name: string, n = 0): KeyWords {
    let key = keyFrom(this.seed);
    for (const letter of name) key = foldIn(key, letter.codePointAt(0)!);
    return foldIn(key, n);
  }

  /** The same key as a tensor. */
  key(name: string, n = 0): Tensor {
    return tensor(Uint32Array.from(this.words(name, n)));
  }

  /** Runs work with f64 as the default dtype. */
  async f64<T>(work: () => T | Promise<T>): Promise<T> {
    const before = defaultDtype();
    setDefaultDtype('f64');
    try {
      return await work();
    } finally {
      setDefaultDtype(before);
    }
  }

  /** Says what is being done and how far it is (0 to 1, null for unknown); throws when the run is being stopped. */
  step(what: string, done: number | null = null): void {
    this.signal?.throwIfAborted();
    this.#progress(what, done);
  }

  /** Adds a picture to the report; a later one of the same name takes its place. */
  figure(name: string, caption: string, svg: string): void {
    replace(this.figures, { name, caption, svg });
  }

  /** Adds a table to the report. */
  table(name: string, caption: string, head: Table['head'], rows: Table['rows']): void {
    replace(this.tables, { name, caption, head, rows });
  }
}

function replace<T extends { readonly name: string }>(list: T[], one: T): void {
  const i = list.findIndex((x) => x.name === one.name);
  if (i < 0) list.push(one);
  else list[i] = one;
}
