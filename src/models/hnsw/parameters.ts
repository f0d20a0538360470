import { defineParameters, type Parameters } from '../../parameters.js';

export const hnswParameters = defineParameters({
  metric: {
    type: 'choice',
    default: 'euclidean',
    choices: ['euclidean', 'sqeuclidean', 'cosine', 'dot'],
    meaning: 'what near means; dot: the largest inner product is nearest',
  },
  M: {
    type: 'integer',
    default: 16,
    min: 2,
    max: 128,
    meaning: 'links of a row on each level; twice as many on the lowest',
  },
  efConstruction: {
    type: 'integer',
    default: 200,
    min: 1,
    max: 65_536,
    meaning: 'candidates that are kept while a row looks for its neighbours: more is better and slower',
  },
  efSearch: {
    type: 'integer',
    default: 50,
    min: 1,
    max: 65_536,
    meaning: 'candidates that are kept while a query looks for its answers, unless the search says otherwise',
  },
  seed: { type: 'integer', default: 0, min: 0, meaning: 'of the levels of rows' },
});
export type HnswParameters = Parameters<typeof hnswParameters>;
