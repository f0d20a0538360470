import { defineParameters, type Parameters } from '../../parameters.js';
import { forestClassification, forestRegression } from '../trees/parameters.js';

const bootstrap = {
  type: 'boolean',
  default: true,
  meaning: 'every tree sees as many rows as there are, drawn with replacement; false: each row once',
} as const;

/** scikit-learn's RandomForestClassifier, names and defaults. */
export const forestClassifierParameters = defineParameters({ ...forestClassification, bootstrap });

/** scikit-learn's RandomForestRegressor, names and defaults. */
export const forestRegressorParameters = defineParameters({ ...forestRegression, bootstrap });

export type RandomForestClassifierParameters = Parameters<typeof forestClassifierParameters>;
export type RandomForestRegressorParameters = Parameters<typeof forestRegressorParameters>;
