/** What forward-forward rules have in common: how labels enter, what a layer's goodness is, where wrong labels come from. */
import { ConfigError } from '../../engine/index.ts';

/**
 * How a sample carries a class: `overlay` writes it one-hot over the first features; an intrinsic class pattern is appended to the input (`icp-input`) or to the input of every hidden unit
 * (`icp-every-layer`).
 */
export type LabelCode = 'overlay' | 'icp-input' | 'icp-every-layer';

export interface ForwardForwardOptions {
  readonly label?: LabelCode;
  /** Value that marks the class in an overlay. */
  readonly overlay?: number;
  /** Features of a class pattern. */
  readonly patternSize?: number;
  readonly patternLaw?: 'bernoulli' | 'gaussian';
  /** What a unit's input is divided by: its root mean square or its length. */
  readonly norm?: 'rms' | 'length';
  /** Mean or sum of the squared activities of a unit. */
  readonly goodness?: 'mean' | 'sum';
  /** Wrong classes drawn evenly, or in proportion to the root of their goodness. */
  readonly negatives?: 'uniform' | 'hard';
  /** `goodness` answers with the summed goodness of every class; `head` trains the last unit on activities without a label and answers with it. */
  readonly answer?: 'goodness' | 'head';
  /** Hidden units that the summed goodness leaves out, from the input. */
  readonly scoreFrom?: number;
}

export type Settings = Required<ForwardForwardOptions>;

/** Options with everything unsaid filled in; refuses sizes that are none. */
export function settingsOf(name: string, options: ForwardForwardOptions): Settings {
  const settings: Settings = {
    label: 'overlay',
    overlay: 1,
    patternSize: 100,
    patternLaw: 'bernoulli',
    norm: 'rms',
    goodness: 'mean',
    negatives: 'uniform',
    answer: 'goodness',
    scoreFrom: 0,
    ...options,
  };
  const { patternSize, scoreFrom, overlay } = settings;
  if (!(Number.isInteger(patternSize) && patternSize >= 1))
    throw refusal(name, 'patternSize', patternSize, 'a whole number of 1 or more');
  if (!(Number.isInteger(scoreFrom) && scoreFrom >= 0))
    throw refusal(name, 'scoreFrom', scoreFrom, 'a whole number of units');
  if (!(Number.isFinite(overlay) && overlay !== 0)) throw refusal(name, 'overlay', overlay, 'a number other than 0');
  return settings;
}

export const refusal = (rule: string, option: string, value: unknown, wanted: string): ConfigError =>
  new ConfigError(`${rule}: ${option} is ${String(value)}`, { option, value, help: `use ${wanted}` });
