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

/** Gower's columns: `dimension` ranges (0: categories, equal or not), then `dimension` weights. */
export type GowerColumns = ArrayLike<number>;

/**
 * The reduced distance of x, whose coordinates begin at `at`, and y, whose coordinates begin at `from`, `stride` apart:
 * coordinate after coordinate. Not a number, and never a neighbour, only where numbers overflow.
 * @param lengths the product of their squared lengths: cosine alone
 * @param columns gower alone
 */
export function reducedDistance(
  metric: MetricName,
  x: ArrayLike<number>,
  at: number,
  y: ArrayLike<number>,
  from: number,
  stride: number,
  dimension: number,
  lengths: number,
  columns?: GowerColumns | null,
): number {
  let sum = 0;
  let total = 0;
  for (let j = 0; j < dimension; j++) {
    const a = x[at + j]!;
    const b = y[from + j * stride]!;
    const size = Math.abs(a - b);
    switch (metric) {
      case 'euclidean':
      case 'sqeuclidean':
      case 'haversine':
        sum += size * size;
        break;
      case 'cosine':
      case 'dot':
        sum += a * b;
        break;
      case 'manhattan':
        sum += size;
        break;
      case 'chebyshev':
        if (size > sum) sum = size;
        break;
      case 'hamming':
        if (a !== b) sum += 1;
        break;
      case 'jaccard':
        sum += size;
        total += Math.max(a, b);
        break;
      case 'gower': {
        if (Number.isNaN(a) || Number.isNaN(b)) break;
        const range = columns![j]!;
        const weight = columns![dimension + j]!;
        const apart = range > 0 ? Math.min(1, size / range) : a !== b ? 1 : 0;
        sum += weight * apart;
        total += weight;
        break;
      }
      case 'nan-euclidean':
        if (Number.isNaN(a) || Number.isNaN(b)) break;
        sum += size * size;
        total += 1;
        break;
    }
  }
  switch (metric) {
    case 'dot':
      return 0 - sum;
    case 'cosine':
      return cosineDistance(sum, lengths);
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

/** Of a product and the product of the squared lengths; 1 where a vector has no length. */
export function cosineDistance(product: number, lengths: number): number {
  return lengths > 0 ? Math.max(0, Math.min(2, 1 - product / Math.sqrt(lengths))) : 1;
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
