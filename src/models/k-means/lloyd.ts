import { type Assignment, type PlacedPoints, type Points, squaredDistance } from '../../engine/distance.js';
import { blockSum } from '../../engine/linear-algebra.js';
import { throwIfCancelled } from '../../errors.js';

export interface LloydOptions {
  readonly maxIterations: number;
  /** Stops where the squared movement of all centres together is no larger. */
  readonly tolerance: number;
  readonly weights?: Float64Array;
  readonly signal?: AbortSignal;
  /** Asked after each iteration: true ends it with the centres as they are. */
  readonly stop?: () => boolean;
  readonly onIteration?: (iteration: number, inertia: number) => void;
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
export async function lloyd(placed: PlacedPoints, start: Points, options: LloydOptions): Promise<Clustering> {
  const { weights, signal } = options;
  let centers = start;
  let previous: Int32Array | undefined;
  for (let iteration = 1; iteration <= options.maxIterations; iteration++) {
    throwIfCancelled(signal);
    const assignment = await placed.assign(centers, signal);
    const inertia = inertiaOf(assignment, weights);
    options.onIteration?.(iteration, inertia);
    if (previous?.every((label, i) => label === assignment.labels[i])) {
      return { centers, labels: assignment.labels.slice(), inertia, iterations: iteration, converged: true };
    }
    previous = assignment.labels.slice();
    const next = await moveCenters(placed, assignment, centers, options);
    let movement = 0;
    for (let k = 0; k < centers.count; k++) movement += squaredDistance(centers, k, next, k);
    centers = next;
    if (movement <= options.tolerance) return finish(iteration, true);
    if (options.stop?.()) return finish(iteration, false);
  }
  return finish(options.maxIterations, false);

  async function finish(iterations: number, converged: boolean): Promise<Clustering> {
    const assignment = await placed.assign(centers, signal);
    const inertia = inertiaOf(assignment, weights);
    return { centers, labels: assignment.labels.slice(), inertia, iterations, converged };
  }
}

function inertiaOf({ distances }: Assignment, weights: Float64Array | undefined): number {
  return blockSum(distances.length, (i) => (weights ? weights[i]! : 1) * distances[i]!);
}

async function moveCenters(
  placed: PlacedPoints,
  assignment: Assignment,
  centers: Points,
  { weights, signal }: LloydOptions,
): Promise<Points> {
  const { dimension } = placed.points;
  const { sums, totals } = await placed.clusterSums(centers.count, weights, signal);
  fillEmptyClusters(placed.points, assignment, sums, totals, weights);
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
function fillEmptyClusters(
  { values, dimension }: Points,
  { labels, distances }: Assignment,
  sums: Float64Array,
  totals: Float64Array,
  weights: Float64Array | undefined,
): void {
  const empty = [...totals.keys()].filter((k) => totals[k] === 0);
  if (empty.length === 0) return;
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
      const part = weight * values[farthest * dimension + j]!;
      sums[cluster * dimension + j] = part;
      sums[old * dimension + j]! -= part;
    }
    totals[cluster] = weight;
    totals[old]! -= weight;
  }
}
