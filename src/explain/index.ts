/** Why a model predicts what it does: Shapley values, importances, partial dependence. */

export { type ExplainedFeature, type ExplainOptions, type Explanation, explain } from './attribution.js';
export {
  type DendrogramOptions,
  type DrawnNode,
  type DrawnTree,
  type DrawOptions,
  dendrogramSvg,
  drawnTree,
  reachabilitySvg,
  treeSvg,
  treeText,
} from './drawing/index.js';
export {
  type FeatureImportance,
  featureImportances,
  type ImportanceKind,
  type ImportanceOptions,
  type Importances,
} from './importance.js';
export { leadSentence, renderExplanationPage } from './page/page.js';
export { renderExplanationPicture } from './page/picture.js';
export {
  type GridAxis,
  type PartialDependence,
  type PartialDependenceOptions,
  partialDependence,
} from './partial-dependence.js';
export { type ExplanationReport, explanationReport, type ReportOptions } from './report.js';
