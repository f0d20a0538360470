export {
  type RadiusClassifierParameters,
  type RadiusRegressorParameters,
  radiusClassifierParameters,
  radiusRegressorParameters,
} from './parameters.js';
export { RadiusNeighborsClassifier, RadiusNeighborsRegressor } from './radius-neighbors.js';
