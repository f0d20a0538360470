/** Recommenders: splits by user, lists against what users then met. Splits in time are those of splitter.ts. */
export {
  compareRecommenders,
  pairedScores,
  type RecommenderCandidate,
  type RecommenderComparison,
  type RecommenderComparisonOptions,
  type RecommenderContestant,
} from './compare.js';
export {
  evaluateRecommender,
  type Figure,
  type RecommenderEvaluation,
  type RecommenderEvaluationOptions,
  type UserScores,
} from './evaluate.js';
export { catalogueScores, type ListScores, listScoreNames, scoreList } from './metrics.js';
export { type ListScorer, listMetricNames, listScorer } from './scorers.js';
export { type LeaveOneOutOptions, leaveOneOut, recommendationSplitter, type SplitKind, splitKinds } from './splits.js';
