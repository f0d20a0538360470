import { defineParameters, type Parameters } from '../../parameters.js';

export const classifierParameters = defineParameters({
  strategy: {
    type: 'choice',
    default: 'prior',
    choices: ['prior', 'uniform'],
    meaning: 'prior: the classes as often as in training; uniform: every class as likely',
  },
});
export type DummyClassifierParameters = Parameters<typeof classifierParameters>;

export const regressorParameters = defineParameters({
  strategy: {
    type: 'choice',
    default: 'mean',
    choices: ['mean', 'median'],
    meaning: 'what is predicted for every row: the mean or the median of the training targets',
  },
});
export type DummyRegressorParameters = Parameters<typeof regressorParameters>;
