import { candidateUnit } from '../../kernels/distance.js';

/** Points of equal length, one after the other. */
export interface Points {
  /** count × dimension, row-major. */
  readonly values: Float64Array;
  readonly count: number;
  readonly dimension: number;
}

/** Rows that are turned from columns into points at a time, so that both stay in the cache. */
const TURN_ROWS = 512;

/** Columns as points, one a row. */
export function pointsOf(columns: readonly Float64Array[]): Points {
  const dimension = columns.length;
  const count = columns[0]!.length;
  const values = new Float64Array(count * dimension);
  for (let start = 0; start < count; start += TURN_ROWS) {
    const end = Math.min(count, start + TURN_ROWS);
    for (let j = 0; j < dimension; j++) {
      const column = columns[j]!;
      for (let row = start; row < end; row++) values[row * dimension + j] = column[row]!;
    }
  }
  return { values, count, dimension };
}

/** Squared L2 distance between two points, added in the order of the dimensions: the form that every answer is held to. */
export function squaredDistance(a: Points, i: number, b: Points, k: number): number {
  const { dimension } = a;
  let sum = 0;
  for (let j = 0; j < dimension; j++) {
    const difference = a.values[i * dimension + j]! - b.values[k * dimension + j]!;
    sum += difference * difference;
  }
  return sum;
}

/** Where candidates are compared: less the centre, times a power of two. */
export interface Frame {
  readonly center: Float64Array;
  readonly unit: number;
}

/** A frame in which these points lie around the origin, within 1. */
export function frameOf({ values, count, dimension }: Points): Frame {
  const center = new Float64Array(dimension);
  for (let i = 0; i < count; i++) for (let j = 0; j < dimension; j++) center[j]! += values[i * dimension + j]! / count;
  for (let j = 0; j < dimension; j++) if (!Number.isFinite(center[j]!)) center[j] = values[j] ?? 0;
  return { center, unit: candidateUnit(values, dimension, center) };
}

export interface Neighbors {
  /** count × k squared distances, nearest first; Infinity where fewer than k lie at a finite distance. */
  readonly distances: Float64Array;
  /** count × k indices of points, the lower first among equals; −1 where there is none. */
  readonly indices: Int32Array;
}
