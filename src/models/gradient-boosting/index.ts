export { GradientBoostingClassifier, GradientBoostingRegressor } from './gradient-boosting.js';
export { type GradientBoostingParameters, gradientBoostingParameters } from './parameters.js';
