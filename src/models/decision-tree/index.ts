export { DecisionTreeClassifier, DecisionTreeRegressor } from './decision-tree.js';
export {
  type DecisionTreeClassifierParameters,
  type DecisionTreeRegressorParameters,
  decisionTreeClassifierParameters,
  decisionTreeRegressorParameters,
} from './parameters.js';
