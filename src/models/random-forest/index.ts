export {
  forestClassifierParameters,
  forestRegressorParameters,
  type RandomForestParameters,
} from './parameters.js';
export { RandomForestClassifier, RandomForestRegressor } from './random-forest.js';
