import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';

/**
 * Hierarchies of points. Points lie coordinate by coordinate (the first coordinate of all points, then the second …), so that
 * one point meets many at a time; a distance's terms are added in the order of the coordinates. A condensed matrix holds the
 * distances of all pairs i < k, row by row: (0, 1) … (0, n − 1), (1, 2) ….
 */

/** In the order of their codes. `cosine` is of points of length 1 (or 0), so that it is one less the inner product. */
export const linkageMetrics = ['euclidean', 'manhattan', 'chebyshev', 'cosine'] as const;
export type LinkageMetric = (typeof linkageMetrics)[number];

/** How the distance of a merged cluster follows from those of its parts, in the order of their codes. */
export const linkages = ['ward', 'complete', 'average'] as const;
export type Linkage = (typeof linkages)[number];

/** Where the pair (i, k), i < k, of `count` points stands in a condensed matrix. */
export function condensedIndex(count: number, i: number, k: number): number {
  return i * count - (i * (i + 1)) / 2 + (k - i - 1);
}

/** Entries of the rows [rowStart, rowEnd). */
const rowEntries = (s: Scalars) => ((s.rowEnd! - s.rowStart!) * (2 * s.pointCount! - s.rowStart! - s.rowEnd! - 1)) / 2;

function distanceOf(
  coordinates: Float64Array,
  count: number,
  dimension: number,
  metric: LinkageMetric,
  a: number,
  b: number,
): number {
  let sum = 0;
  for (let j = 0; j < dimension; j++) {
    const [x, y] = [coordinates[j * count + a]!, coordinates[j * count + b]!];
    const difference = x - y;
    if (metric === 'euclidean') sum += difference * difference;
    else if (metric === 'manhattan') sum += Math.abs(difference);
    else if (metric === 'cosine') sum += x * y;
    else sum = Math.max(sum, Math.abs(difference));
  }
  if (metric === 'euclidean') return Math.sqrt(sum);
  if (metric !== 'cosine') return sum;
  const distance = 1 - sum;
  if (distance > 0) return distance;
  return 0; // where sums overflow to NaN, too
}

