import { defineParameters, type Parameters } from '../../parameters.js';
import { forestClassification, forestRegression } from '../trees/parameters.js';

const bootstrap = {
  type: 'boolean',
  default: false,
  meaning: 'true: every tree sees as many rows as there are, drawn with replacement; false: each row once',
} as const;

/** scikit-learn's ExtraTreesClassifier, names and defaults. */
export const extraTreesClassifierParameters = defineParameters({ ...forestClassification, bootstrap });

/** scikit-learn's ExtraTreesRegressor, names and defaults. */
export const extraTreesRegressorParameters = defineParameters({ ...forestRegression, bootstrap });

export type ExtraTreesClassifierParameters = Parameters<typeof extraTreesClassifierParameters>;
export type ExtraTreesRegressorParameters = Parameters<typeof extraTreesRegressorParameters>;
