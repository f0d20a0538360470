/** Step 8: spaces, samplers, studies on disk, and the gate. */
import { gridSampler, randomSampler } from './sampler.js';

export * from './gate.js';
export { parameterImportances } from './importance.js';
export type { StudyHeader, Trial } from './journal.js';
export { gridSampler, randomSampler, type Sampler } from './sampler.js';
export * from './space.js';
export type { Study, StudyOptions, TuneResult } from './study.js';
export { type TuneOptions, tune } from './tune.js';
export { type TuneRecommenderOptions, tuneRecommender } from './tune-recommender.js';
export * from './tuned-estimator.js';

/** How the next parameters are chosen, by name. */
export const samplers = { random: randomSampler, grid: gridSampler } as const;