const coordinates = {
  name: 'coordinates',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.dimension! * s.pointCount!,
  meaning: 'points, coordinate by coordinate',
} as const;
const sizes = {
  name: 'sizes',
  role: 'in',
  dtype: 'i32',
  length: (s: Scalars) => s.pointCount!,
  meaning: 'points of each cluster; 0: merged into another',
} as const;
const pointCount = { name: 'pointCount', dtype: 'i32', meaning: 'points' } as const;
const dimension = { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point' } as const;
const metric = {
  name: 'metric',
  dtype: 'i32',
  meaning: '0 euclidean, 1 manhattan, 2 chebyshev, 3 cosine (of points of length 1)',
} as const;

function pointsFor(count: number, width: number, random: CaseRandom, flavour: Flavour): Float64Array {
  const special = [0, -0, 5e-324, 1e-30, 1e30, -1e150, 3e200];
  return Float64Array.from({ length: count * width }, () => {
    if (flavour === 'special' && random.integer(16) === 0) return special[random.integer(special.length)]!;
    if (flavour === 'ties' || flavour === 'one-bin') return random.integer(3);
    if (flavour === 'constant') return 0.75;
    if (flavour === 'skewed') return 1e6 + random.normal() * 1e-3;
    return random.normal();
  });
}

/** Distances as they may stand in a condensed matrix. */
function condensedFor(count: number, random: CaseRandom, flavour: Flavour): Float64Array {
  return Float64Array.from({ length: (count * (count - 1)) / 2 }, () => {
    if (flavour === 'special' && random.integer(16) === 0)
      return [0, 5e-324, 1e200, Number.POSITIVE_INFINITY][random.integer(4)]!;
    if (flavour === 'ties' || flavour === 'one-bin') return random.integer(3);
    return flavour === 'constant' ? 0.75 : random.uniform();
  });
}

function sizesFor(count: number, random: CaseRandom, flavour: Flavour): Int32Array {
  const few = flavour === 'skewed' ? 12 : 2;
  return Int32Array.from({ length: count }, () =>
    random.integer(few) === 0 ? 1 + random.integer(9) : random.integer(2),
  );
}

/** A condensed matrix grows with the square of its points: so many for the bench, fewer for tests. */
const MOST_POINTS = 2048;
const pointsOfSize = (size: number) => (size === MOST_POINTS ? MOST_POINTS : Math.min(size, 400));

export const condense_distances_f64 = defineKernel({
  name: 'condense_distances_f64',
  family: 'distance',
  summary: 'Rows of the condensed matrix of all distances between points.',
  arguments: [
    coordinates,
    {
      name: 'distances',
      role: 'out',
      dtype: 'f64',
      length: (s) => ((s.rowEnd! - s.rowStart!) * (2 * s.pointCount! - s.rowStart! - s.rowEnd! - 1)) / 2,
      meaning: 'entries of the rows, of which point i has pointCount − 1 − i',
    },
    pointCount,
    dimension,
    metric,
    { name: 'rowStart', dtype: 'i32', meaning: 'first row' },
    { name: 'rowEnd', dtype: 'i32', meaning: 'one behind the last row' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, distances, count, width, code, rowStart, rowEnd) => {
    let at = 0;
    for (let i = rowStart; i < rowEnd; i++) {
      for (let k = i + 1; k < count; k++)
        distances[at++] = distanceOf(values, count, width, linkageMetrics[code]!, i, k);
    }
  },
  inputs: (size, random, flavour) => {
    const count = pointsOfSize(size);
    const width = size === MOST_POINTS ? 16 : random.integer(7);
    const rowStart = size === MOST_POINTS ? 0 : random.integer(count + 1);
    const rowEnd = Math.min(count, rowStart + (size === MOST_POINTS ? 256 : random.integer(9)));
    return {
      scalars: { pointCount: count, dimension: width, metric: random.integer(4), rowStart, rowEnd },
      buffers: { coordinates: pointsFor(count, width, random, flavour) },
    };
  },
  work: (s) => ({ elements: rowEntries(s), flops: 3 * rowEntries(s) * s.dimension! }),
  benchSize: MOST_POINTS,
});

export const nearest_condensed_f64 = defineKernel({
  name: 'nearest_condensed_f64',
  family: 'distance',
  summary:
    'The nearest living cluster of one: `previous` where it is among the nearest, else the first of them; −1 where none lies at a finite distance.',
  source:
    'The step of a nearest-neighbour chain: Müllner, "Modern hierarchical, agglomerative clustering algorithms", 2011.',
  arguments: [
    {
      name: 'matrix',
      role: 'in',
      dtype: 'f64',
      length: (s) => (s.pointCount! * (s.pointCount! - 1)) / 2,
      meaning: 'condensed distances of clusters',
    },
    sizes,
    pointCount,
    { name: 'row', dtype: 'i32', meaning: 'the cluster whose nearest is asked for' },
    { name: 'previous', dtype: 'i32', meaning: 'a living cluster that wins over equals; −1: none' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (matrix, living, count, row, previous) => {
    const distance = (k: number) => matrix[condensedIndex(count, Math.min(row, k), Math.max(row, k))]!;
    let best = previous;
    let least = previous < 0 ? Number.POSITIVE_INFINITY : distance(previous);
    for (let k = 0; k < count; k++) {
      if (k === row || living[k] === 0 || !(distance(k) < least)) continue;
      least = distance(k);
      best = k;
    }
    return best;
  },
  inputs: (size, random, flavour) => {
    const count = Math.max(1, pointsOfSize(size));
    const living = sizesFor(count, random, flavour);
    const row = random.integer(count);
    const previous = random.integer(count);
    return {
      scalars: {
        pointCount: count,
        row,
        previous: previous !== row && random.integer(2) === 0 && living[previous]! > 0 ? previous : -1,
      },
      buffers: { matrix: condensedFor(count, random, flavour), sizes: living },
    };
  },
  work: (s) => ({ elements: s.pointCount!, bytes: 12 * s.pointCount! }),
  benchSize: MOST_POINTS,
});

export const merge_condensed_f64 = defineKernel({
  name: 'merge_condensed_f64',
  family: 'distance',
  summary:
    'Distances of all living clusters to the union of two, in the place of the second (Lance and Williams, 1967).',
  source:
    'Ward: √(((s + a)·da² + (s + b)·db² − s·d²)/(s + a + b)); complete: the larger; average: (a·da + b·db)/(a + b).',
  arguments: [
    {
      name: 'matrix',
      role: 'inout',
      dtype: 'f64',
      length: (s) => (s.pointCount! * (s.pointCount! - 1)) / 2,
      meaning: 'condensed distances of clusters',
    },
    sizes,
    pointCount,
    { name: 'first', dtype: 'i32', meaning: 'the cluster that ends, below second' },
    { name: 'second', dtype: 'i32', meaning: 'the cluster that goes on as the union' },
    { name: 'linkage', dtype: 'i32', meaning: '0 ward, 1 complete, 2 average' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (matrix, living, count, first, second, code) => {
    const at = (i: number, k: number) => condensedIndex(count, Math.min(i, k), Math.max(i, k));
    const between = matrix[at(first, second)]!;
    const [a, b] = [living[first]!, living[second]!];
    for (let k = 0; k < count; k++) {
      const size = living[k]!;
      if (k === first || k === second || size === 0) continue;
      const [da, db] = [matrix[at(first, k)]!, matrix[at(second, k)]!];
      if (linkages[code] === 'complete') matrix[at(second, k)] = Math.max(da, db);
      else if (linkages[code] === 'average') matrix[at(second, k)] = (a * da + b * db) / (a + b);
      else {
        const share = 1 / (a + b + size);
        const square = (size + a) * share * da * da + (size + b) * share * db * db - size * share * between * between;
        matrix[at(second, k)] = square > 0 ? Math.sqrt(square) : 0;
      }
    }
  },
  inputs: (size, random, flavour) => {
    const count = Math.max(2, pointsOfSize(size));
    const living = sizesFor(count, random, flavour);
    const first = random.integer(count - 1);
    const second = first + 1 + random.integer(count - 1 - first);
    living[first] = 1 + random.integer(5);
    living[second] = 1 + random.integer(5);
    const finite = flavour === 'special' ? 'plain' : flavour;
    return {
      scalars: { pointCount: count, first, second, linkage: random.integer(3) },
      buffers: { matrix: condensedFor(count, random, finite), sizes: living },
    };
  },
  work: (s) => ({ elements: s.pointCount!, bytes: 28 * s.pointCount! }),
  benchSize: MOST_POINTS,
});

/**
 * How far apart Ward's linkage has two clusters, squared: how much the sum of squares within would grow if they were one,
 * twice over (Ward, 1963). Of single points it is the squared distance.
 */
export function wardSquare(
  centers: Float64Array,
  sizes: Float64Array,
  count: number,
  dimension: number,
  a: number,
  b: number,
): number {
  let sum = 0;
  for (let j = 0; j < dimension; j++) {
    const difference = centers[j * count + a]! - centers[j * count + b]!;
    sum += difference * difference;
  }
  return ((2 * sizes[a]! * sizes[b]!) / (sizes[a]! + sizes[b]!)) * sum;
}

export const nearest_ward_f64 = defineKernel({
  name: 'nearest_ward_f64',
  family: 'distance',
  summary:
    'The cluster nearest to one by Ward’s linkage, from centres and sizes: `previous` where it is among the nearest, else the first of them; −1 where none lies at a finite distance.',
  source:
    'Murtagh and Legendre, "Ward’s hierarchical agglomerative clustering method: which algorithms implement Ward’s criterion?", 2014.',
  arguments: [
    {
      name: 'centers',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.dimension! * s.pointCount!,
      meaning: 'means of clusters, coordinate by coordinate; NaN: merged into another',
    },
    {
      name: 'sizes',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'points of each cluster, from 1',
    },
    pointCount,
    { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point, at least 1' },
    { name: 'row', dtype: 'i32', meaning: 'the cluster whose nearest is asked for' },
    { name: 'previous', dtype: 'i32', meaning: 'a living cluster that wins over equals; −1: none' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (centers, sizes, count, width, row, previous) => {
    let best = previous;
    let least = previous < 0 ? Number.POSITIVE_INFINITY : wardSquare(centers, sizes, count, width, row, previous);
    for (let k = 0; k < count; k++) {
      if (k === row) continue;
      const square = wardSquare(centers, sizes, count, width, row, k);
      if (!(square < least)) continue;
      least = square;
      best = k;
    }
    return best;
  },
  inputs: (size, random, flavour) => {
    const count = Math.max(1, size);
    const width = size >= 8192 ? 2 : 1 + random.integer(6);
    const centers = pointsFor(count, width, random, flavour);
    const row = random.integer(count);
    const previous = random.integer(count);
    for (let k = 0; k < count; k++) {
      if (k === row || random.integer(3) > 0) continue;
      for (let j = 0; j < width; j++) centers[j * count + k] = Number.NaN;
    }
    const living = previous !== row && !Number.isNaN(centers[previous]!);
    const sizes = Float64Array.from({ length: count }, () => 1 + random.integer(random.integer(8) === 0 ? 999 : 3));
    return {
      scalars: {
        pointCount: count,
        dimension: width,
        row,
        previous: living && random.integer(2) === 0 ? previous : -1,
      },
      buffers: { centers, sizes },
    };
  },
  work: (s) => ({ elements: s.pointCount!, flops: 3 * s.pointCount! * s.dimension! }),
});

export const grow_tree_f64 = defineKernel({
  name: 'grow_tree_f64',
  family: 'distance',
  summary:
    'A step of a spanning tree: what lies within `limit` of a point is reached over it where that is nearer; gives the first of the nearest points outside, −1 where none is at a finite distance.',
  source:
    'Prim, "Shortest connection networks", 1957; with cores, mutual reachability (Campello, Moulavi, Sander, 2013).',
  arguments: [
    coordinates,
    {
      name: 'cores',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'core distance of each point, ≥ 0: no distance to it is less; absent: 0',
      optional: true,
    },
    {
      name: 'reached',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'distance of each point to the tree; NaN: it is inside',
    },
    {
      name: 'sources',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.pointCount!,
      meaning: 'over which point each was reached',
    },
    pointCount,
    dimension,
    metric,
    { name: 'current', dtype: 'i32', meaning: 'the point that has just come inside' },
    { name: 'name', dtype: 'i32', meaning: 'what stands for it in sources' },
    { name: 'core', dtype: 'f64', meaning: 'its core distance: no distance from it is less' },
    { name: 'limit', dtype: 'f64', meaning: 'points farther than this are not reached over it' },
    { name: 'rowStart', dtype: 'i32', meaning: 'first point that is looked at' },
    { name: 'rowEnd', dtype: 'i32', meaning: 'one behind the last' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (values, cores, reached, sources, count, width, code, current, name, core, limit, rowStart, rowEnd) => {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let k = rowStart; k < rowEnd; k++) {
      if (Number.isNaN(reached[k]!)) continue;
      const distance = distanceOf(values, count, width, linkageMetrics[code]!, current, k);
      const mutual = Math.max(distance, core, cores ? cores[k]! : 0);
      if (distance <= limit && mutual < reached[k]!) {
        reached[k] = mutual;
        sources[k] = name;
      }
      if (!(reached[k]! < least)) continue;
      least = reached[k]!;
      best = k;
    }
    return best;
  },
  inputs: (size, random, flavour) => {
    const count = Math.max(1, size);
    const width = size >= 8192 ? 16 : random.integer(7);
    const current = random.integer(count);
    const gone = flavour === 'skewed' ? 0.95 : 0.4;
    const reached = Float64Array.from({ length: count }, () => {
      if (random.uniform() < gone) return Number.NaN;
      if (random.integer(3) === 0) return Number.POSITIVE_INFINITY;
      return flavour === 'ties' || flavour === 'one-bin' ? random.integer(4) : 3 * random.uniform();
    });
    reached[current] = Number.NaN;
    const rowStart = size >= 8192 ? 0 : random.integer(count);
    return {
      scalars: {
        pointCount: count,
        dimension: width,
        metric: random.integer(4),
        current,
        name: random.integer(1000),
        core: flavour === 'ties' ? random.integer(3) : random.uniform(),
        limit: random.integer(2) === 0 ? Number.POSITIVE_INFINITY : 1 + random.uniform(),
        rowStart,
        rowEnd: size >= 8192 ? count : rowStart + random.integer(count - rowStart + 1),
      },
      buffers: {
        coordinates: pointsFor(count, width, random, flavour),
        cores: random.integer(2) === 0 ? null : Float64Array.from({ length: count }, () => 2 * random.uniform()),
        reached,
        sources: Int32Array.from({ length: count }, () => random.integer(99)),
      },
    };
  },
  work: (s) => ({
    elements: s.rowEnd! - s.rowStart!,
    flops: 3 * (s.rowEnd! - s.rowStart!) * s.dimension!,
  }),
});
