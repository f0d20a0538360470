export { MultilayerPerceptronClassifier, MultilayerPerceptronRegressor } from './multilayer-perceptron.js';
export {
  type PerceptronClassifierParameters,
  type PerceptronRegressorParameters,
  perceptronClassifierParameters,
  perceptronRegressorParameters,
} from './parameters.js';
