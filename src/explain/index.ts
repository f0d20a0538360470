/** Why a model predicts what it does: Shapley values, importances, partial dependence. */
export { type ExplainedFeature, type ExplainOptions, type Explanation, explain } from './attribution.js';
export {
  type FeatureImportance,
  featureImportances,
  type ImportanceKind,
  type ImportanceOptions,
  type Importances,
} from './importance.js';
export {
  type GridAxis,
  type PartialDependence,
  type PartialDependenceOptions,
  partialDependence,
} from './partial-dependence.js';
