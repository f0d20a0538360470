import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { PANEL, panelCount, squaredDistance } from './distance.js';
import {
  cosineDistance,
  finishedDistance,
  type MetricName,
  metricCode,
  metricNames,
  reducedDistance,
} from './metric-distance.js';

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
      queries,
      i * dimension,
      panels,
      (k - (k % PANEL)) * dimension + (k % PANEL),
      PANEL,
      dimension,
      queryLengths && panelLengths ? queryLengths[i]! * panelLengths[k]! : 0,
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

/** Moves each point to one of three places far apart, so that most are beyond a limit long before their last coordinate. */
function intoGroups(metric: MetricName, values: Float64Array, dimension: number, random: CaseRandom): void {
  if (metric === 'jaccard' || metric === 'hamming') return;
  for (let at = 0; at < values.length; at += dimension) {
    const shift = 50 * random.integer(3);
    for (let j = 0; j < dimension; j++) values[at + j]! += shift;
  }
}

function cases(size: number, random: CaseRandom, flavour: Flavour) {
  const large = size >= 8192;
  const metric = large ? 'manhattan' : metricNames[random.integer(metricNames.length)]!;
  // Beyond 32 coordinates sums may be left half-way.
  const wide = !large && metric !== 'haversine' && random.integer(8) === 0;
  const dimension = large ? 32 : wide ? 33 + random.integer(70) : 1 + random.integer(6);
  const few = large ? 64 : random.integer(11);
  const queries = coordinates(metric, few * dimension, random, flavour);
  const points = coordinates(metric, size * dimension, random, flavour);
  if (wide) for (const values of [queries, points]) intoGroups(metric, values, dimension, random);
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

/** Where the product form has cancelled to less than this share of |q|² + |p|², direct differences take its place. */
export const NEAR_SHARE = 2 ** -10;
/** What underflow may hide of a squared distance. */
const LEAST_SQUARE = 1e-290;

/** The metrics that `product_distances_f64` knows. */
export const productMetrics = ['euclidean', 'sqeuclidean', 'cosine', 'dot'] as const;
export type ProductMetric = (typeof productMetrics)[number];

const forMetrics = (names: string) => ({ optional: true, meaning: `${names} alone` });

export const product_distances_f64 = defineKernel({
  name: 'product_distances_f64',
  family: 'distance',
  summary:
    'Distances of products: |q|² + |p|² − 2·q·p (or its root), where that is more than a 1024th of |q|² + |p|², direct \
differences where not; 1 − q·p/√(|q|²·|p|²); −q·p.',
  arguments: [
    { ...given[0], ...forMetrics('queries, row-major, for direct differences: euclidean and sqeuclidean') },
    {
      name: 'points',
      role: 'in',
      dtype: 'f64',
      length: (s: Scalars) => s.pointCount! * s.dimension!,
      ...forMetrics('points, row-major, for direct differences: euclidean and sqeuclidean'),
    },
    { ...given[2], ...forMetrics('squared lengths of the queries, less the centre of the products: all but dot') },
    {
      name: 'pointLengths',
      role: 'in',
      dtype: 'f64',
      length: (s: Scalars) => s.pointCount!,
      ...forMetrics('squared lengths of the points, less the centre of the products: all but dot'),
    },
    {
      name: 'out',
      role: 'inout',
      dtype: 'f64',
      length: (s: Scalars) => (s.queryCount! === 0 ? 0 : (s.queryCount! - 1) * s.stride! + s.pointCount!),
      meaning: 'products of queries and points, then distances; what lies between its rows is left alone',
    },
    shape[0],
    shape[1],
    shape[2],
    { name: 'stride', dtype: 'i32', meaning: 'elements between rows of out' },
    { ...shape[3], meaning: 'place of the metric in metricNames: euclidean, sqeuclidean, cosine or dot' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (queries, points, queryLengths, pointLengths, out, queryCount, pointCount, dimension, stride, metric) => {
    const name = metricNames[metric] as ProductMetric;
    for (let i = 0; i < queryCount; i++) {
      for (let k = 0; k < pointCount; k++) {
        const product = out[i * stride + k]!;
        let reduced = 0 - product;
        if (name === 'cosine') reduced = cosineDistance(product, queryLengths![i]! * pointLengths![k]!);
        else if (name !== 'dot') {
          const lengths = queryLengths![i]! + pointLengths![k]!;
          reduced = lengths - 2 * product;
          if (!(reduced > lengths * NEAR_SHARE + LEAST_SQUARE)) {
            reduced = squaredDistance(queries!, i, points!, k, dimension);
          }
        }
        out[i * stride + k] = finishedDistance(name, reduced);
      }
    }
  },
  inputs: (size, random, flavour) => {
    const large = size >= 8192;
    const metric = large ? 'euclidean' : productMetrics[random.integer(productMetrics.length)]!;
    const [few, dimension] = large ? [64, 32] : [random.integer(11), 1 + random.integer(6)];
    const queries = coordinates(metric, few * dimension, random, flavour);
    const points = coordinates(metric, size * dimension, random, flavour);
    const stride = size + (large ? 0 : random.integer(3));
    const out = new Float64Array(few === 0 ? 0 : (few - 1) * stride + size);
    for (let i = 0; i < few; i++) {
      for (let k = 0; k < size; k++) {
        for (let j = 0; j < dimension; j++)
          out[i * stride + k]! += queries[i * dimension + j]! * points[k * dimension + j]!;
      }
    }
    const squares = metric === 'euclidean' || metric === 'sqeuclidean';
    return {
      scalars: { queryCount: few, pointCount: size, dimension, stride, metric: metricCode(metric) },
      buffers: {
        queries: squares ? queries : null,
        points: squares ? points : null,
        queryLengths: metric === 'dot' ? null : squaredLengths(queries, dimension),
        pointLengths: metric === 'dot' ? null : squaredLengths(points, dimension),
        out,
      },
    };
  },
  work: (s) => ({ elements: s.queryCount! * s.pointCount!, flops: 3 * s.queryCount! * s.pointCount! }),
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
  const columns = new Float64Array(2 * dimension).fill(1);
  const limit = reducedDistance(metric, queries, 0, points, 0, 1, dimension, a! * b!, columns);
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
