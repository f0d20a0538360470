export { ExtraTreesClassifier, ExtraTreesRegressor } from './extra-trees.js';
export {
  type ExtraTreesClassifierParameters,
  type ExtraTreesRegressorParameters,
  extraTreesClassifierParameters,
  extraTreesRegressorParameters,
} from './parameters.js';
