import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';

/**
 * Squared L2 distances. Numerical policy: every answer (which point is nearest, how far) is that of direct f64
 * differences, added in the order of the dimensions. The expanded form |q|² + |p|² − 2·q·p in f32 is eight times cheaper
 * but cancels, so it only rules candidates out: with a margin for all its rounding, on data that is centred and scaled by
 * a power of two (see `candidateMargin`). What it cannot rule out is computed directly.
 */

/** Points a panel: a panel holds the first coordinate of eight points, then the second of all eight, … */
export const PANEL = 8;

export const panelCount = (points: number): number => Math.ceil(points / PANEL);

/**
 * The share of |q|² + |p|² by which the f32 form may be wrong, twice over: (D + 6)·2^−24 for rounding the coordinates,
 * the products, their sum and the bounds (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1).
 */
export const candidateMargin = (dimension: number): number => (dimension + 8) * 1.1920928955078125e-7;

/** What underflow may add, in units of the scaled data. */
const UNDERFLOW = 8.077935669463161e-28; // 2^-90
/** Beyond this squared length a scaled point is too far out for f32: nothing is ruled out. */
const FAR = 1.2676506002282294e30; // 2^100

/** Points in the form that candidates are found in. */
export interface Candidates {
  /** The points less the centre, times the unit, row-major. */
  readonly rows: Float32Array;
  /** Squared lengths of the rows. */
  readonly lengths: Float64Array;
  /** Lower bounds of them: less the margin. */
  readonly bounds: Float64Array;
}

/** Brings points into the form that candidates are found in. */
export function candidateRows(points: Float64Array, dimension: number, center: Float64Array, unit: number): Candidates {
  const count = dimension === 0 ? 0 : points.length / dimension;
  const rows = new Float32Array(points.length);
  const lengths = new Float64Array(count);
  const bounds = new Float64Array(count);
  const margin = candidateMargin(dimension);
  for (let i = 0; i < count; i++) {
    let length = 0;
    for (let j = 0; j < dimension; j++) {
      const value = (points[i * dimension + j]! - center[j]!) * unit;
      rows[i * dimension + j] = value;
      length += value * value;
    }
    lengths[i] = length;
    bounds[i] = length < FAR ? length * (1 - margin) - UNDERFLOW : Number.NEGATIVE_INFINITY;
  }
  return { rows, lengths, bounds };
}

/** Rows as panels of eight; absent points of the last panel are 0, with a bound that rules them out. */
export function candidatePanels(
  { rows, lengths, bounds }: Candidates,
  dimension: number,
): { panels: Float32Array; panelLengths: Float32Array; panelBounds: Float32Array } {
  const count = bounds.length;
  const panels = new Float32Array(panelCount(count) * PANEL * dimension);
  const panelLengths = new Float32Array(panelCount(count) * PANEL);
  const panelBounds = new Float32Array(panelCount(count) * PANEL).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < count; i++) {
    const at = (i - (i % PANEL)) * dimension + (i % PANEL);
    for (let j = 0; j < dimension; j++) panels[at + j * PANEL] = rows[i * dimension + j]!;
    panelLengths[i] = lengths[i]!;
    panelBounds[i] = bounds[i]!;
  }
  return { panels, panelLengths, panelBounds };
}

/** The power of two that brings the largest distance from the centre, coordinate by coordinate, near 1. */
export function candidateUnit(points: Float64Array, dimension: number, center: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < points.length; i++) {
    const size = Math.abs(points[i]! - center[i % dimension]!);
    if (size > largest) largest = size;
  }
  if (!(largest > 0) || largest === Number.POSITIVE_INFINITY) return 1;
  let unit = 1;
  while (largest * unit > 1 && unit > 2e-150) unit /= 2;
  while (largest * unit <= 0.5 && unit < 5e149) unit *= 2;
  return unit;
}

/** Added in the order of the coordinates. */
export function squaredDistance(a: Float64Array, i: number, b: Float64Array, k: number, dimension: number): number {
  let sum = 0;
  for (let j = 0; j < dimension; j++) {
    const difference = a[i * dimension + j]! - b[k * dimension + j]!;
    sum += difference * difference;
  }
  return sum;
}

