export {
  forestClassifierParameters,
  forestRegressorParameters,
  type RandomForestClassifierParameters,
  type RandomForestRegressorParameters,
} from './parameters.js';
export { RandomForestClassifier, RandomForestRegressor } from './random-forest.js';
