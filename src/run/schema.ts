/** The JSON Lines every verb writes: one zod schema per line type, the types inferred from them, and a reader that names what is wrong. */
import { z } from 'zod';
import { DataError } from '../engine/errors.ts';

// JSON has no NaN: a diverged loss, an undefined angle and a missing accuracy are written as null.
const measured = z.number().nullable();
const perLayer = z.array(measured);
const count = z.number().int().nonnegative();
const cost = z.number().nonnegative();
const intervalSchema = z.object({ mean: measured, ci95: measured, n: count });

const budgetSchema = z.object({
  kind: z.enum(['epochs', 'steps', 'samples', 'evaluations', 'flops', 'seconds']),
  value: z.number().positive(),
});
// For tasks of text: the loss in bits, and e to the loss in nats.
const ofText = { bitsPerCharacter: measured.optional(), perplexity: measured.optional() };
const machineSchema = z.object({ cpu: z.string(), cores: count, node: z.string() });

const startSchema = z.object({
  type: z.literal('start'),
  task: z.string(),
  model: z.string(),
  budget: budgetSchema,
  rules: z.array(z.string()),
  seeds: z.array(z.number().int()),
  layers: z.array(z.string()),
  profile: z.string(),
  machine: machineSchema,
  version: z.string(),
  optimizer: z.string().optional(),
  batch: count.optional(),
  trials: count.optional(),
});

const progressSchema = z.object({
  type: z.literal('progress'),
  rule: z.string(),
  seed: z.number().int(),
  epoch: count,
  step: count,
  steps: count,
  loss: measured,
});

const epochSchema = z.object({
  type: z.literal('epoch'),
  rule: z.string(),
  seed: z.number().int(),
  epoch: count,
  step: count,
  samples: count,
  trainLoss: measured,
  loss: measured,
  accuracy: measured,
  angleDeg: perLayer,
  normRatio: perLayer,
  flops: cost,
  seconds: cost,
  ...ofText,
});

const resultSchema = z.object({
  type: z.literal('result'),
  rule: z.string(),
  seed: z.number().int(),
  accuracy: measured,
  loss: measured,
  angleDeg: perLayer,
  flops: cost,
  peakBytes: cost,
  seconds: cost,
  normRatio: perLayer.optional(),
  diverged: z.boolean().optional(),
  learningRate: z.number().optional(),
  ...ofText,
});

// A trial of the tuner is measured on held-out training rows, never on the test rows.
const trialSchema = z.object({
  type: z.literal('trial'),
  rule: z.string(),
  trial: count,
  rung: count,
  hyper: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  budget: budgetSchema,
  key: z.tuple([count, count]).readonly(),
  loss: measured,
  accuracy: measured,
  flops: cost,
  seconds: cost,
  status: z.enum(['ok', 'diverged']),
});

const checkpointSchema = z.object({
  type: z.literal('checkpoint'),
  path: z.string(),
  step: count,
  epoch: count,
  hash: z.string(),
});

const ruleSummarySchema = z.object({
  rule: z.string(),
  accuracy: intervalSchema,
  loss: intervalSchema,
  angleDeg: perLayer,
  flops: cost,
  peakBytes: cost,
  seconds: cost,
  learningRate: z.number().optional(),
  diverged: count.optional(),
  bitsPerCharacter: intervalSchema.optional(),
  perplexity: intervalSchema.optional(),
  // Accuracy (loss for regression) averaged over the samples of the run, and updates until it met the target.
  curve: intervalSchema.optional(),
  stepsToTarget: intervalSchema.optional(),
});

// A paired t test over seeds; p is adjusted by Holm for all tests of the summary.
const testSchema = z.object({
  rule: z.string(),
  baseline: z.string(),
  metric: z.enum(['accuracy', 'loss']),
  n: count,
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  pRaw: z.number(),
  p: z.number(),
});

const compareSummarySchema = z.object({
  type: z.literal('summary'),
  task: z.string(),
  model: z.string(),
  budget: budgetSchema,
  rules: z.array(ruleSummarySchema),
  tests: z.array(testSchema).optional(),
  target: z.number().optional(),
  report: z.string().optional(),
});

const skipSchema = z.object({ type: z.literal('skip'), rule: z.string(), reason: z.string() });

const claimSchema = z.object({
  type: z.literal('claim'),
  paper: z.string(),
  id: z.string(),
  kind: z.enum(['identity', 'learning', 'cost', 'timing', 'report']),
  sentence: z.string(),
  published: z.union([z.number(), z.string()]).nullable(),
  measured,
  unit: z.string(),
  threshold: z.object({ op: z.enum(['>=', '<=', '>', '<', '==']), value: z.number() }),
  expected: z.enum(['holds', 'not reproduced']),
  holds: z.boolean(),
  seconds: cost,
  /** Why it is not reproduced, or what must be known beside the number. */
  why: z.string().optional(),
  /** What went wrong while measuring. */
  failure: z.string().optional(),
});

const paperSummarySchema = z.object({
  type: z.literal('summary'),
  paper: z.string(),
  scale: z.enum(['quick', 'full']),
  claims: count,
  hold: count,
  unexpected: count,
});

const timeSchema = z.object({ ms: cost });
const benchSchema = z.object({
  type: z.literal('bench'),
  name: z.string(),
  threads: count,
  ours: timeSchema,
  peer: z.string().nullable(),
  theirs: timeSchema.nullable(),
  ratio: z.number().positive().nullable(),
  gflops: measured,
  share: measured,
  peakBytes: count.nullish(),
  load: z.number().nullish(),
  note: z.string().optional(),
});

