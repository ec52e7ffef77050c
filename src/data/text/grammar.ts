/** Sentences drawn from a stochastic grammar, whose entropy is known: text for character models without any file. */
import { ConfigError } from '../../engine/errors.ts';
import { log } from '../../engine/portable.ts';
import { HostRandom, type KeyWords } from '../../engine/threefry.ts';

/** One way to write a symbol: parts that are symbols of the grammar are written in turn, others stand for themselves. */
export interface Production {
  readonly weight: number;
  readonly parts: readonly string[];
}

/** Productions by symbol; text begins with the first symbol, again and again. */
export type Grammar = Readonly<Record<string, readonly Production[]>>;

export interface GrammarFacts {
  /** Nats per character of a long text, and what the best predictor that has seen the whole past reaches. */
  readonly entropy: number;
  /** Nats and characters of one sentence, on average. */
  readonly sentenceNats: number;
  readonly sentenceLength: number;
}

/** Draws text of exactly `length` characters: whole sentences, the last one cut. */
export function grammarText(key: KeyWords, length: number, grammar: Grammar = ENGLISH): string {
  requireGrammar(grammar);
  if (!Number.isInteger(length) || length < 0)
    throw new ConfigError(`a text cannot have ${length} characters`, { length });
  const random = new HostRandom(key);
  const start = Object.keys(grammar)[0]!;
  const sentences: string[] = [];
  for (let n = 0; n < length; n += sentences.at(-1)!.length) sentences.push(write(grammar, start, random));
  return sentences.join('').slice(0, length);
}

function write(grammar: Grammar, start: string, random: HostRandom): string {
  const open = [start];
  let text = '';
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const productions = Object.hasOwn(grammar, part) ? grammar[part]! : undefined;
    if (productions === undefined) text += part;
    else open.push(...choose(productions, random).parts.toReversed());
  }
  return text;
}

function choose(productions: readonly Production[], random: HostRandom): Production {
  let left = random.uniform(0, totalOf(productions));
  for (const production of productions) {
    left -= production.weight;
    if (left < 0) return production;
  }
  return productions.at(-1)!;
}

/**
 * Entropy of a grammar in which no text has two derivations and no sentence begins another one.
 * For each symbol H = Σ p·(−ln p + Σ H of its parts) and length L = Σ p·Σ L of its parts; the rate is H / L of the start
 * (sentences are independent, so this is exact).
 */
export function grammarEntropy(grammar: Grammar = ENGLISH): GrammarFacts {
  requireGrammar(grammar);
  let facts: Record<string, Measure> = Object.fromEntries(
    Object.keys(grammar).map((symbol) => [symbol, { nats: 0, length: 0 }]),
  );
  let last = Number.NaN;
  // The equations are linear; each round adds one level of nesting.
  for (let round = 0; round < 10_000; round++) {
    facts = Object.fromEntries(Object.entries(grammar).map(([symbol, p]) => [symbol, measure(p, facts)]));
    const total = Object.values(facts).reduce((sum, { nats, length }) => sum + nats + length, 0);
    if (total === last) break;
    last = total;
  }
  const { nats, length } = facts[Object.keys(grammar)[0]!]!;
  if (!Number.isFinite(nats) || length > 1e6)
    throw new ConfigError('the sentences of this grammar have no finite length', { help: 'nest with less weight' });
  return { entropy: nats / length, sentenceNats: nats, sentenceLength: length };
}

interface Measure {
  readonly nats: number;
  readonly length: number;
}

function measure(productions: readonly Production[], known: Readonly<Record<string, Measure>>): Measure {
  const total = totalOf(productions);
  let [nats, length] = [0, 0];
  for (const { weight, parts } of productions) {
    const p = weight / total;
    nats -= p * log(p);
    for (const part of parts) {
      const inner = Object.hasOwn(known, part) ? known[part]! : { nats: 0, length: part.length };
      nats += p * inner.nats;
      length += p * inner.length;
    }
  }
  return { nats, length };
}

const totalOf = (productions: readonly Production[]): number =>
  productions.reduce((sum, { weight }) => sum + weight, 0);

function requireGrammar(grammar: Grammar): void {
  const symbols = Object.entries(grammar);
  const bad = symbols.find(([, p]) => p.length === 0 || p.some(({ weight }) => !(weight > 0 && weight < Infinity)));
  if (symbols.length > 0 && bad === undefined) return;
  throw new ConfigError(
    `the grammar has ${bad === undefined ? 'no symbol' : `a symbol "${bad[0]}" without positive weights`}`,
    {
      help: 'give each symbol one production or more, with weights above 0',
    },
  );
}

/** The characters that a grammar can write, in code-point order. */
export function charactersOf(grammar: Grammar = ENGLISH): string[] {
  const literals = Object.values(grammar).flatMap((list) =>
    list.flatMap(({ parts }) => parts.filter((p) => !Object.hasOwn(grammar, p))),
  );
  return [...new Set(literals.join(''))].sort();
}

/** Words with falling weights 1, 1/2, 1/3, …, as in natural text. */
const words = (list: string): Production[] =>
  list.split(' ').map((word, i) => ({ weight: 1 / (i + 1), parts: [word] }));
const way = (weight: number, ...parts: string[]): Production => ({ weight, parts });

/** Short English sentences in which a verb agrees with a subject that may stand far before it; symbols have capitals, text has none. */
export const ENGLISH: Grammar = {
  Sentence: [way(3, 'One', '.\n'), way(3, 'Many', '.\n'), way(1, 'One', ', and ', 'One', '.\n')],
  One: [way(1, 'OneSubject', ' ', 'Sees', ' ', 'Object'), way(1, 'OneSubject', ' ', 'Goes', ' ', 'Where')],
  Many: [way(1, 'ManySubject', ' ', 'See', ' ', 'Object'), way(1, 'ManySubject', ' ', 'Go', ' ', 'Where')],
  OneSubject: [way(3, 'A', 'Thing'), way(1, 'A', 'Thing', ' that ', 'Sees', ' ', 'Object')],
  ManySubject: [way(3, 'the ', 'Things'), way(1, 'the ', 'Things', ' that ', 'See', ' ', 'Object')],
  Object: [way(2, 'A', 'Thing'), way(2, 'the ', 'Things'), way(1, 'A', 'Thing', ' near ', 'Object')],
  A: [way(3, 'a '), way(2, 'this '), way(1, 'every ')],
  Thing: [way(2, 'Noun'), way(1, 'Quality', ' ', 'Noun')],
  Things: [way(2, 'Nouns'), way(1, 'Quality', ' ', 'Nouns')],
  Quality: words('small tiny quick grey brave zealous jolly'),
  Noun: words('fox bird child horse river king farmer ghost'),
  Nouns: words('foxes birds children horses rivers kings farmers ghosts'),
  Sees: words('sees hears follows helps likes carries fears meets'),
  See: words('see hear follow help like carry fear meet'),
  Goes: words('goes comes runs waits exits'),
  Go: words('go come run wait exit'),
  Where: words('home away early slowly quietly up'),
};