/** The k nearest points of every query by direct differences, in the order of their indices: the law of every search. */
export function nearestDirectly(
  asked: Float64Array,
  offered: Float64Array,
  distances: Float64Array,
  indices: Int32Array,
  queryCount: number,
  pointCount: number,
  dimension: number,
  k: number,
): void {
  distances.fill(Number.POSITIVE_INFINITY);
  indices.fill(-1);
  for (let i = 0; i < queryCount; i++) {
    const last = i * k + k - 1;
    for (let index = 0; index < pointCount; index++) {
      const distance = squaredDistance(asked, i, offered, index, dimension);
      if (!(distance < distances[last]!)) continue;
      let place = last;
      while (place > i * k && distances[place - 1]! > distance) {
        distances[place] = distances[place - 1]!;
        indices[place] = indices[place - 1]!;
        place--;
      }
      distances[place] = distance;
      indices[place] = index;
    }
  }
}

/** Finite points of a flavour: `special` strews in values of every size, none so large that nothing can be said. */
export function pointValues(length: number, random: CaseRandom, flavour: Flavour): Float64Array {
  const special = [0, -0, 5e-324, 2.2250738585072014e-308, 1e-30, 1e30, -1e150, 3e200];
  return Float64Array.from({ length }, () => {
    if (flavour === 'special' && random.integer(16) === 0) return special[random.integer(special.length)]!;
    if (flavour === 'ties' || flavour === 'one-bin') return random.integer(3);
    if (flavour === 'constant') return 0.75;
    if (flavour === 'skewed') return 1e6 + random.normal() * 1e-3;
    return random.normal();
  });
}

function searchInputs(
  size: number,
  random: CaseRandom,
  flavour: Flavour,
  few: number,
  dimension = size >= 8192 ? 32 : random.integer(6) + 1,
) {
  const queries = pointValues(few * dimension, random, flavour);
  const points = pointValues(size * dimension, random, flavour);
  // Any centre is right; a good one lies amid the points.
  const center = Float64Array.from({ length: dimension }, (_, j) => points[j] ?? 0);
  const unit = candidateUnit(points, dimension, center);
  const asked = candidateRows(queries, dimension, center, unit);
  const offered = candidatePanels(candidateRows(points, dimension, center, unit), dimension);
  return { dimension, queries, points, unit, asked, offered };
}

const rowsOf = (count: string) => (s: Scalars) => s[count]! * s.dimension!;

