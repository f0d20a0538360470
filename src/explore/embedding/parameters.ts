import { defineParameters, type Parameters } from '../../parameters.js';

const nComponents = {
  type: 'integer',
  default: 2,
  min: 2,
  max: 3,
  meaning: 'columns that come out: 2 for a picture, or 3',
} as const;

const metric = {
  type: 'choice',
  default: 'euclidean',
  choices: ['euclidean', 'cosine', 'manhattan', 'chebyshev', 'hamming', 'jaccard', 'haversine'],
  meaning: 'distance between rows',
} as const;

export const tsneParameters = defineParameters({
  nComponents,
  perplexity: {
    type: 'number',
    default: 30,
    min: 1,
    meaning: 'effective number of neighbours of a row: small shows what is near, large the whole',
  },
  earlyExaggeration: {
    type: 'number',
    default: 12,
    min: 1,
    meaning: 'how much stronger neighbours attract during the first 250 iterations',
  },
  learningRate: {
    type: 'choice',
    default: 'auto',
    choices: ['auto'],
    orNumber: 1e6,
    meaning: 'length of the steps; auto: rows / earlyExaggeration / 4, at least 50',
  },
  maxIter: { type: 'integer', default: 1000, min: 250, meaning: 'iterations at most, 250 of them exaggerated' },
  nIterWithoutProgress: {
    type: 'integer',
    default: 300,
    min: 1,
    meaning: 'ends after so many iterations in which the divergence did not fall, after the exaggerated ones',
  },
  minGradNorm: { type: 'number', default: 1e-7, min: 0, meaning: 'ends where the gradient is shorter' },
  metric,
  init: {
    type: 'choice',
    default: 'pca',
    choices: ['pca', 'random'],
    meaning: 'where rows are placed at first: by their principal components, or anywhere',
  },
  angle: {
    type: 'number',
    default: 0.5,
    min: 0,
    max: 1,
    meaning: 'distant rows push together where they are seen under a smaller angle; 0: every row for itself',
  },
});
export type TsneParameters = Parameters<typeof tsneParameters>;

export const umapParameters = defineParameters({
  nNeighbors: {
    type: 'integer',
    default: 15,
    min: 2,
    meaning: 'neighbours of a row, itself among them: small shows what is near, large the whole',
  },
  nComponents,
  metric,
  nEpochs: {
    type: 'integer',
    default: null,
    nullable: true,
    min: 1,
    meaning: 'epochs of the layout; null: 500 for up to 10,000 rows, else 200',
  },
  learningRate: { type: 'number', default: 1, min: 0, above: true, meaning: 'length of the first epoch’s steps' },
  init: {
    type: 'choice',
    default: 'spectral',
    choices: ['spectral', 'pca', 'random'],
    meaning: 'where rows are placed at first: by the graph’s eigenvectors, by principal components, or anywhere',
  },
  minDist: { type: 'number', default: 0.1, min: 0, meaning: 'how near to each other rows may lie in the picture' },
  spread: { type: 'number', default: 1, min: 0, above: true, meaning: 'the scale of the picture; at least minDist' },
  repulsionStrength: { type: 'number', default: 1, min: 0, meaning: 'how much rows at random push' },
  negativeSampleRate: { type: 'integer', default: 5, min: 0, meaning: 'rows at random for each neighbour' },
});
export type UmapParameters = Parameters<typeof umapParameters>;
