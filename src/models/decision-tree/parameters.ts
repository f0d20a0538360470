import { defineParameters, type Parameters } from '../../parameters.js';
import {
  binning,
  categories,
  classCriterion,
  classWeight,
  MOST_BINS,
  maxFeatures,
  numberCriterion,
  treeParameters,
} from '../trees/parameters.js';

const shared = defineParameters({
  ...treeParameters,
  maxFeatures: { ...maxFeatures, default: 'all' },
  categories: { ...categories, default: 'native' },
  maxBins: {
    type: 'integer',
    default: null,
    min: 2,
    max: MOST_BINS,
    nullable: true,
    meaning: 'bins of a feature at most, missing apart; null: every distinct value in up to 50,000 rows, else 255',
  },
  binning,
});

/** scikit-learn's DecisionTreeClassifier, names and defaults. */
export const decisionTreeClassifierParameters = defineParameters({ criterion: classCriterion, ...shared, classWeight });

/** scikit-learn's DecisionTreeRegressor, names and defaults. */
export const decisionTreeRegressorParameters = defineParameters({ criterion: numberCriterion, ...shared });

export type DecisionTreeClassifierParameters = Parameters<typeof decisionTreeClassifierParameters>;
export type DecisionTreeRegressorParameters = Parameters<typeof decisionTreeRegressorParameters>;
