import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { PANEL, panelCount } from './distance.js';

/**
 * Distances between points by any metric. Numerical policy: f64, coordinate after coordinate in their order, direct
 * differences; lanes hold different points, so that no sum is ever split. A metric is a *form*, what is summed over the
 * coordinates (the reduced distance), and a *finish*, what is done with the sum (a root, an arc). Neighbours are ranked by
 * the reduced distance, which is cheaper and, where the finish rounds two of them to one number, still tells them apart.
 */
export const metricNames = [
  'euclidean',
  'sqeuclidean',
  'cosine',
  'dot',
  'manhattan',
  'chebyshev',
  'hamming',
  'jaccard',
  'haversine',
  'gower',
  'nan-euclidean',
] as const;
export type MetricName = (typeof metricNames)[number];

/** The number by which kernels know a metric. */
export const metricCode = (metric: MetricName): number => metricNames.indexOf(metric);

/** What two points look like to a metric: coordinates from `at` on, `stride` apart. */
export interface Coordinates {
  readonly values: ArrayLike<number>;
  readonly at: number;
  readonly stride: number;
  /** Squared length, for cosine. */
  readonly length: number;
}

/** Gower's columns: `dimension` ranges (0: categories, equal or not), then `dimension` weights. */
export type GowerColumns = ArrayLike<number>;

/** Of every pair, coordinate after coordinate. Not a number, and never a neighbour, only where numbers overflow. */
export function reducedDistance(
  metric: MetricName,
  a: Coordinates,
  b: Coordinates,
  dimension: number,
  columns?: GowerColumns | null,
): number {
  let sum = 0;
  let total = 0;
  for (let j = 0; j < dimension; j++) {
    const x = a.values[a.at + j * a.stride]!;
    const y = b.values[b.at + j * b.stride]!;
    const size = Math.abs(x - y);
    switch (metric) {
      case 'euclidean':
      case 'sqeuclidean':
      case 'haversine':
        sum += size * size;
        break;
      case 'cosine':
      case 'dot':
        sum += x * y;
        break;
      case 'manhattan':
        sum += size;
        break;
      case 'chebyshev':
        if (size > sum) sum = size;
        break;
      case 'hamming':
        if (x !== y) sum += 1;
        break;
      case 'jaccard':
        sum += size;
        total += Math.max(x, y);
        break;
      case 'gower': {
        if (Number.isNaN(x) || Number.isNaN(y)) break;
        const range = columns![j]!;
        const weight = columns![dimension + j]!;
        const apart = range > 0 ? Math.min(1, size / range) : x !== y ? 1 : 0;
        sum += weight * apart;
        total += weight;
        break;
      }
      case 'nan-euclidean':
        if (Number.isNaN(x) || Number.isNaN(y)) break;
        sum += size * size;
        total += 1;
        break;
    }
  }
  switch (metric) {
    case 'dot':
      return 0 - sum;
    case 'cosine': {
      const lengths = a.length * b.length;
      return lengths > 0 ? Math.max(0, Math.min(2, 1 - sum / Math.sqrt(lengths))) : 1;
    }
    case 'hamming':
      return sum / dimension;
    case 'jaccard':
      return total > 0 ? sum / total : 0;
    case 'gower':
      return total > 0 ? sum / total : Number.POSITIVE_INFINITY;
    case 'nan-euclidean':
      return total > 0 ? (sum / total) * dimension : Number.POSITIVE_INFINITY;
    default:
      return sum;
  }
}

/** The distance that a reduced distance stands for. */
export function finishedDistance(metric: MetricName, reduced: number): number {
  if (metric === 'euclidean' || metric === 'nan-euclidean') return Math.sqrt(reduced);
  return metric === 'haversine' ? arcOfChord(reduced) : reduced;
}

/** (asin(x) − x)/x³ as a function of x² up to ¼ (tests/agreement/elementary.py makes the coefficients). */
function arcsineTail(z: number): number {
  let sum = 0.02877844261259304;
  sum = sum * z + -0.014881409392818066;
  sum = sum * z + 0.017419357964884856;
  sum = sum * z + 0.00545087818772055;
  sum = sum * z + 0.010324318288744113;
  sum = sum * z + 0.011478952690257387;
  sum = sum * z + 0.013971235301124539;
  sum = sum * z + 0.017352391265909227;
  sum = sum * z + 0.022372173002005596;
  sum = sum * z + 0.030381944137085216;
  sum = sum * z + 0.04464285714637338;
  sum = sum * z + 0.07499999999998425;
  return sum * z + 0.16666666666666669;
}

