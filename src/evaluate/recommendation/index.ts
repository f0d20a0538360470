/** Recommenders: splits by user, lists against what users then met. Splits in time are those of splitter.ts. */
export {
  evaluateRecommender,
  type Figure,
  type RecommenderEvaluation,
  type RecommenderEvaluationOptions,
} from './evaluate.js';
export { catalogueScores, type ListScores, listScoreNames, scoreList } from './metrics.js';
export { type LeaveOneOutOptions, leaveOneOut } from './splits.js';
