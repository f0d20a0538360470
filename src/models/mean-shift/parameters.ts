import { defineParameters, type Parameters } from '../../parameters.js';

export const meanShiftParameters = defineParameters({
  bandwidth: {
    type: 'number',
    default: null,
    min: 0,
    above: true,
    nullable: true,
    meaning: 'the radius within which rows draw a centre; null: estimated from the rows (estimateBandwidth)',
  },
  binSeeding: {
    type: 'boolean',
    default: false,
    meaning: 'whether centres begin at the cells of a grid of this bandwidth instead of at every row: much faster',
  },
  minBinFreq: {
    type: 'integer',
    default: 1,
    min: 1,
    meaning: 'with binSeeding: rows that a cell has at least, for a centre to begin there',
  },
  clusterAll: {
    type: 'boolean',
    default: true,
    meaning: 'whether rows farther than the bandwidth from every centre belong to the nearest one all the same',
  },
  maxIter: { type: 'integer', default: 300, min: 1, meaning: 'steps of a centre at most' },
});
export type MeanShiftParameters = Parameters<typeof meanShiftParameters>;
