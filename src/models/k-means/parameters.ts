import { defineParameters, type Parameters } from '../../parameters.js';

/** What k-means and its mini-batch variant share. */
const shared = {
  nClusters: { type: 'integer', default: 8, min: 1, meaning: 'clusters to form', tune: { low: 2, high: 20 } },
  init: {
    type: 'choice',
    default: 'k-means++',
    choices: ['k-means++', 'random'],
    meaning: 'how the first centres are chosen: far from each other, or any rows',
  },
  initialCenters: {
    type: 'numbers',
    default: null,
    nullable: true,
    meaning:
      'the first centres, in place of init: nClusters × features numbers, centre by centre, features in the table’s order',
  },
  nLocalTrials: {
    type: 'integer',
    default: null,
    nullable: true,
    min: 1,
    meaning: 'k-means++: rows drawn for each centre, of which the best is taken; null: 2 + ⌊ln nClusters⌋',
  },
} as const;

export const kMeansParameters = defineParameters({
  ...shared,
  algorithm: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'lloyd', 'elkan', 'hamerly'],
    meaning:
      'which distances are looked at: all (lloyd), or those that bounds leave open (elkan: a bound for every centre; hamerly: one for all others). The result is the same; auto: hamerly',
  },
  nInit: { type: 'integer', default: 1, min: 1, meaning: 'runs from different first centres; the best is kept' },
  maxIter: { type: 'integer', default: 300, min: 1, meaning: 'iterations of a run at most' },
  tol: {
    type: 'number',
    default: 1e-4,
    min: 0,
    meaning: 'stops where the centres move less than this share of the mean variance of the features',
  },
});
export type KMeansParameters = Parameters<typeof kMeansParameters>;

export const miniBatchKMeansParameters = defineParameters({
  ...shared,
  batchSize: {
    type: 'integer',
    default: 1024,
    min: 1,
    meaning: 'rows a step',
    tune: { low: 256, high: 8192, log: true },
  },
  nInit: {
    type: 'integer',
    default: 3,
    min: 1,
    meaning: 'first centres that are tried on initSize rows; training goes on from the best',
  },
  initSize: {
    type: 'integer',
    default: null,
    nullable: true,
    min: 1,
    meaning: 'rows that first centres are chosen from; null: 3·batchSize, and 3·nClusters at least',
  },
  maxIter: { type: 'integer', default: 100, min: 1, meaning: 'passes over as many rows as there are, at most' },
  tol: {
    type: 'number',
    default: 0,
    min: 0,
    meaning: 'stops where the smoothed movement of the centres is less than this share of the mean variance; 0: never',
  },
  maxNoImprovement: {
    type: 'integer',
    default: 10,
    nullable: true,
    min: 1,
    meaning: 'stops after so many steps that do not lower the smoothed inertia; null: never',
  },
  reassignmentRatio: {
    type: 'number',
    default: 0.01,
    min: 0,
    meaning: 'centres with less than this share of the rows of the largest are put on other rows from time to time',
  },
});
export type MiniBatchKMeansParameters = Parameters<typeof miniBatchKMeansParameters>;
