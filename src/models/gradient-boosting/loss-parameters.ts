import { defineParameters, type Parameters } from '../../parameters.js';
import { gradientBoostingParameters } from './parameters.js';

const baseScore = {
  type: 'number',
  default: null,
  nullable: true,
  meaning: 'the prediction that every row starts from, in its own unit; null: the one of least loss',
} as const;

/** scikit-learn's names (HistGradientBoostingRegressor, and GradientBoostingRegressor's alpha), then LightGBM's. */
export const boostingRegressorParameters = defineParameters({
  loss: {
    type: 'choice',
    default: 'squared_error',
    choices: ['squared_error', 'absolute_error', 'quantile', 'huber', 'poisson', 'gamma', 'tweedie', 'custom'],
    meaning: 'what is minimised; custom: functions, which only code can give',
  },
  quantile: {
    type: 'number',
    default: 0.5,
    min: 0,
    max: 1,
    meaning: 'which quantile loss: quantile predicts: 0.9 is above nine targets of ten',
  },
  alpha: {
    type: 'number',
    default: 0.9,
    min: 0,
    max: 1,
    meaning: 'share of the rows whose errors loss: huber squares; of larger ones it counts the size',
  },
  tweedieVariancePower: {
    type: 'number',
    default: 1.5,
    min: 1,
    max: 2,
    meaning: 'loss: tweedie has a variance that grows as this power of the mean; 1 is poisson, 2 gamma',
  },
  baseScore,
  ...gradientBoostingParameters,
});

export const boostingClassifierParameters = defineParameters({
  loss: {
    type: 'choice',
    default: 'log_loss',
    choices: ['log_loss', 'custom'],
    meaning: 'what is minimised; custom: functions for two classes, which only code can give',
  },
  classWeight: {
    type: 'class-weights',
    default: null,
    choices: ['balanced'],
    meaning: 'factors of the weights of each class’s rows; balanced: every class counts alike',
  },
  baseScore: {
    ...baseScore,
    meaning: 'of two classes, the probability of the last that every row starts from; null: its share',
  },
  ...gradientBoostingParameters,
});

/** LightGBM's names. */
export const boostingRankerParameters = defineParameters({
  lambdarankTruncationLevel: {
    type: 'integer',
    default: 30,
    min: 1,
    meaning: 'places of a list that training cares for; a little more than those that are looked at',
  },
  lambdarankNorm: {
    type: 'boolean',
    default: true,
    meaning: 'lists weigh alike, and rows pull less the further their scores are apart',
  },
  evalAt: {
    type: 'integer',
    default: 10,
    min: 1,
    meaning: 'places of a list that the NDCG of the loss curve and of early stopping looks at',
  },
  ...gradientBoostingParameters,
});

export type BoostingRegressorParameters = Parameters<typeof boostingRegressorParameters>;
export type BoostingClassifierParameters = Parameters<typeof boostingClassifierParameters>;
export type BoostingRankerParameters = Parameters<typeof boostingRankerParameters>;
