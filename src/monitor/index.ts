/** Step 10: reference profiles, drift, realised error, verdicts, retraining. */
import { chiSquared } from './chi-squared.js';
import { jensenShannon, wasserstein } from './distances.js';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.js';
import { populationStability } from './population-stability.js';

export { type ChiSquared, chiSquared } from './chi-squared.js';
export * from './distances.js';
export * from './domain-classifier.js';
export * from './drift.js';
export { type KolmogorovSmirnov, kolmogorovSmirnov, kolmogorovTail } from './kolmogorov-smirnov.js';
export * from './monitor.js';
export { benjaminiHochberg } from './multiple-testing.js';
export * from './page-hinkley.js';
export { populationStability, stabilityIndex } from './population-stability.js';
export { buildReference, type ColumnProfile, type ReferenceProfile } from './profile.js';
export * from './quantile-summary.js';
export type { PeriodError, RealisedError } from './realised-error.js';
export {
  monitorRecommender,
  type PopularityDrift,
  popularityOf,
  type RecommenderMonitorOptions,
  type RecommenderMonitorReport,
  type UnknownShare,
} from './recommender.js';
export * from './retrain.js';

/** The drift measures of two columns (categories: of their counts), by name. */
export const driftMeasures = {
  psi: populationStability,
  ks: kolmogorovSmirnov,
  chiSquared,
  wasserstein,
  jensenShannon,
} as const;
