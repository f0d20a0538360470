/** Step 5 (compare) and step 7: metrics, splitters, cross-validation, intervals, tests, reports. */
export { median, quantile, quantileOfSorted } from '../table/statistics.js';
export * from './bootstrap.js';
export {
  adjustedRand,
  calinskiHarabasz,
  daviesBouldin,
  normalizedMutualInformation,
  silhouette,
} from './clustering.js';
export * from './compare.js';
export * from './conformal.js';
export { type ConfusionMatrix, confusionMatrix } from './confusion.js';
export * from './cost.js';
export * from './cross-validate.js';
export * from './curves.js';
export * from './diagnosis.js';
export * from './distributions.js';
export * from './learning-curve.js';
export { hitRateScorer, listsOf, ndcgScorer } from './lists.js';
export type { Mergeable, Scorer } from './metric.js';
export * from './metrics.js';
export { sortedRows } from './order.js';
export { areaUnderRoc, averagePrecision, rank } from './ranking.js';
export * from './recommendation/index.js';
export * from './report.js';
export * from './significance.js';
export * from './splitter.js';
export * from './target.js';
export * from './threshold.js';
export { type TrustworthinessOptions, trustworthiness } from './trustworthiness.js';