const errorSchema = z.object({
  type: z.literal('error'),
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** Every schema by its line type; the two kinds of `summary` are told apart by the field `paper`. */
export const schemas = {
  start: startSchema,
  progress: progressSchema,
  epoch: epochSchema,
  result: resultSchema,
  summary: compareSummarySchema,
  skip: skipSchema,
  trial: trialSchema,
  checkpoint: checkpointSchema,
  claim: claimSchema,
  paperSummary: paperSummarySchema,
  bench: benchSchema,
  error: errorSchema,
} as const;

/** A mean with the half-width of its 95 % interval (null for one seed) over n runs. */
export type Interval = z.infer<typeof intervalSchema>;
export type Budget = z.infer<typeof budgetSchema>;
/** The first line of `compare`: what is about to be run. */
export type StartEvent = z.infer<typeof startSchema>;
/** A live tick of one run; `step` of `steps` counts the whole run; never part of a report. */
export type ProgressEvent = z.infer<typeof progressSchema>;
/** The state of one run when it was measured; epoch counts passes over the rows, a begun one too; step, samples, flops and seconds are cumulative; accuracy is a fraction. */
export type EpochEvent = z.infer<typeof epochSchema>;
/** The end of one run: accuracy as a fraction, angles in degrees per layer, cost of the whole run. */
export type ResultEvent = z.infer<typeof resultSchema>;
export type RuleSummary = z.infer<typeof ruleSummarySchema>;
/** How a rule differs from the baseline over the same seeds. */
export type PairedTest = Readonly<z.infer<typeof testSchema>>;
/** The last line of `compare`: means over seeds per rule. */
export type CompareSummary = z.infer<typeof compareSummarySchema>;
/** A rule that does not support the model, and why. */
export type SkipEvent = z.infer<typeof skipSchema>;
/** One measured claim of a paper. */
export type ClaimEvent = z.infer<typeof claimSchema>;
/** The last line of `reproduce` for one paper. */
export type PaperSummary = z.infer<typeof paperSummarySchema>;
/** One timing beside a peer; ratio = theirs / ours, null when no peer can run it. */
export type BenchEvent = z.infer<typeof benchSchema>;
/** What a verb writes when it refuses or fails. */
export type ErrorEvent = z.infer<typeof errorSchema>;

/** One choice of hyper-parameters tried for one rule; accuracy and loss are those of held-out training rows. */
export type TrialEvent = Readonly<z.infer<typeof trialSchema>>;
/** A checkpoint of `train` that is now on the disk; the hash is that of its tensors. */
export type CheckpointEvent = z.infer<typeof checkpointSchema>;

/** Any line that `compare` writes. */
export type CompareEvent =
  | StartEvent
  | ProgressEvent
  | EpochEvent
  | ResultEvent
  | CompareSummary
  | SkipEvent
  | TrialEvent
  | ErrorEvent;
/** Any line of any verb. */
export type Event = CompareEvent | CheckpointEvent | ClaimEvent | PaperSummary | BenchEvent;

/** Reads one JSON line; fields this version does not know are kept. Throws DataError naming the field that is wrong. */
export function parseLine(line: string, where = 'line'): Event {
  const value = parseJson(line, where);
  const schema = schemaOf(value, where);
  const checked = schema.safeParse(value);
  if (!checked.success) throw fieldError(value, checked.error, where);
  return value as unknown as Event; // the schemas transform nothing, so the input itself is the event
}

/** Reads a file of JSON lines; blank lines are skipped, and so is a last line that was cut off while being written. */
export function parseLines(text: string): Event[] {
  const lines = text.split('\n');
  const last = lines.length - 1;
  return lines.flatMap((line, i) => {
    if (line.trim() === '' || (i === last && !isJson(line))) return [];
    return [parseLine(line, `line ${i + 1}`)];
  });
}

function parseJson(line: string, where: string): Record<string, unknown> {
  if (!isJson(line)) {
    throw new DataError(`${where} is not JSON: ${excerpt(line)}`, {
      help: 'pass the output of a verb run with --json, unchanged',
      line,
    });
  }
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError(`${where} is not a JSON object: ${excerpt(line)}`, { help: 'each line is one object', line });
  }
  return value as Record<string, unknown>;
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function schemaOf(value: Record<string, unknown>, where: string): z.ZodType {
  const { type } = value;
  if (type === 'summary' && 'paper' in value) return schemas.paperSummary;
  if (typeof type === 'string' && type !== 'paperSummary' && Object.hasOwn(schemas, type)) {
    return schemas[type as keyof typeof schemas];
  }
  throw new DataError(`${where} has the unknown type ${JSON.stringify(type)}`, {
    help: `known types are ${Object.keys(schemas)
      .filter((t) => t !== 'paperSummary')
      .join(', ')}`,
    type,
  });
}

function fieldError(value: Record<string, unknown>, error: z.ZodError, where: string): DataError {
  const issue = error.issues[0]!;
  const path = issue.path.map(String).join('.');
  return new DataError(`${where}: field ${path} of a ${String(value.type)} line: ${issue.message}`, {
    help: 'this line was not written by this version; see the line types in the documentation of --json',
    path,
    issues: error.issues.length,
  });
}

const excerpt = (line: string): string => JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
