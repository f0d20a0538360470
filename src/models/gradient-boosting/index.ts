export type { CustomLoss } from './custom-loss.js';
export {
  GradientBoostingClassifier,
  GradientBoostingRanker,
  GradientBoostingRegressor,
} from './gradient-boosting.js';
export {
  type BoostingClassifierParameters,
  type BoostingRankerParameters,
  type BoostingRegressorParameters,
  boostingClassifierParameters,
  boostingRankerParameters,
  boostingRegressorParameters,
} from './loss-parameters.js';
export { type GradientBoostingParameters, gradientBoostingParameters } from './parameters.js';
