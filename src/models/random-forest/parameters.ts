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
    default: true,
    meaning: 'every tree sees as many rows as there are, drawn with replacement; false: each row once',
  },
  // Full-grown trees learn by heart what parts many labels best: taxi fares are predicted worse by 8 %.
  categories: { ...categories, default: 'ordered' },
  maxBins: {
    type: 'integer',
    default: 255,
    min: 2,
    max: MOST_BINS,
    meaning: 'bins of a feature at most, missing apart; splits lie between bins',
  },
  binning,
});

/** scikit-learn's RandomForestClassifier, names and defaults. */
export const forestClassifierParameters = defineParameters({
  ...shared,
  criterion: classCriterion,
  maxFeatures: { ...maxFeatures, default: 'sqrt' },
  classWeight: balancedSubsample,
});

/** scikit-learn's RandomForestRegressor, names and defaults; its maxFeatures 1.0 is 'all'. */
export const forestRegressorParameters = defineParameters({
  ...shared,
  criterion: numberCriterion,
  maxFeatures: { ...maxFeatures, default: 'all' },
});

export type RandomForestClassifierParameters = Parameters<typeof forestClassifierParameters>;
export type RandomForestRegressorParameters = Parameters<typeof forestRegressorParameters>;
