/** The JSON lines of the verbs that run no experiment: one zod schema per type. */
import { z } from 'zod';

const count = z.number().int().nonnegative();
const measured = z.number().nullable();

export const lineSchemas = {
  rule: z.strictObject({
    type: z.literal('rule'),
    id: z.string(),
    aliases: z.array(z.string()),
    nature: z.enum(['exact', 'unbiased', 'biased', 'learner']),
    summary: z.string(),
    paper: z.string(),
  }),
  task: z.strictObject({
    type: z.literal('task'),
    name: z.string(),
    title: z.string(),
    where: z.enum(['made', 'present', 'absent']),
  }),
  model: z.strictObject({ type: z.literal('model'), name: z.string(), summary: z.string() }),
  optimizer: z.strictObject({ type: z.literal('optimizer'), name: z.string() }),
  paper: z.strictObject({
    type: z.literal('paper'),
    slug: z.string(),
    title: z.string(),
    claims: count,
    quick: count,
    methods: z.array(z.string()),
    summary: z.string(),
    paper: z.string(),
  }),
  layer: z.strictObject({ type: z.literal('layer'), kind: z.string(), summary: z.string() }),
  op: z.strictObject({
    type: z.literal('op'),
    name: z.string(),
    version: count,
    differentiable: z.boolean(),
    wasm: z.enum(['kernel', 'host']),
  }),
  leaf: z.strictObject({
    type: z.literal('leaf'),
    path: z.string(),
    shape: z.array(count),
    dtype: z.string(),
    forward: measured,
    reverse: measured,
    forwardOverReverse: measured,
    reverseOverReverse: measured,
    compared: count,
    skipped: count,
    holds: z.boolean(),
  }),
  check: z.strictObject({
    type: z.literal('check'),
    file: z.string(),
    leaves: count,
    failed: count,
    tolerance: z.number(),
    worst: measured,
  }),
  dataset: z.strictObject({
    type: z.literal('dataset'),
    name: z.string(),
    title: z.string(),
    licence: z.string(),
    bytes: count,
    files: count,
    present: count,
    fetchable: z.boolean(),
  }),
  file: z.strictObject({
    type: z.literal('file'),
    set: z.string(),
    path: z.string(),
    status: z.enum(['present', 'fetched', 'ok', 'missing', 'size', 'checksum']),
  }),
  graph: z.strictObject({
    type: z.literal('graph'),
    of: z.string(),
    gradient: z.boolean(),
    outputs: z.array(z.strictObject({ dtype: z.string(), shape: z.array(count) })),
    nodes: count,
    flops: z.number(),
    macs: z.number(),
    trafficBytes: z.number(),
    peakBytes: z.number(),
    svg: z.string(),
    dot: z.string(),
  }),
  report: z.strictObject({ type: z.literal('report'), path: z.string() }),
} as const;

/** A line of these verbs. */
export type Line = { [K in keyof typeof lineSchemas]: z.infer<(typeof lineSchemas)[K]> }[keyof typeof lineSchemas];
