import type { Registers } from './interpreter.js';
import type { NeighborScoreOperation } from './program.js';

/** Added to a mean reach, as in scikit-learn: the density among duplicates stays a number. */
export const LEAST_REACH = 1e-10;

/** See NeighborScoreOperation. A row with a NaN distance to any point scores NaN. */
export function scoreNeighborScore(operation: NeighborScoreOperation, registers: Registers, rowCount: number): void {
  const inputs = operation.inputs.map((register) => registers[register]!);
  const out = registers[operation.out]!;
  const scorer = new NeighborScorer(operation);
  const x = new Float64Array(inputs.length);
  for (let row = 0; row < rowCount; row++) {
    for (let j = 0; j < x.length; j++) x[j] = inputs[j]![row]!;
    out[row] = scorer.of(x);
  }
}

/** One row after the other, without an allocation. */
export class NeighborScorer {
  readonly #operation: NeighborScoreOperation;
  readonly #count: number;
  readonly #lengths: Float64Array;
  readonly #distances: Float64Array;
  readonly #indices: Int32Array;

  constructor(operation: NeighborScoreOperation) {
    const { inputs, points, metric, k } = operation;
    this.#operation = operation;
    this.#count = points.length / inputs.length;
    this.#lengths = new Float64Array(metric === 'cosine' ? this.#count : 0);
    for (let i = 0; i < this.#lengths.length; i++) this.#lengths[i] = squaredLength(points, i, inputs.length);
    this.#distances = new Float64Array(k + 1);
    this.#indices = new Int32Array(k + 1);
  }

  of(x: Float64Array): number {
    return this.#search(x) ? scoreOfNeighbors(this.#operation, this.#distances, this.#indices, 0) : Number.NaN;
  }

  score(x: Float64Array, registers: Float64Array): void {
    registers[this.#operation.out] = this.of(x);
  }

  /** The k nearest, nearest first, the lower index first among equals; false where a distance is NaN. */
  #search(x: Float64Array): boolean {
    const { k, metric } = this.#operation;
    const [distances, indices] = [this.#distances, this.#indices];
    const length = metric === 'cosine' ? squaredLength(x, 0, x.length) : 0;
    let found = 0;
    for (let index = 0; index < this.#count; index++) {
      const distance = this.#reducedDistance(x, length, index);
      if (Number.isNaN(distance)) return false;
      if (found === k && distance >= distances[k - 1]!) continue;
      let place = found;
      while (place > 0 && distances[place - 1]! > distance) {
        distances[place] = distances[place - 1]!;
        indices[place] = indices[place - 1]!;
        place--;
      }
      distances[place] = distance;
      indices[place] = index;
      if (found < k) found++;
    }
    if (metric === 'euclidean') for (let place = 0; place < k; place++) distances[place] = Math.sqrt(distances[place]!);
    return true;
  }

  /** By which points are ranked: of the Euclidean distance the square. Added in the order of the inputs. */
  #reducedDistance(x: Float64Array, length: number, index: number): number {
    const { metric, points } = this.#operation;
    const start = index * x.length;
    let sum = 0;
    for (let j = 0; j < x.length; j++) {
      const size = Math.abs(x[j]! - points[start + j]!);
      if (metric === 'euclidean') sum += size * size;
      else if (metric === 'manhattan') sum += size;
      else if (metric === 'cosine') sum += x[j]! * points[start + j]!;
      else sum = Math.max(sum, size);
    }
    if (metric !== 'cosine') return sum;
    const lengths = length * this.#lengths[index]!;
    return lengths > 0 ? Math.max(0, Math.min(2, 1 - sum / Math.sqrt(lengths))) : 1;
  }
}

/** What the k neighbours say whose distances and indices begin at `start`. */
export function scoreOfNeighbors(
  operation: Pick<NeighborScoreOperation, 'k' | 'score' | 'reaches' | 'densities'>,
  distances: Float64Array,
  indices: Int32Array,
  start: number,
): number {
  const { k, score, reaches, densities } = operation;
  if (score === 'largest') return distances[start + k - 1]!;
  if (score === 'median') return 0.5 * (distances[start + ((k - 1) >> 1)]! + distances[start + (k >> 1)]!);
  let sum = 0;
  for (let i = start; i < start + k; i++) {
    const distance = distances[i]!;
    sum += score === 'mean' ? distance : Math.max(distance, reaches[indices[i]!]!);
  }
  if (score === 'mean') return sum / k;
  const density = 1 / (sum / k + LEAST_REACH);
  let ratios = 0;
  for (let i = start; i < start + k; i++) ratios += densities[indices[i]!]! / density;
  return ratios / k;
}

function squaredLength(points: Float64Array, index: number, dimension: number): number {
  let sum = 0;
  for (let j = index * dimension; j < (index + 1) * dimension; j++) sum += points[j]! * points[j]!;
  return sum;
}
