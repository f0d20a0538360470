import type { Engine } from '../../engine/engine.js';
import { svd } from '../../engine/linear-algebra/svd.js';
import { stream } from '../../engine/random.js';

/** Columns of an embedding: vectors[k][row]. */
type Vectors = readonly Float64Array[];

/**
 * Clusters by pivoted QR: the rows that pivoting chooses stand for the clusters, and the vectors are turned towards them.
 * It has no parameters and draws nothing. Damle, Minden and Ying, "Simple, direct and efficient multi-way spectral
 * clustering", 2019.
 */
export async function clustersByQr(engine: Engine, vectors: Vectors, signal?: AbortSignal): Promise<Int32Array> {
  const pivots = pivotRows(vectors);
  const size = vectors.length;
  const columns = new Float64Array(size * size);
  for (let c = 0; c < size; c++) for (let i = 0; i < size; i++) columns[c * size + i] = vectors[i]![pivots[c]!]!;
  const rotation = await nearestRotation(engine, columns, size, signal);
  return largestOf(vectors, rotation, Math.abs);
}

/** The rows that a QR of the transposed vectors with pivoting takes first: each the longest beside those before. */
function pivotRows(vectors: Vectors): number[] {
  const left = vectors.map((vector) => vector.slice());
  const count = left[0]!.length;
  return left.map(() => {
    let [pivot, most] = [0, -1];
    for (let row = 0; row < count; row++) {
      let square = 0;
      for (const vector of left) square += vector[row]! * vector[row]!;
      if (square > most) [pivot, most] = [row, square];
    }
    if (!(most > 0)) return pivot;
    const direction = left.map((vector) => vector[pivot]! / Math.sqrt(most));
    for (let row = 0; row < count; row++) {
      let along = 0;
      for (let k = 0; k < left.length; k++) along += direction[k]! * left[k]![row]!;
      for (let k = 0; k < left.length; k++) left[k]![row] = left[k]![row]! - along * direction[k]!;
    }
    return pivot;
  });
}

/** Steps at most, and how near two normalised cuts are to be. */
const MOST_STEPS = 20;
const TOLERANCE = 2.220446049250313e-16;

/**
 * Clusters by the discrete matrix nearest to a rotation of the vectors, the one and the other in turn, from rows far from each
 * other; the first is drawn. Yu and Shi, "Multiclass spectral clustering", 2003.
 */
export async function clustersByDiscretizing(
  engine: Engine,
  embedding: Vectors,
  seed: number,
  signal?: AbortSignal,
): Promise<Int32Array> {
  const vectors = rowsOfUnitLength(embedding);
  const [size, count] = [vectors.length, vectors[0]!.length];
  let rotation = firstRotation(vectors, stream(seed, 'spectral-discretize').integer(count));
  let labels = largestOf(vectors, rotation);
  let last = 0;
  for (let step = 0; step <= MOST_STEPS; step++) {
    const columns = new Float64Array(size * size);
    // Σ of the rows of each cluster: columns[k][cluster].
    for (let k = 0; k < size; k++) {
      for (let row = 0; row < count; row++) columns[k * size + labels[row]!]! += vectors[k]![row]!;
    }
    const { values, left, right } = await svd(engine, columns, size, size, signal);
    const cut = 2 * (count - values.reduce((sum, value) => sum + value, 0));
    if (Math.abs(cut - last) < TOLERANCE) break;
    last = cut;
    rotation = transposed(product(left, right, size), size);
    labels = largestOf(vectors, rotation);
  }
  return labels;
}

function rowsOfUnitLength(embedding: Vectors): Float64Array[] {
  const vectors = embedding.map((vector) => {
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
    const scale = (Math.sqrt(vector.length) / length) * (vector[0]! > 0 ? -1 : 1);
    return vector.map((value) => value * scale);
  });
  for (let row = 0; row < vectors[0]!.length; row++) {
    const length = Math.sqrt(vectors.reduce((sum, vector) => sum + vector[row]! * vector[row]!, 0)) || 1;
    for (const vector of vectors) vector[row] = vector[row]! / length;
  }
  return vectors;
}

/** Columns of rows: the given one, then each time the one that is least along those before. */
function firstRotation(vectors: Vectors, first: number): Float64Array {
  const [size, count] = [vectors.length, vectors[0]!.length];
  const rotation = new Float64Array(size * size);
  const along = new Float64Array(count);
  for (let c = 0, row = first; c < size; c++) {
    for (let k = 0; k < size; k++) rotation[k * size + c] = vectors[k]![row]!;
    let least = 0;
    for (let i = 0; i < count; i++) {
      let dot = 0;
      for (let k = 0; k < size; k++) dot += vectors[k]![i]! * rotation[k * size + c]!;
      along[i]! += Math.abs(dot);
      if (along[i]! < along[least]!) least = i;
    }
    row = least;
  }
  return rotation;
}

/** U·Vᵀ of a square matrix, given by columns: row-major. */
async function nearestRotation(engine: Engine, columns: Float64Array, size: number, signal?: AbortSignal) {
  const { left, right } = await svd(engine, columns, size, size, signal);
  return product(left, right, size);
}

/** `left` by columns times `right` by rows: row-major. */
function product(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let c = 0; c < size; c++) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) out[i * size + j]! += left[c * size + i]! * right[c * size + j]!;
    }
  }
  return out;
}

function transposed(matrix: Float64Array, size: number): Float64Array {
  return matrix.map((_, at) => matrix[(at % size) * size + Math.floor(at / size)]!);
}

/** By row, the first column of vectors · rotation that is largest. */
function largestOf(vectors: Vectors, rotation: Float64Array, sizeOf = (value: number) => value): Int32Array {
  const size = vectors.length;
  return Int32Array.from(vectors[0]!, (_, row) => {
    let [found, most] = [0, Number.NEGATIVE_INFINITY];
    for (let c = 0; c < size; c++) {
      let value = 0;
      for (let k = 0; k < size; k++) value += vectors[k]![row]! * rotation[k * size + c]!;
      if (sizeOf(value) > most) [found, most] = [c, sizeOf(value)];
    }
    return found;
  });
}
