import type { AssignmentAlgorithm, ClusteredPoints, ClusterSums } from '../../engine/clustering/clustered-points.js';
import { type Points, squaredDistance } from '../../engine/neighbors/points.js';
import { throwIfCancelled } from '../../errors.js';

export interface LloydOptions {
  readonly maxIterations: number;
  /** Stops where the squared movement of all centres together is no larger. */
  readonly tolerance: number;
  /** Which bounds save looking; the result is the same. Default 'hamerly'. */
  readonly algorithm?: AssignmentAlgorithm;
  readonly signal?: AbortSignal | undefined;
  /** Asked after each iteration: true ends it with the centres as they are. */
  readonly stop?: () => boolean;
  /** `looked`: the share of the points, or of their panels of centres, that bounds did not rule out. */
  readonly onIteration?: (iteration: number, inertia: number, looked: number) => void;
}

export interface Clustering {
  readonly centers: Points;
  readonly labels: Int32Array;
  /** Weighted sum of squared distances to the nearest centre. */
  readonly inertia: number;
  readonly iterations: number;
  readonly converged: boolean;
}

/** Assigns points to their nearest centre and moves the centres to the means, in turn (Lloyd, 1957/1982). */
export async function lloyd(points: ClusteredPoints, start: Points, options: LloydOptions): Promise<Clustering> {
  const { signal, algorithm = 'hamerly' } = options;
  const scatter = options.onIteration ? await points.scatter(points.frame.center, signal) : 0;
  let centers = start;
  points.forget();
  for (let iteration = 1; iteration <= options.maxIterations; iteration++) {
    throwIfCancelled(signal);
    const looked = await points.assign(centers, algorithm, signal);
    const sums = await points.sums(centers.count, signal);
    options.onIteration?.(iteration, inertiaOf(sums, centers, points.frame.center, scatter), looked);
    if (sums.changed === 0 && iteration > 1) return finish(iteration, true, false);
    const next = await moveCenters(points, sums, centers, signal);
    let movement = 0;
    for (let k = 0; k < centers.count; k++) movement += squaredDistance(centers, k, next, k);
    centers = next;
    if (movement <= options.tolerance) return finish(iteration, true, true);
    if (options.stop?.()) return finish(iteration, false, true);
  }
  return finish(options.maxIterations, false, true);

  async function finish(iterations: number, converged: boolean, moved: boolean): Promise<Clustering> {
    if (moved) await points.assign(centers, algorithm, signal);
    const inertia = await points.inertia(centers, signal);
    return { centers, labels: points.labels.slice(), inertia, iterations, converged };
  }
}

/**
 * The inertia from the sums alone, because bounds leave distances out: the scatter about a point, less that of the means,
 * and what the centres are off their means. It is for looking at; the last one is computed from the distances.
 */
function inertiaOf({ sums, totals }: ClusterSums, centers: Points, about: Float64Array, scatter: number): number {
  let inertia = scatter;
  for (let k = 0; k < centers.count; k++) {
    const total = totals[k]!;
    if (!(total > 0)) continue;
    for (let j = 0; j < about.length; j++) {
      const at = k * about.length + j;
      const mean = sums[at]! / total;
      inertia += total * ((centers.values[at]! - mean) ** 2 - (mean - about[j]!) ** 2);
    }
  }
  return Math.max(0, inertia);
}

async function moveCenters(
  points: ClusteredPoints,
  { sums, totals }: ClusterSums,
  centers: Points,
  signal: AbortSignal | undefined,
): Promise<Points> {
  const { dimension } = points;
  if (totals.some((total) => total === 0)) await fillEmptyClusters(points, centers, sums, totals, signal);
  const values = new Float64Array(centers.values.length);
  for (let k = 0; k < centers.count; k++) {
    for (let j = 0; j < dimension; j++) {
      const at = k * dimension + j;
      values[at] = totals[k]! > 0 ? sums[at]! / totals[k]! : centers.values[at]!;
    }
  }
  return { ...centers, values };
}

/** An empty cluster takes the point that lies farthest from its centre, and that point's old cluster loses it. */
async function fillEmptyClusters(
  points: ClusteredPoints,
  centers: Points,
  sums: Float64Array,
  totals: Float64Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { weights, labels, dimension } = points;
  const distances = await points.distances(centers, signal);
  const empty = [...totals.keys()].filter((k) => totals[k] === 0);
  const taken = new Set<number>();
  for (const cluster of empty) {
    let farthest = -1;
    for (let i = 0; i < distances.length; i++) {
      const usable = !taken.has(i) && (weights ? weights[i]! : 1) > 0 && distances[i]! > 0;
      if (usable && (farthest < 0 || distances[i]! > distances[farthest]!)) farthest = i;
    }
    if (farthest < 0) return;
    taken.add(farthest);
    const weight = weights ? weights[farthest]! : 1;
    const old = labels[farthest]!;
    for (let j = 0; j < dimension; j++) {
      const part = weight * points.values[farthest * dimension + j]!;
      sums[cluster * dimension + j] = part;
      sums[old * dimension + j]! -= part;
    }
    totals[cluster] = weight;
    totals[old]! -= weight;
  }
}
