import type { Neighbors } from '../../engine/neighbors/points.js';
import { Breather } from '../../engine/turn.js';
import { exp, log, pow } from '../../kernels/elementary.js';
import { minimizeResiduals } from '../../training/index.js';

/** Iterations of the search for a width, and how near it is to come. */
const STEPS = 64;
const TOLERANCE = 1e-5;
/** No width is below this share of the mean distance. */
const LEAST_SCALE = 1e-3;

/**
 * How much each neighbour belongs to a row's fuzzy set: 1 up to the nearest one that is not the row's double, then
 * e^−(d − ρ)/σ, σ such that all add up to log2(k) (McInnes, Healy, Melville, "UMAP", 2018, algorithm 3).
 * @param neighbors of each row the k − 1 nearest others: the row itself, at distance 0, is not among them but counts
 * @returns memberships, as long as the distances
 */
export async function fuzzyMemberships(
  { distances }: Neighbors,
  rowCount: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const others = distances.length / rowCount;
  const wanted = log(others + 1) / log(2);
  let mean = 0;
  for (const distance of distances) mean += distance;
  mean /= distances.length + rowCount;
  const memberships = new Float64Array(distances.length);
  const breather = new Breather();
  for (let row = 0; row < rowCount; row++) {
    if (row % 64 === 0) await breather.breathe(signal);
    const own = distances.subarray(row * others, (row + 1) * others);
    const nearest = own.find((distance) => distance > 0) ?? 0;
    const width = widthFor(own, nearest, wanted);
    let ownMean = 0;
    for (const distance of own) ownMean += distance / (others + 1);
    const scale = Math.max(width, LEAST_SCALE * (nearest > 0 ? ownMean : mean));
    for (let j = 0; j < others; j++) {
      const beyond = own[j]! - nearest;
      memberships[row * others + j] = beyond <= 0 || scale === 0 ? 1 : exp(-beyond / scale);
    }
  }
  return memberships;
}

function widthFor(distances: Float64Array, nearest: number, wanted: number): number {
  let [low, high, width] = [0, Number.POSITIVE_INFINITY, 1];
  // From a width of the data's own size, so that its unit does not matter.
  for (const distance of distances) if (distance > nearest) width = distance - nearest;
  for (let step = 0; step < STEPS; step++) {
    let sum = 0;
    for (const distance of distances) {
      const beyond = distance - nearest;
      sum += beyond > 0 ? exp(-beyond / width) : 1;
    }
    if (Math.abs(sum - wanted) < TOLERANCE) break;
    if (sum > wanted) {
      high = width;
      width = (low + high) / 2;
    } else {
      low = width;
      width = high === Number.POSITIVE_INFINITY ? width * 2 : (low + high) / 2;
    }
  }
  return width;
}

/** Points of the curve that is wanted. */
const POINTS = 300;

/**
 * a and b of 1/(1 + a·d^2b), nearest to: 1 up to minDist, then e^−(d − minDist)/spread. By least squares on [0, 3·spread]
 * with the house's Levenberg and Marquardt.
 */
export async function similarityCurve(
  minDist: number,
  spread: number,
  signal?: AbortSignal,
): Promise<{ readonly a: number; readonly b: number }> {
  const distances = Float64Array.from({ length: POINTS }, (_, i) => (3 * spread * i) / (POINTS - 1));
  const wanted = distances.map((d) => (d < minDist ? 1 : exp(-(d - minDist) / spread)));
  const { point } = await minimizeResiduals(
    {
      residualCount: POINTS,
      parameterCount: 2,
      residuals: ([a, b], out) => {
        for (let i = 0; i < POINTS; i++) out[i] = 1 / (1 + a! * pow(distances[i]!, 2 * b!)) - wanted[i]!;
      },
    },
    Float64Array.of(1, 1),
    { maxIterations: 200, tolerance: 1e-8, signal },
  );
  return { a: point[0]!, b: point[1]! };
}
