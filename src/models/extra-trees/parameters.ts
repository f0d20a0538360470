import { defineParameters, type Parameters } from '../../parameters.js';
import {
  balancedSubsample,
  binning,
  categories,
  classCriterion,
  forestParameters,
  MOST_BINS,
  maxFeatures,
  numberCriterion,
  treeParameters,
} from '../trees/parameters.js';

const shared = defineParameters({
  ...forestParameters,
  ...treeParameters,
  bootstrap: {
    type: 'boolean',
    default: false,
    meaning: 'true: every tree sees as many rows as there are, drawn with replacement; false: each row once',
  },
  categories: { ...categories, default: 'ordered' },
  maxBins: {
    type: 'integer',
    default: 255,
    min: 2,
    max: MOST_BINS,
    meaning: 'bins of a feature at most, missing apart; random thresholds part bins',
  },
  binning,
});

/** scikit-learn's ExtraTreesClassifier, names and defaults. */
export const extraTreesClassifierParameters = defineParameters({
  ...shared,
  criterion: classCriterion,
  maxFeatures: { ...maxFeatures, default: 'sqrt' },
  classWeight: balancedSubsample,
});

/** scikit-learn's ExtraTreesRegressor, names and defaults; its maxFeatures 1.0 is 'all'. */
export const extraTreesRegressorParameters = defineParameters({
  ...shared,
  criterion: numberCriterion,
  maxFeatures: { ...maxFeatures, default: 'all' },
});

export type ExtraTreesClassifierParameters = Parameters<typeof extraTreesClassifierParameters>;
export type ExtraTreesRegressorParameters = Parameters<typeof extraTreesRegressorParameters>;
