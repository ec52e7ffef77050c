/** Optimisers: building blocks, chains of them, schedules, groups, masks and projections. */
export * from './adaptive.ts';
export * from './adaptive-more.ts';
export * from './groups.ts';
export * from './lazy.ts';
export * from './limit.ts';
export * from './lookahead.ts';
export * from './masked.ts';
export * from './optimizer.ts';
export * from './presets.ts';
export * from './presets-more.ts';
export * from './projected.ts';
export * from './quasi-newton.ts';
export * from './rate.ts';
export * from './schedule.ts';
export * from './trace.ts';
