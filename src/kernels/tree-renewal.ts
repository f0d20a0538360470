import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { realValues } from './gradient-descent.js';
import { laneSum } from './sums.js';

/**
 * What boosting gathers from scattered rows, and what leaves are renewed with: the quantile of the residuals of a leaf
 * where the loss is no sum of squares. A quantile is a value or the middle of two neighbours, so only its place is
 * subject to rounding, and that is decided by sums in ascending order.
 */
const TILE_ROWS = 256;

const dataRows = { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' } as const;
const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows' } as const;
const rows = {
  name: 'rows',
  role: 'in',
  dtype: 'u32',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'indices into the table',
} as const;
const values = {
  name: 'values',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'in any order',
} as const;
const weights = {
  name: 'weights',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'of the values, ≥ 0; absent: 1',
  optional: true,
} as const;

/** Ascending distinct indices below `count`, about two of three. */
function someRows(count: number, random: CaseRandom): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row).filter(() => random.integer(3) > 0);
}

export const values_gather_f64 = defineKernel({
  name: 'values_gather_f64',
  family: 'tree-building',
  summary: 'The values of some rows, or how far they lie from `minuend`: values[row], or minuend[row] − values[row].',
  arguments: [
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of every row' },
    {
      name: 'minuend',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.dataRows!,
      meaning: 'what the values are taken from',
      optional: true,
    },
    rows,
    { name: 'out', role: 'out', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'of the rows, in their order' },
    { name: 'absolute', dtype: 'i32', meaning: '1: without their sign; 0: as they are' },
    dataRows,
    rowCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (column, minuend, indices, out, absolute, _dataRows, count) => {
    for (let i = 0; i < count; i++) {
      const row = indices[i]!;
      const value = minuend ? minuend[row]! - column[row]! : column[row]!;
      out[i] = absolute === 1 ? Math.abs(value) : value;
    }
  },
  inputs: (size, random, flavour) => {
    const indices = someRows(size, random);
    return {
      scalars: { absolute: random.integer(2), dataRows: size, rowCount: indices.length },
      buffers: {
        values: realValues(size, random, flavour),
        minuend: random.integer(2) === 0 ? realValues(size, random, flavour) : null,
        rows: indices,
      },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 28 * s.rowCount! }),
});

export const derivatives_clear_f32 = defineKernel({
  name: 'derivatives_clear_f32',
  family: 'tree-building',
  summary: 'Takes rows out of training: their gradients and hessians become 0.',
  arguments: [
    rows,
    { name: 'gradients', role: 'inout', dtype: 'f32', length: (s) => s.dataRows!, meaning: 'of every row' },
    { name: 'hessians', role: 'inout', dtype: 'f32', length: (s) => s.dataRows!, meaning: 'of every row' },
    dataRows,
    rowCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (indices, gradients, hessians, _dataRows, count) => {
    for (let i = 0; i < count; i++) {
      gradients[indices[i]!] = 0;
      hessians[indices[i]!] = 0;
    }
  },
  inputs: (size, random, flavour) => {
    const indices = someRows(size, random);
    return {
      scalars: { dataRows: size, rowCount: indices.length },
      buffers: {
        rows: indices,
        gradients: Float32Array.from(realValues(size, random, flavour)),
        hessians: Float32Array.from(realValues(size, random, flavour)),
      },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 12 * s.rowCount! }),
});

/** Values with ties, and weights of few and of many sizes. */
function weighedOfCase(size: number, random: CaseRandom, flavour: Flavour) {
  // NaN has no place in an order, and residuals are never NaN.
  const kind = flavour === 'special' ? 'ties' : flavour;
  const weighed = flavour !== 'plain' && random.integer(2) === 0;
  const whole = random.integer(2) === 0;
  return {
    values: realValues(size, random, kind),
    weights: weighed ? Float64Array.from({ length: size }, () => (whole ? random.integer(3) : random.uniform())) : null,
  };
}

export const quantile_select_f64 = defineKernel({
  name: 'quantile_select_f64',
  family: 'tree-building',
  summary:
    'The weighted quantile: the least value at which the weights so far reach level · their sum; where they meet it exactly, the middle between it and the next.',
  source: 'Hyndman and Fan 1996, Sample quantiles in statistical packages, definition 2',
  arguments: [
    values,
    weights,
    {
      name: 'scratch',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'values or places, in changing order',
    },
    { name: 'level', dtype: 'f64', meaning: 'in [0, 1]' },
    rowCount,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (column, rowWeights, _scratch, level, count) => {
    if (count === 0) return 0;
    const weightOf = (place: number) => (rowWeights ? rowWeights[place]! : 1);
    const order = [...column.keys()].filter((place) => weightOf(place) > 0);
    if (order.length === 0) return 0;
    order.sort((a, b) => column[a]! - column[b]! || a - b);
    const total = order.reduce((sum, place) => sum + weightOf(place), 0);
    const limit = level * total;
    let sum = 0;
    for (let i = 0; i < order.length; i++) {
      sum += weightOf(order[i]!);
      if (sum < limit && i + 1 < order.length) continue;
      const value = column[order[i]!]!;
      const next = sum === limit && i + 1 < order.length ? column[order[i + 1]!]! : value;
      // + 0: whether −0 or 0 is found among equals must not show.
      return (next === value ? value : 0.5 * value + 0.5 * next) + 0;
    }
    return 0;
  },
  inputs: (size, random, flavour) => ({
    scalars: { level: [0, 0.1, 0.5, 0.9, 1][random.integer(5)]!, rowCount: size },
    buffers: weighedOfCase(size, random, flavour),
  }),
  work: (s) => ({ elements: s.rowCount!, bytes: 24 * s.rowCount! }),
});

export const clipped_mean_f64 = defineKernel({
  name: 'clipped_mean_f64',
  family: 'tree-building',
  summary: 'center + the weighted mean of value − center, held to ±delta: the step of the Huber loss from a median.',
  source: 'Friedman 2001, Greedy function approximation: a gradient boosting machine, algorithm 4',
  arguments: [
    values,
    weights,
    {
      name: 'tile',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => Math.min(256, s.rowCount! + (s.rowCount! % 2)),
      meaning: 'terms of a tile',
    },
    { name: 'center', dtype: 'f64', meaning: 'mostly the median' },
    { name: 'delta', dtype: 'f64', meaning: '≥ 0' },
    rowCount,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (column, rowWeights, _tile, center, delta, count) => {
    const weightOf = (row: number) => (rowWeights ? rowWeights[row]! : 1);
    let [sum, total] = [0, 0];
    for (let start = 0; start < count; start += TILE_ROWS) {
      const end = Math.min(count, start + TILE_ROWS);
      sum += laneSum(start, end, (row) => {
        const distance = column[row]! - center;
        return weightOf(row) * (distance > delta ? delta : distance < -delta ? -delta : distance);
      });
      total += laneSum(start, end, weightOf);
    }
    return total > 0 ? center + sum / total : center;
  },
  inputs: (size, random, flavour) => ({
    scalars: { center: random.normal(), delta: random.uniform(), rowCount: size },
    buffers: weighedOfCase(size, random, flavour),
  }),
  work: (s) => ({ elements: s.rowCount!, bytes: 16 * s.rowCount! }),
});
