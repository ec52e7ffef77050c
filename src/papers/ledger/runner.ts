/** Measures the claims of a paper, one after another, and says which hold. */
import { setDefaultDtype } from '../../engine/index.ts';
import { breathe } from '../../methods/breathe.ts';
import type { ClaimEvent, PaperSummary } from '../../run/schema.ts';
import { at, type Claim, type Paper, type Scale, satisfies } from './claim.ts';
import { Lab, type LabOptions } from './lab.ts';

/** Everything a run of a paper leaves behind. */
export interface PaperResult {
  readonly claims: readonly ClaimEvent[];
  readonly summary: PaperSummary;
  readonly figures: Lab['figures'];
  readonly tables: Lab['tables'];
}

export interface ReproduceOptions extends LabOptions {
  /** Only the claims whose ids are listed. */
  readonly only?: readonly string[];
  /** Told of every claim as it is measured. */
  readonly onClaim?: (claim: ClaimEvent, lab: Lab) => void;
}

/** The claims of a paper that are measured at a scale. */
export const claimsAt = (paper: Paper, scale: Scale): readonly Claim[] =>
  paper.claims.filter((c) => c.scales === undefined || c.scales.includes(scale));

/** Measures the claims of a paper; a claim that throws counts as not holding and keeps the reason. */
export async function reproduce(paper: Paper, options: ReproduceOptions): Promise<PaperResult> {
  const lab = new Lab(options);
  const asked = claimsAt(paper, options.scale).filter((c) => options.only?.includes(c.id) ?? true);
  const claims: ClaimEvent[] = [];
  for (const [i, claim] of asked.entries()) {
    lab.step(claim.id, i / asked.length);
    const event = await measureOne(paper, claim, lab);
    claims.push(event);
    options.onClaim?.(event, lab);
    await breathe();
  }
  return { claims, summary: summaryOf(paper, options.scale, claims), figures: lab.figures, tables: lab.tables };
}

async function measureOne(paper: Paper, claim: Claim, lab: Lab): Promise<ClaimEvent> {
  const threshold = at(claim.threshold, lab.scale);
  const started = performance.now();
  let measured = Number.NaN;
  let failure: string | undefined;
  setDefaultDtype('f32');
  try {
    measured = await claim.measure(lab);
  } catch (error) {
    lab.signal?.throwIfAborted();
    failure = error instanceof Error ? error.message : String(error);
  } finally {
    setDefaultDtype('f32');
  }
  const { id, kind, sentence, published, unit } = claim;
  return {
    type: 'claim',
    paper: paper.slug,
    id,
    kind,
    sentence,
    published,
    measured: Number.isFinite(measured) ? measured : null,
    unit,
    threshold,
    expected: at(claim.expected, lab.scale),
    holds: failure === undefined && satisfies(measured, threshold),
    seconds: (performance.now() - started) / 1000,
    ...(claim.why === undefined ? {} : { why: claim.why }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Whether a claim came out other than expected; timings never do, they are only reported. */
export const isUnexpected = ({ kind, holds, expected, failure }: ClaimEvent): boolean =>
  failure !== undefined || (kind !== 'timing' && holds !== (expected === 'holds'));

/** How the claims of a paper came out, in numbers. */
export function summaryOf({ slug }: Pick<Paper, 'slug'>, scale: Scale, claims: readonly ClaimEvent[]): PaperSummary {
  return {
    type: 'summary',
    paper: slug,
    scale,
    claims: claims.length,
    hold: claims.filter((c) => c.holds).length,
    unexpected: claims.filter(isUnexpected).length,
  };
}
