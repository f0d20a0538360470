import type { NeighborSearch } from '../../engine/neighbors/index.js';
import { type Points, squaredDistance } from '../../engine/neighbors/points.js';
import { queryBlocks } from '../clustering/blocks.js';

/** Where a centre came to rest, and how many rows lie around it there. */
export interface Peaks {
  readonly centers: Points;
  /** 0: there was no row around it, and it counts for nothing. */
  readonly rows: Int32Array;
  readonly iterations: number;
}

export interface ClimbOptions {
  readonly bandwidth: number;
  readonly maxIter: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A centre rests where a step is shorter than this share of the bandwidth. */
const REST = 1e-3;

/**
 * Moves every centre to the mean of the rows within the bandwidth, until it rests. All centres that still move are asked
 * about together. Comaniciu and Meer, "Mean shift: a robust approach toward feature space analysis", 2002.
 */
export async function climb(
  search: NeighborSearch,
  seeds: Points,
  { bandwidth, maxIter, signal, onProgress }: ClimbOptions,
): Promise<Peaks> {
  const { dimension } = seeds;
  const { values } = search.points;
  const centers = seeds.values.slice();
  const rows = new Int32Array(seeds.count);
  let moving = Int32Array.from({ length: seeds.count }, (_, seed) => seed);
  let iteration = 0;
  for (; moving.length > 0 && iteration <= maxIter; iteration++) {
    const still: number[] = [];
    const asked = pointsAt(centers, dimension, moving);
    for (const { start, queries } of queryBlocks(asked, search.points.count)) {
      const { offsets, indices } = await search.within(queries, bandwidth, { signal });
      for (let i = 0; i < queries.count; i++) {
        const seed = moving[start + i]!;
        const found = indices.subarray(offsets[i]!, offsets[i + 1]!);
        rows[seed] = found.length;
        if (found.length === 0) continue;
        const mean = meanOf(values, dimension, found);
        centers.set(mean, seed * dimension);
        const next = { values: mean, count: 1, dimension };
        if (Math.sqrt(squaredDistance(next, 0, queries, i)) > REST * bandwidth) still.push(seed);
      }
    }
    moving = Int32Array.from(still);
    onProgress?.(seeds.count - moving.length, seeds.count);
  }
  return { centers: { values: centers, count: seeds.count, dimension }, rows, iterations: iteration };
}

function pointsAt(values: Float64Array, dimension: number, indices: Int32Array): Points {
  const picked = new Float64Array(indices.length * dimension);
  indices.forEach((index, to) => {
    picked.set(values.subarray(index * dimension, (index + 1) * dimension), to * dimension);
  });
  return { values: picked, count: indices.length, dimension };
}

/** Added in the order of the rows. */
function meanOf(values: Float64Array, dimension: number, rows: Int32Array): Float64Array {
  const mean = new Float64Array(dimension);
  for (const row of rows) {
    for (let j = 0, at = row * dimension; j < dimension; j++, at++) mean[j] = mean[j]! + values[at]!;
  }
  for (let j = 0; j < dimension; j++) mean[j] = mean[j]! / rows.length;
  return mean;
}

/**
 * Centres that are no duplicates: from that with the most rows around it (among equals, the one with the largest coordinates)
 * on, each takes away all others within the bandwidth.
 */
export async function distinctPeaks({ centers, rows }: Peaks, bandwidth: number): Promise<Points> {
  const { values, dimension } = centers;
  const order = Array.from(rows.keys())
    .filter((peak) => rows[peak]! > 0)
    .sort((a, b) => rows[b]! - rows[a]! || compare(values, dimension, b, a));
  const kept: number[] = [];
  for (const peak of order) {
    const isNear = kept.some((other) => Math.sqrt(squaredDistance(centers, peak, centers, other)) <= bandwidth);
    if (!isNear) kept.push(peak);
  }
  return pointsAt(values, dimension, Int32Array.from(kept));
}

function compare(values: Float64Array, dimension: number, a: number, b: number): number {
  for (let j = 0; j < dimension; j++) {
    const difference = values[a * dimension + j]! - values[b * dimension + j]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The middles of the cells of a grid that hold at least `minBinFreq` points; the points themselves where each has its own. */
export function binSeeds(points: Points, bandwidth: number, minBinFreq: number): Points {
  const { values, count, dimension } = points;
  const cells = new Map<string, { cell: Float64Array; rows: number }>();
  for (let i = 0; i < count; i++) {
    const cell = Float64Array.from({ length: dimension }, (_, j) => halfToEven(values[i * dimension + j]! / bandwidth));
    const key = cell.join();
    const known = cells.get(key);
    if (known) known.rows++;
    else cells.set(key, { cell, rows: 1 });
  }
  const kept = [...cells.values()].filter(({ rows }) => rows >= minBinFreq);
  if (kept.length === count) return points;
  const seeds = new Float64Array(kept.length * dimension);
  kept.forEach(({ cell }, k) => {
    for (let j = 0; j < dimension; j++) seeds[k * dimension + j] = cell[j]! * bandwidth;
  });
  return { values: seeds, count: kept.length, dimension };
}

function halfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded + 0;
}