const HALF_PI = 1.5707963267948966;

/** The angle between two points of the unit sphere, in radians, of their squared chord in [0, 4]. */
export function arcOfChord(squaredChord: number): number {
  const half = Math.min(1, Math.sqrt(squaredChord) * 0.5);
  if (half <= 0.5) {
    const z = half * half;
    return 2 * (half + half * z * arcsineTail(z));
  }
  const z = (1 - half) * 0.5;
  const root = Math.sqrt(z);
  return 2 * (HALF_PI - 2 * (root + root * z * arcsineTail(z)));
}

/** Points as panels of eight: the first coordinate of eight points, then their second, …; absent ones are 0. */
export function metricPanels(values: ArrayLike<number>, dimension: number): Float64Array {
  const count = dimension === 0 ? 0 : values.length / dimension;
  const panels = new Float64Array(panelCount(count) * PANEL * dimension);
  for (let i = 0; i < count; i++) {
    const at = (i - (i % PANEL)) * dimension + (i % PANEL);
    for (let j = 0; j < dimension; j++) panels[at + j * PANEL] = values[i * dimension + j]!;
  }
  return panels;
}

/** Squared lengths of points, coordinate after coordinate. */
export function squaredLengths(values: ArrayLike<number>, dimension: number): Float64Array {
  const lengths = new Float64Array(dimension === 0 ? 0 : values.length / dimension);
  for (let i = 0; i < lengths.length; i++) {
    let sum = 0;
    for (let j = 0; j < dimension; j++) sum += values[i * dimension + j]! * values[i * dimension + j]!;
    lengths[i] = sum;
  }
  return lengths;
}

/** What every kernel below is given. */
const given = [
  {
    name: 'queries',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.queryCount! * s.dimension!,
    meaning: 'queries, row-major',
  },
  {
    name: 'panels',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => Math.ceil(s.pointCount! / 8) * 8 * s.dimension!,
    meaning: 'the points in panels of eight (metricPanels)',
  },
  {
    name: 'queryLengths',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.queryCount!,
    meaning: 'squared lengths of the queries: cosine alone',
    optional: true,
  },
  {
    name: 'panelLengths',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => Math.ceil(s.pointCount! / 8) * 8,
    meaning: 'squared lengths of the points, 0 behind the last: cosine alone',
    optional: true,
  },
  {
    name: 'columns',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => 2 * s.dimension!,
    meaning: 'ranges of the columns (0: categories), then their weights: gower alone',
    optional: true,
  },
] as const;

const scratch = {
  name: 'values',
  role: 'scratch',
  dtype: 'f64',
  length: () => 2048,
  meaning: 'reduced distances of four queries to a block of points',
} as const;

