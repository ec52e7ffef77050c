/** What a cross-entropy says of text: bits for each character, and among how many the model wavers. */
import type { LearningTask } from '../methods/learner.ts';

export interface TextMeasures {
  /** The loss in nats over ln 2. */
  readonly bitsPerCharacter?: number | null | undefined;
  /** e to the loss: the number of equally likely characters that would be as hard to tell. */
  readonly perplexity?: number | null | undefined;
}

/** Whether the samples are ids, of characters or words, rather than numbers. */
export const isText = ({ train }: { readonly train: { readonly x: ArrayLike<number> } }): boolean =>
  train.x instanceof Int32Array;

/** Bits and perplexity of a mean loss in nats, for tasks of text; nothing for others. */
export function textMeasures(task: Pick<LearningTask, 'train'>, loss: number | null): TextMeasures {
  if (!isText(task)) return {};
  if (loss === null || !Number.isFinite(loss)) return { bitsPerCharacter: null, perplexity: null };
  return { bitsPerCharacter: loss / Math.LN2, perplexity: Math.exp(loss) };
}
