import { placeCoordinates, placedDimension } from '../kernels/metric-coordinates.js';
import { finishedDistance, type MetricName, reducedDistance } from '../kernels/metric-distance.js';
import type { Registers } from './interpreter.js';
import type { ImputeNeighborsOperation, MetricNeighborsOperation } from './program.js';

/** In the order of the binary form. */
export const neighborAlgorithms = ['auto', 'brute', 'kd-tree'] as const;

/** Does a metric read NaN as missing, and go by the coordinates that are there? */
export const readsMissing = (metric: MetricName): boolean => metric === 'gower' || metric === 'nan-euclidean';

/** Stored points as a metric sees them, and their distances from a row. Allocates nothing once it is made. */
class StoredPoints {
  readonly count: number;
  readonly #metric: MetricName;
  readonly #columns: Float64Array;
  readonly #dimension: number;
  readonly #points: Float64Array;
  readonly #lengths: Float64Array;
  readonly #row: Float64Array;
  #length = 0;

  constructor(metric: MetricName, points: Float64Array, dimension: number, columns: Float64Array) {
    this.#metric = metric;
    this.#columns = columns;
    this.count = points.length / dimension;
    this.#dimension = placedDimension(metric, dimension);
    this.#points = points;
    this.#row = new Float64Array(this.#dimension);
    if (metric === 'haversine' || metric === 'jaccard' || metric === 'cosine') {
      this.#points = new Float64Array(this.count * this.#dimension);
      placeCoordinates(metric, points, dimension, this.#points);
    }
    this.#lengths = new Float64Array(metric === 'cosine' ? this.count : 0);
    for (let i = 0; i < this.#lengths.length; i++) this.#lengths[i] = squaredLength(this.#points, i, this.#dimension);
  }

  /** The row that distances are measured from. */
  from(x: Float64Array): void {
    placeCoordinates(this.#metric, x, x.length, this.#row);
    if (this.#metric === 'cosine') this.#length = squaredLength(this.#row, 0, this.#dimension);
  }

  reduced(index: number): number {
    const lengths = this.#metric === 'cosine' ? this.#length * this.#lengths[index]! : 0;
    const width = this.#dimension;
    return reducedDistance(this.#metric, this.#row, 0, this.#points, index * width, 1, width, lengths, this.#columns);
  }
}

function squaredLength(values: Float64Array, index: number, width: number): number {
  let sum = 0;
  for (let j = index * width; j < (index + 1) * width; j++) sum += values[j]! * values[j]!;
  return sum;
}

/** The weighted mean of what neighbours say, added in the order in which they come. */
export class NeighborMean {
  readonly #operation: Pick<MetricNeighborsOperation, 'weights' | 'targets' | 'otherwise'>;
  readonly #sums: Float64Array;
  #total = 0;
  #exact = false;

  constructor(operation: Pick<MetricNeighborsOperation, 'weights' | 'targets' | 'otherwise' | 'outputs'>) {
    this.#operation = operation;
    this.#sums = new Float64Array(operation.outputs.length);
  }

  start(): void {
    this.#sums.fill(0);
    this.#total = 0;
    this.#exact = false;
  }

  /** Weighs 1, or 1/distance; points at distance 0, where there are any, count alone. */
  add(index: number, distance: number): void {
    const { weights, targets } = this.#operation;
    const sums = this.#sums;
    let weight = 1;
    if (weights === 'distance') {
      if (distance === 0 && !this.#exact) {
        this.start();
        this.#exact = true;
      } else if (distance !== 0) {
        if (this.#exact) return;
        weight = 1 / distance;
      }
    }
    this.#total += weight;
    for (let k = 0; k < sums.length; k++) sums[k] = sums[k]! + weight * targets[index * sums.length + k]!;
  }

  /** Output k; where nothing was added, what the operation says then. */
  at(k: number): number {
    const { otherwise } = this.#operation;
    if (this.#total === 0) return otherwise.length > 0 ? otherwise[k]! : Number.NaN;
    return this.#sums[k]! / this.#total;
  }
}

/** Can a row have neighbours? Only metrics that read NaN as missing take rows with one. */
export function hasNeighbors(metric: MetricName, x: ArrayLike<number>): boolean {
  if (readsMissing(metric)) return true;
  for (let j = 0; j < x.length; j++) if (Number.isNaN(x[j]!)) return false;
  return true;
}

/** One row at a time: the definition of MetricNeighborsOperation. Allocates nothing once it is made. */
export class MetricNeighbors {
  readonly #operation: MetricNeighborsOperation;
  readonly #points: StoredPoints;
  readonly #mean: NeighborMean;
  readonly #distances: Float64Array;
  readonly #indices: Int32Array;

  constructor(operation: MetricNeighborsOperation) {
    const { metric, points, inputs, columns, k } = operation;
    this.#operation = operation;
    this.#points = new StoredPoints(metric, points, inputs.length, columns);
    this.#mean = new NeighborMean(operation);
    const places = Math.min(k, this.#points.count);
    this.#distances = new Float64Array(places);
    this.#indices = new Int32Array(places);
  }

  score(x: Float64Array, registers: Float64Array): void {
    const { outputs } = this.#operation;
    const able = this.meanOf(x);
    for (let k = 0; k < outputs.length; k++) registers[outputs[k]!] = able ? this.#mean.at(k) : Number.NaN;
  }

  scoreRow(x: Float64Array, registers: Registers, row: number): void {
    const { outputs } = this.#operation;
    const able = this.meanOf(x);
    for (let k = 0; k < outputs.length; k++) registers[outputs[k]!]![row] = able ? this.#mean.at(k) : Number.NaN;
  }

  /** false: the row lacks a value. */
  meanOf(x: Float64Array): boolean {
    const { metric, k } = this.#operation;
    if (!hasNeighbors(metric, x)) return false;
    this.#points.from(x);
    this.#mean.start();
    if (k > 0) this.#addNearest();
    else this.#addWithin();
    return true;
  }

  #addWithin(): void {
    const { metric, radius } = this.#operation;
    for (let index = 0; index < this.#points.count; index++) {
      const reduced = this.#points.reduced(index);
      if (!(reduced < Number.POSITIVE_INFINITY)) continue;
      const distance = finishedDistance(metric, reduced);
      if (distance <= radius) this.#mean.add(index, distance);
    }
  }

  #addNearest(): void {
    const [distances, indices] = [this.#distances, this.#indices];
    let found = 0;
    for (let index = 0; index < this.#points.count; index++) {
      const distance = this.#points.reduced(index);
      if (!(distance < (found === distances.length ? distances[found - 1]! : Number.POSITIVE_INFINITY))) continue;
      let place = found < distances.length ? found++ : found - 1;
      while (place > 0 && distances[place - 1]! > distance) {
        distances[place] = distances[place - 1]!;
        indices[place] = indices[place - 1]!;
        place--;
      }
      distances[place] = distance;
      indices[place] = index;
    }
    for (let place = 0; place < found; place++) {
      this.#mean.add(indices[place]!, finishedDistance(this.#operation.metric, distances[place]!));
    }
  }
}

const neighborsOf = new WeakMap<MetricNeighborsOperation, MetricNeighbors>();

/** See MetricNeighborsOperation. */
export function scoreMetricNeighbors(
  operation: MetricNeighborsOperation,
  registers: Registers,
  rowCount: number,
): void {
  let neighbors = neighborsOf.get(operation);
  if (!neighbors) neighborsOf.set(operation, (neighbors = new MetricNeighbors(operation)));
  const inputs = operation.inputs.map((register) => registers[register]!);
  const x = new Float64Array(inputs.length);
  for (let row = 0; row < rowCount; row++) {
    for (let j = 0; j < x.length; j++) x[j] = inputs[j]![row]!;
    neighbors.scoreRow(x, registers, row);
  }
}

/** One row at a time: the definition of ImputeNeighborsOperation. Allocates nothing once it is made. */
export class NeighborImputer {
  readonly #operation: ImputeNeighborsOperation;
  readonly #points: StoredPoints;
  readonly #all: Float64Array;
  readonly #distances: Float64Array;
  readonly #indices: Int32Array;

  constructor(operation: ImputeNeighborsOperation) {
    const { points, inputs, k } = operation;
    this.#operation = operation;
    this.#points = new StoredPoints('nan-euclidean', points, inputs.length, new Float64Array(0));
    this.#all = new Float64Array(this.#points.count);
    this.#distances = new Float64Array(Math.min(k, this.#points.count));
    this.#indices = new Int32Array(this.#distances.length);
  }

  score(x: Float64Array, registers: Float64Array): void {
    const { outputs } = this.#operation;
    this.measure(x);
    for (let j = 0; j < outputs.length; j++) registers[outputs[j]!] = this.value(x, j);
  }

  /** Distances of a row that lacks something. */
  measure(x: Float64Array): void {
    let lacks = false;
    for (let j = 0; j < x.length; j++) if (Number.isNaN(x[j]!)) lacks = true;
    if (!lacks) return;
    this.#points.from(x);
    for (let index = 0; index < this.#all.length; index++) this.#all[index] = Math.sqrt(this.#points.reduced(index));
  }

  /** What stands in column j: the row's own value, or what the nearest points that have one say. */
  value(x: Float64Array, j: number, all: ArrayLike<number> = this.#all): number {
    if (!Number.isNaN(x[j]!)) return x[j]!;
    const { points, weights, inputs, fallback } = this.#operation;
    const width = inputs.length;
    const [count, distances, indices] = [this.#points.count, this.#distances, this.#indices];
    let found = 0;
    for (let index = 0; index < count; index++) {
      const distance = all[index]!;
      if (Number.isNaN(points[index * width + j]!)) continue;
      if (!(distance < (found === distances.length ? distances[found - 1]! : Number.POSITIVE_INFINITY))) continue;
      let place = found < distances.length ? found++ : found - 1;
      while (place > 0 && distances[place - 1]! > distance) {
        distances[place] = distances[place - 1]!;
        indices[place] = indices[place - 1]!;
        place--;
      }
      distances[place] = distance;
      indices[place] = index;
    }
    if (found === 0) return fallback[j]!;
    const exact = weights === 'distance' && distances[0] === 0;
    let [sum, total] = [0, 0];
    for (let place = 0; place < found; place++) {
      const distance = distances[place]!;
      const weight = weights === 'uniform' ? 1 : exact ? (distance === 0 ? 1 : 0) : 1 / distance;
      sum += weight * points[indices[place]! * width + j]!;
      total += weight;
    }
    return sum / total;
  }
}

const imputerOf = new WeakMap<ImputeNeighborsOperation, NeighborImputer>();

/** See ImputeNeighborsOperation. */
export function scoreImputeNeighbors(
  operation: ImputeNeighborsOperation,
  registers: Registers,
  rowCount: number,
): void {
  let imputer = imputerOf.get(operation);
  if (!imputer) imputerOf.set(operation, (imputer = new NeighborImputer(operation)));
  const inputs = operation.inputs.map((register) => registers[register]!);
  const x = new Float64Array(inputs.length);
  for (let row = 0; row < rowCount; row++) {
    for (let j = 0; j < x.length; j++) x[j] = inputs[j]![row]!;
    imputer.measure(x);
    for (let j = 0; j < x.length; j++) registers[operation.outputs[j]!]![row] = imputer.value(x, j);
  }
}