const shape = [
  { name: 'queryCount', dtype: 'i32', meaning: 'queries' },
  { name: 'pointCount', dtype: 'i32', meaning: 'points' },
  { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point' },
  { name: 'metric', dtype: 'i32', meaning: 'place of the metric in metricNames' },
] as const;

const firstQuery = {
  name: 'firstQuery',
  dtype: 'i32',
  meaning:
    'where the queries are points themselves: the index of the first, so that none finds itself; below 0: nowhere',
} as const;

/** All pairs of a call, as the reference sees them. */
function pairs(
  metric: number,
  queries: Float64Array,
  panels: Float64Array,
  queryLengths: Float64Array | null,
  panelLengths: Float64Array | null,
  columns: Float64Array | null,
  dimension: number,
) {
  const name = metricNames[metric]!;
  const of = (i: number, k: number) =>
    reducedDistance(
      name,
      { values: queries, at: i * dimension, stride: 1, length: queryLengths ? queryLengths[i]! : 0 },
      {
        values: panels,
        at: (k - (k % PANEL)) * dimension + (k % PANEL),
        stride: PANEL,
        length: panelLengths ? panelLengths[k]! : 0,
      },
      dimension,
      columns,
    );
  return { reduced: of, finish: (reduced: number) => finishedDistance(name, reduced) };
}

/** Coordinates that a metric is made for. */
function coordinates(metric: MetricName, length: number, random: CaseRandom, flavour: Flavour): Float64Array {
  const special = [0, -0, 5e-324, 2.2250738585072014e-308, 1e-30, 1e30, -1e150, 3e200];
  const gaps = metric === 'gower' || metric === 'nan-euclidean';
  return Float64Array.from({ length }, () => {
    if (gaps && random.integer(5) === 0) return Number.NaN;
    if (metric === 'jaccard') return flavour === 'constant' ? 0 : random.integer(2);
    if (metric === 'haversine') return random.uniform() * 1.1547 - 0.57735;
    if (flavour === 'special' && random.integer(16) === 0) return special[random.integer(special.length)]!;
    if (flavour === 'ties' || flavour === 'one-bin' || metric === 'hamming') return random.integer(3);
    if (flavour === 'constant') return 0.75;
    if (flavour === 'skewed') return 1e6 + random.normal() * 1e-3;
    return random.normal();
  });
}

function cases(size: number, random: CaseRandom, flavour: Flavour) {
  const large = size >= 8192;
  const metric = large ? 'manhattan' : metricNames[random.integer(metricNames.length)]!;
  const dimension = large ? 32 : 1 + random.integer(6);
  const few = large ? 64 : random.integer(11);
  const queries = coordinates(metric, few * dimension, random, flavour);
  const points = coordinates(metric, size * dimension, random, flavour);
  if (metric === 'haversine' && few > 0 && size > 0) points.set(queries.subarray(0, dimension));
  const panelLengths = new Float64Array(panelCount(size) * PANEL);
  panelLengths.set(squaredLengths(points, dimension));
  const ranges = Array.from({ length: dimension }, () => (random.integer(2) === 0 ? 0 : 1 + random.uniform()));
  const weights = Array.from({ length: dimension }, () => random.integer(4) / 2);
  return {
    scalars: { queryCount: few, pointCount: size, dimension, metric: metricCode(metric) },
    metric,
    queries,
    points,
    buffers: {
      queries,
      panels: metricPanels(points, dimension),
      queryLengths: metric === 'cosine' ? squaredLengths(queries, dimension) : null,
      panelLengths: metric === 'cosine' ? panelLengths : null,
      columns: metric === 'gower' ? Float64Array.from([...ranges, ...weights]) : null,
    },
  };
}

const work = (s: Scalars) => ({
  elements: s.queryCount! * s.pointCount!,
  flops: 2 * s.queryCount! * s.pointCount! * s.dimension!,
});

export const metric_block_f64 = defineKernel({
  name: 'metric_block_f64',
  family: 'distance',
  summary: 'Distances of every query to every point, by any metric.',
  arguments: [
    ...given,
    {
      name: 'out',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.queryCount! * Math.ceil(s.pointCount! / 8) * 8,
      meaning: 'queryCount × points, rounded up to eight',
    },
    ...shape,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (queries, panels, queryLengths, panelLengths, columns, out, queryCount, pointCount, dimension, metric) => {
    const { reduced, finish } = pairs(metric, queries, panels, queryLengths, panelLengths, columns, dimension);
    const line = panelCount(pointCount) * PANEL;
    for (let i = 0; i < queryCount; i++) for (let k = 0; k < line; k++) out[i * line + k] = finish(reduced(i, k));
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = cases(size, random, flavour);
    return { scalars, buffers };
  },
  work,
});

export const metric_nearest_f64 = defineKernel({
  name: 'metric_nearest_f64',
  family: 'distance',
  summary: 'The k nearest points of every query by any metric, nearest first, the lower index first among equals.',
  arguments: [
    ...given,
    {
      name: 'distances',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.queryCount! * s.k!,
      meaning: 'distances; Infinity where fewer than k points lie at a finite distance',
    },
    {
      name: 'indices',
      role: 'out',
      dtype: 'i32',
      length: (s) => s.queryCount! * s.k!,
      meaning: 'indices of the points; −1 where there is none',
    },
    scratch,
    ...shape,
    { name: 'k', dtype: 'i32', meaning: 'neighbours wanted, at least 1' },
    firstQuery,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    ...[queries, panels, queryLengths, panelLengths, columns, distances, indices, _, q, p, dimension, metric, k, first]
  ) => {
    const { reduced, finish } = pairs(metric, queries, panels, queryLengths, panelLengths, columns, dimension);
    distances.fill(Number.POSITIVE_INFINITY);
    indices.fill(-1);
    for (let i = 0; i < q; i++) {
      const last = i * k + k - 1;
      for (let index = 0; index < p; index++) {
        if (first >= 0 && index === first + i) continue;
        const distance = reduced(i, index);
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
    for (let place = 0; place < q * k; place++) {
      if (indices[place]! >= 0) distances[place] = finish(distances[place]!);
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = cases(size, random, flavour);
    const k = size >= 8192 ? 10 : 1 + random.integer(7);
    return { scalars: { ...scalars, k, firstQuery: random.integer(4) - 1 }, buffers };
  },
  work,
});

/** A reduced distance that some of the points lie within. */
function someLimit({ metric, queries, points, scalars: { dimension } }: ReturnType<typeof cases>): number {
  if (queries.length === 0 || points.length === 0) return 1;
  const [[a], [b]] = [squaredLengths(queries, dimension), squaredLengths(points, dimension)];
  const point = (values: Float64Array, length: number) => ({ values, at: 0, stride: 1, length });
  const columns = new Float64Array(2 * dimension).fill(1);
  const limit = reducedDistance(metric, point(queries, a!), point(points, b!), dimension, columns);
  return Number.isFinite(limit) ? limit : 1;
}

const limit = { name: 'limit', dtype: 'f64', meaning: 'the largest reduced distance that counts' } as const;

export const metric_count_f64 = defineKernel({
  name: 'metric_count_f64',
  family: 'distance',
  summary: 'How many points lie within a distance of every query, by any metric.',
  arguments: [
    ...given,
    { name: 'counts', role: 'out', dtype: 'i32', length: (s) => s.queryCount!, meaning: 'points within the limit' },
    scratch,
    ...shape,
    limit,
    firstQuery,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    ...[queries, panels, queryLengths, panelLengths, columns, counts, _, q, p, dimension, metric, highest, first]
  ) => {
    const { reduced } = pairs(metric, queries, panels, queryLengths, panelLengths, columns, dimension);
    for (let i = 0; i < q; i++) {
      let count = 0;
      for (let index = 0; index < p; index++) {
        if (!(first >= 0 && index === first + i) && reduced(i, index) <= highest) count++;
      }
      counts[i] = count;
    }
  },
  inputs: (size, random, flavour) => {
    const made = cases(size, random, flavour);
    const scalars = { ...made.scalars, limit: someLimit(made), firstQuery: random.integer(4) - 1 };
    return { scalars, buffers: made.buffers };
  },
  work,
});

export const metric_within_f64 = defineKernel({
  name: 'metric_within_f64',
  family: 'distance',
  summary:
    'The points within a distance of every query and how far they are, by any metric, in the order of the points.',
  arguments: [
    ...given,
    {
      name: 'places',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.queryCount!,
      meaning: 'by query: where its list begins; afterwards: where it ends',
    },
    { name: 'indices', role: 'out', dtype: 'i32', length: (s) => s.found!, meaning: 'indices of the points, by query' },
    { name: 'distances', role: 'out', dtype: 'f64', length: (s) => s.found!, meaning: 'their distances' },
    scratch,
    ...shape,
    limit,
    firstQuery,
    { name: 'found', dtype: 'i32', meaning: 'points that metric_count_f64 found, over all queries' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (...[queries, panels, queryLengths, panelLengths, columns, places, indices, distances, ...rest]) => {
    const [, q, p, dimension, metric, highest, first] = rest;
    const { reduced, finish } = pairs(metric, queries, panels, queryLengths, panelLengths, columns, dimension);
    for (let i = 0; i < q; i++) {
      let place = places[i]!;
      for (let index = 0; index < p; index++) {
        const distance = reduced(i, index);
        if ((first >= 0 && index === first + i) || !(distance <= highest)) continue;
        indices[place] = index;
        distances[place++] = finish(distance);
      }
      places[i] = place;
    }
  },
  inputs: (size, random, flavour) => {
    const made = cases(size, random, flavour);
    const { buffers, scalars } = made;
    const highest = someLimit(made);
    const first = random.integer(4) - 1;
    const { dimension, metric, queryCount, pointCount } = scalars;
    const { queries, panels, queryLengths, panelLengths, columns } = buffers;
    const { reduced } = pairs(metric, queries, panels, queryLengths, panelLengths, columns, dimension);
    let found = 0;
    const places = new Int32Array(queryCount);
    for (let i = 0; i < queryCount; i++) {
      places[i] = found;
      for (let k = 0; k < pointCount; k++) if (!(first >= 0 && k === first + i) && reduced(i, k) <= highest) found++;
    }
    return { scalars: { ...scalars, limit: highest, firstQuery: first, found }, buffers: { ...buffers, places } };
  },
  work,
});
