import type { Registers } from './interpreter.js';
import type { NearestLabelOperation } from './program.js';

/** In the order of the binary form (assembly/predict/nearest-label.ts). */
export const labelMetrics = ['euclidean', 'manhattan', 'chebyshev', 'cosine'] as const;
export type LabelMetric = (typeof labelMetrics)[number];

/** The label of no cluster. */
const NONE = -1;

/** See NearestLabelOperation: the definition. A row with a NaN input gets NaN. */
export function scoreNearestLabel(operation: NearestLabelOperation, registers: Registers, rowCount: number): void {
  const search = new LabelSearch(operation);
  const inputs = operation.inputs.map((register) => registers[register]!);
  const x = new Float64Array(inputs.length);
  const out = registers[operation.out]!;
  for (let row = 0; row < rowCount; row++) {
    for (let j = 0; j < x.length; j++) x[j] = inputs[j]![row]!;
    out[row] = search.labelOf(x);
  }
}

/** One row at a time; allocates nothing once it is made. */
export class LabelSearch {
  readonly #operation: NearestLabelOperation;
  readonly #nearest: Float64Array;

  constructor(operation: NearestLabelOperation) {
    this.#operation = operation;
    this.#nearest = new Float64Array(operation.k);
  }

  labelOf(x: Float64Array): number {
    for (let j = 0; j < x.length; j++) if (Number.isNaN(x[j]!)) return Number.NaN;
    const { points, labels, metric, cores } = this.#operation;
    const length = metric === 'cosine' ? squaredLength(x, 0, x.length) : 0;
    const own = this.#ownCore(x, length);
    let [best, bestReach, bestDistance] = [-1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let index = 0; index < labels.length; index++) {
      const reduced = reducedDistance(metric, points, index, x, length);
      let reach = metric === 'euclidean' ? Math.sqrt(reduced) : reduced;
      if (own > reach) reach = own;
      if (cores.length > 0 && cores[index]! > reach) reach = cores[index]!;
      if (!(reach < bestReach) && !(reach === bestReach && reduced < bestDistance)) continue;
      best = index;
      bestReach = reach;
      bestDistance = reduced;
    }
    return labelWithin(this.#operation, best, bestReach);
  }

  /** The distance to the k-th nearest point; 0 where k is. */
  #ownCore(x: Float64Array, length: number): number {
    const { points, labels, metric, k } = this.#operation;
    if (k === 0) return 0;
    const nearest = this.#nearest.fill(Number.POSITIVE_INFINITY);
    for (let index = 0; index < labels.length; index++) {
      const reduced = reducedDistance(metric, points, index, x, length);
      if (!(reduced < nearest[k - 1]!)) continue;
      let place = k - 1;
      for (; place > 0 && nearest[place - 1]! > reduced; place--) nearest[place] = nearest[place - 1]!;
      nearest[place] = reduced;
    }
    return metric === 'euclidean' ? Math.sqrt(nearest[k - 1]!) : nearest[k - 1]!;
  }
}

/** The label of the point that was found, −1 where there is none or it lies beyond its limit. */
export function labelWithin({ labels, limits }: NearestLabelOperation, index: number, reach: number): number {
  if (index < 0) return NONE;
  const limit = limits.length === 0 ? Number.POSITIVE_INFINITY : limits[limits.length === 1 ? 0 : index]!;
  return reach <= limit ? labels[index]! : NONE;
}

/** Added in the order of the inputs: squares of differences (euclidean), else the distance itself. */
function reducedDistance(
  metric: LabelMetric,
  points: Float64Array,
  index: number,
  x: Float64Array,
  length: number,
): number {
  const width = x.length;
  const at = index * width;
  let sum = 0;
  if (metric === 'cosine') {
    for (let j = 0; j < width; j++) sum += x[j]! * points[at + j]!;
    const lengths = length * squaredLength(points, at, width);
    if (!(lengths > 0)) return 1;
    const distance = 1 - sum / Math.sqrt(lengths);
    return distance < 0 ? 0 : Math.min(distance, 2);
  }
  for (let j = 0; j < width; j++) {
    const difference = x[j]! - points[at + j]!;
    const size = Math.abs(difference);
    if (metric === 'euclidean') sum += difference * difference;
    else if (metric === 'manhattan') sum += size;
    else if (size > sum) sum = size;
  }
  return sum;
}

function squaredLength(values: Float64Array, at: number, width: number): number {
  let sum = 0;
  for (let j = at; j < at + width; j++) sum += values[j]! * values[j]!;
  return sum;
}