const queries = {
  name: 'queries',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.queryCount! * s.dimension!,
  meaning: 'queries, row-major',
} as const;
const points = {
  name: 'points',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.pointCount! * s.dimension!,
  meaning: 'points, row-major',
} as const;
const queryRows = {
  name: 'queryRows',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => s.queryCount! * s.dimension!,
  meaning: 'the queries, centred and scaled (candidateRows)',
} as const;
const panels = {
  name: 'panels',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => Math.ceil(s.pointCount! / 8) * 8 * s.dimension!,
  meaning: 'the points, centred and scaled, in panels of eight (candidatePanels)',
} as const;
const queryBounds = {
  name: 'queryBounds',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.queryCount!,
  meaning: 'lower bounds of the squared lengths of queryRows',
} as const;
const panelBounds = {
  name: 'panelBounds',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => Math.ceil(s.pointCount! / 8) * 8,
  meaning: 'lower bounds of the squared lengths of the panels’ points, Infinity behind the last',
} as const;
const queryCount = { name: 'queryCount', dtype: 'i32', meaning: 'queries' } as const;
const pointCount = { name: 'pointCount', dtype: 'i32', meaning: 'points' } as const;
const dimension = { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point' } as const;
const unit = { name: 'unit', dtype: 'f64', meaning: 'the power of two that scaled the candidates' } as const;

export const l2_block_f32 = defineKernel({
  name: 'l2_block_f32',
  family: 'distance',
  summary: 'Squared distances of every query to every point in the expanded form: (|q|² + |p|²) − 2·q·p, in f32.',
  arguments: [
    { ...queryRows, length: rowsOf('queryCount'), meaning: 'queries, row-major' },
    { ...panels, meaning: 'points in panels of eight' },
    { ...queryBounds, name: 'queryLengths', dtype: 'f32', meaning: 'squared lengths of the queries' },
    { ...panelBounds, name: 'panelLengths', meaning: 'squared lengths of the points, 0 behind the last' },
    {
      name: 'out',
      role: 'out',
      dtype: 'f32',
      length: (s) => s.queryCount! * Math.ceil(s.pointCount! / 8) * 8,
      meaning: 'queryCount × points, rounded up to eight',
    },
    queryCount,
    pointCount,
    dimension,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (asked, offered, queryLengths, pointLengths, out, askedCount, offeredCount, width) => {
    const columns = panelCount(offeredCount) * PANEL;
    for (let i = 0; i < askedCount; i++) {
      for (let k = 0; k < columns; k++) {
        let dot = 0;
        for (let j = 0; j < width; j++) {
          const product = Math.fround(
            asked[i * width + j]! * offered[(k - (k % PANEL)) * width + j * PANEL + (k % PANEL)]!,
          );
          dot = Math.fround(dot + product);
        }
        out[i * columns + k] = Math.fround(Math.fround(queryLengths[i]! + pointLengths[k]!) - Math.fround(2 * dot));
      }
    }
  },
  inputs: (size, random, flavour) => {
    const few = size >= 8192 ? 64 : random.integer(10);
    const made = searchInputs(size, random, flavour === 'special' ? 'plain' : flavour, few);
    const scalars = { queryCount: few, pointCount: size, dimension: made.dimension };
    return {
      scalars,
      buffers: {
        queryRows: made.asked.rows,
        panels: made.offered.panels,
        queryLengths: Float32Array.from(made.asked.lengths),
        panelLengths: made.offered.panelLengths,
      },
    };
  },
  work: (s) => ({
    elements: s.queryCount! * s.pointCount!,
    flops: 2 * s.queryCount! * s.pointCount! * s.dimension!,
  }),
});

export const nearest_points_f64 = defineKernel({
  name: 'nearest_points_f64',
  family: 'distance',
  summary:
    'The k nearest points of every query by squared L2 distance, nearest first, the lower index first among equals.',
  arguments: [
    queries,
    points,
    queryRows,
    panels,
    queryBounds,
    panelBounds,
    {
      name: 'distances',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.queryCount! * s.k!,
      meaning: 'squared distances; Infinity where fewer than k points lie at a finite distance',
    },
    {
      name: 'indices',
      role: 'out',
      dtype: 'i32',
      length: (s) => s.queryCount! * s.k!,
      meaning: 'indices of the points; −1 where there is none',
    },
    {
      name: 'limits',
      role: 'scratch',
      dtype: 'f32',
      length: (s) => s.queryCount! + 8,
      meaning: 'what a candidate’s value may be, by query',
    },
    queryCount,
    pointCount,
    dimension,
    { name: 'k', dtype: 'i32', meaning: 'neighbours wanted, at least 1' },
    unit,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (asked, offered, _rows, _panels, _bounds, _panelBounds, distances, indices, _limits, q, p, width, k) =>
    nearestDirectly(asked, offered, distances, indices, q, p, width, k),
  inputs: (size, random, flavour) => {
    const few = size >= 8192 ? 64 : random.integer(10);
    const made = searchInputs(size, random, flavour, few);
    const k = size >= 8192 ? 10 : 1 + random.integer(Math.max(1, Math.min(size, 7)));
    return {
      scalars: { queryCount: few, pointCount: size, dimension: made.dimension, k, unit: made.unit },
      buffers: {
        queries: made.queries,
        points: made.points,
        queryRows: made.asked.rows,
        panels: made.offered.panels,
        queryBounds: made.asked.bounds,
        panelBounds: made.offered.panelBounds,
      },
    };
  },
  work: (s) => ({
    elements: s.queryCount! * s.pointCount!,
    flops: 2 * s.queryCount! * s.pointCount! * s.dimension!,
  }),
});
