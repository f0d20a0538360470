export type { PerceptronModel } from './fit.js';
export {
  MultilayerPerceptronClassifier,
  MultilayerPerceptronRegressor,
  type PartialFitOptions,
} from './multilayer-perceptron.js';
export {
  type PerceptronClassifierParameters,
  type PerceptronRegressorParameters,
  perceptronClassifierParameters,
  perceptronRegressorParameters,
} from './parameters.js';
