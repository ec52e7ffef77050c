/** Optimisers: building blocks, chains of them, schedules, groups and masks. */
export * from './adaptive.ts';
export * from './belief.ts';
export * from './groups.ts';
export * from './limit.ts';
export * from './masked.ts';
export * from './optimizer.ts';
export * from './presets.ts';
export * from './rate.ts';
export * from './schedule.ts';
export * from './trace.ts';
