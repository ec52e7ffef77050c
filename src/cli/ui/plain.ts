/** The display where there is no terminal: one line for each event that a reader of a log wants to see. */
import { formatBytes, formatNumber, formatPercent, formatSeconds, formatSi } from '../../plot/units.ts';
import type { ClaimEvent, Event, ProgressEvent, TrialEvent } from '../../run/schema.ts';
import type { TextMeasures } from '../../run/text-measures.ts';
import { clean } from './text.ts';

/** The line of an event; null for what a log is better without. */
export function plainLine(event: Event): string | null {
  switch (event.type) {
    case 'start':
      return `${clean(event.task)}, ${clean(event.model)}: ${event.rules.length} rules × ${event.seeds.length} seeds, profile ${event.profile}`;
    case 'epoch':
      return `${clean(event.rule)} seed ${event.seed} epoch ${event.epoch}: ${measures(event)}, ${formatSeconds(event.seconds)}`;
    case 'result':
      return `${clean(event.rule)} seed ${event.seed} done: ${measures(event)}, ${formatSi(event.flops, 'FLOP')}, ${formatBytes(event.peakBytes)}, ${formatSeconds(event.seconds)}`;
    case 'trial':
      return `${clean(event.rule)} tried ${settings(event.hyper)}: ${measures(event)}`;
    case 'checkpoint':
      return `checkpoint ${clean(event.path)} at step ${event.step}`;
    case 'skip':
      return `${clean(event.rule)} skipped: ${clean(event.reason)}`;
    case 'claim':
      return `${event.holds ? 'holds' : 'not reproduced'}: ${clean(event.paper)} ${clean(event.id)}, ${claimMeasures(event)}`;
    case 'error':
      return `${clean(event.code)}: ${clean(event.message)}`;
    default:
      return null;
  }
}

/** How far a run is that has had nothing else to say for long; `leftMs` is the time that everything may still take, null where that is not known. */
export function progressLine({ rule, seed, step, steps, loss }: ProgressEvent, leftMs: number | null): string {
  const told = loss === null ? '' : `, loss ${formatNumber(loss)}`;
  const left = leftMs === null ? '' : `, about ${formatSeconds(Math.max(1, leftMs / 1000))} left for everything`;
  return `${clean(rule)} seed ${seed}: step ${step} of ${steps}${told}${left}`;
}

/** `learningRate 0.01, scale 2`. */
const settings = (hyper: TrialEvent['hyper']): string =>
  Object.entries(hyper)
    .map(([name, value]) => `${clean(name)} ${typeof value === 'number' ? formatNumber(value) : clean(String(value))}`)
    .join(', ');

const claimMeasures = ({ measured, unit, threshold, seconds }: ClaimEvent): string =>
  `measured ${measured ?? 'nothing'}${unit === '' ? '' : ` ${clean(unit)}`} (${threshold.op} ${threshold.value}), ${formatSeconds(seconds)}`;

interface Measured extends TextMeasures {
  readonly accuracy: number | null;
  readonly loss: number | null;
}

function measures({ accuracy, loss, bitsPerCharacter: bits, perplexity }: Measured): string {
  const text =
    typeof bits === 'number' && typeof perplexity === 'number'
      ? ` (${formatNumber(bits)} bits/char, perplexity ${formatNumber(perplexity)})`
      : '';
  const told = loss === null ? 'diverged' : `loss ${formatNumber(loss)}${text}`;
  return accuracy === null ? told : `accuracy ${formatPercent(accuracy)}, ${told}`;
}
