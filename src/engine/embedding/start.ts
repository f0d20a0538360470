import type { Engine, Task } from '../engine.js';
import { randomizedSvd, symmetricEigen } from '../linear-algebra.js';
import type { Points } from '../neighbors/points.js';
import { type RandomStream, stream } from '../random.js';
import { Breather } from '../turn.js';
import type { SparseGraph } from './sparse-graph.js';

/** Where points are placed at first: count × dimension, row-major. */
export type Start = Float64Array;

/** Normal random numbers. */
export function randomStart(count: number, dimension: number, seed: number): Start {
  const random = stream(seed, 'embedding-start');
  return Float64Array.from({ length: count * dimension }, () => random.normal());
}

/**
 * The scores of the points on their first principal components; a component along which nothing varies is normal random
 * numbers a ten-thousandth as wide as the first.
 */
export async function principalStart(
  engine: Engine,
  points: Points,
  dimension: number,
  seed: number,
  signal?: AbortSignal,
): Promise<Start> {
  const { count } = points;
  const start = new Float64Array(count * dimension);
  const wanted = Math.min(dimension, points.dimension, count);
  const { values, left } = await principalParts(engine, points, wanted, seed, signal);
  const random = stream(seed, 'embedding-start');
  const first = values[0] ?? 0;
  for (let c = 0; c < dimension; c++) {
    const size = values[c] ?? 0;
    const flat = !(size > 1e-12 * first);
    for (let i = 0; i < count; i++) {
      const noise = flat ? random.normal() * 1e-4 * (first > 0 ? first / Math.sqrt(count) : 1) : 0;
      start[i * dimension + c] = flat ? noise : left[c * count + i]! * size;
    }
  }
  return start;
}

async function principalParts(engine: Engine, points: Points, wanted: number, seed: number, signal?: AbortSignal) {
  const { values, count, dimension } = points;
  const breather = new Breather();
  const columns = new Float64Array(values.length);
  for (let j = 0; j < dimension; j++) {
    await breather.breathe(signal);
    let mean = 0;
    for (let i = 0; i < count; i++) mean += (values[i * dimension + j]! - mean) / (i + 1);
    for (let i = 0; i < count; i++) columns[j * count + i] = values[i * dimension + j]! - mean;
  }
  if (columns.every((value) => value === 0)) return { values: new Float64Array(0), left: new Float64Array(0) };
  const found = await randomizedSvd(engine, columns, count, dimension, { count: wanted, seed, signal });
  for (let c = 0; c < wanted; c++) orient(found.left.subarray(c * count, (c + 1) * count));
  return found;
}

/** So that the element that is largest in size, the first of equals, is positive: a vector and its opposite are one answer. */
function orient(vector: Float64Array): void {
  let largest = 0;
  for (const value of vector) if (Math.abs(value) > Math.abs(largest)) largest = value;
  if (largest < 0) for (let i = 0; i < vector.length; i++) vector[i] = -vector[i]!;
}

/** Steps of Lanczos' method at most, and between two looks at how far it is. */
const MOST_STEPS = 300;
const LOOK = 25;
/** What is left of the eigenvectors' equation: a start needs no more. */
const TOLERANCE = 1e-4;

/**
 * The eigenvectors of a connected graph's normalised Laplacian with the smallest eigenvalues above 0, by Lanczos' method
 * with full reorthogonalisation, the known first eigenvector kept out (Belkin and Niyogi, "Laplacian eigenmaps", 2003).
 * The graph is symmetric, with at least dimension + 2 points.
 */
export async function spectralStart(
  engine: Engine,
  graph: SparseGraph,
  dimension: number,
  seed: number,
  signal?: AbortSignal,
): Promise<Start> {
  const count = graph.offsets.length - 1;
  using scope = engine.arena.scope();
  const known = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let e = graph.offsets[i]!; e < graph.offsets[i + 1]!; e++) known[i]! += graph.values[e]!;
  }
  const roots = known.map(Math.sqrt);
  const scaled = new Float64Array(graph.values.length);
  for (let i = 0; i < count; i++) {
    for (let e = graph.offsets[i]!; e < graph.offsets[i + 1]!; e++) {
      scaled[e] = graph.values[e]! / (roots[i]! * roots[graph.indices[e]!]!);
    }
  }
  const [offsets, indices] = [scope.copy('i32', graph.offsets), scope.copy('i32', graph.indices)];
  const [values, vector] = [scope.copy('f64', scaled), scope.allocate('f64', count)];
  const product = scope.allocate('f64', count);
  const tasks: Task[] = [];
  for (let from = 0; from < count; from += 2048) {
    const rows = Math.min(2048, count - from);
    const places = [offsets.byteOffset + 4 * from, indices.byteOffset, values.byteOffset, vector.byteOffset];
    const shape = [rows, values.length, count, 1];
    tasks.push({ kernel: 'sparse_multiply_f64', values: [...places, product.byteOffset + 8 * from, ...shape] });
  }
  const multiply = async (x: Float64Array) => {
    vector.set(x);
    await engine.run(tasks, signal);
    return product.slice();
  };
  const first = unit(roots);
  const vectors = await lanczos(multiply, first, dimension, stream(seed, 'embedding-start'), engine, signal);
  const start = new Float64Array(count * dimension);
  for (let c = 0; c < dimension; c++) {
    orient(vectors[c]!);
    for (let i = 0; i < count; i++) start[i * dimension + c] = vectors[c]![i]!;
  }
  return start;
}

/** Unit eigenvectors of the largest eigenvalues, orthogonal to `first`. */
async function lanczos(
  multiply: (x: Float64Array) => Promise<Float64Array>,
  first: Float64Array,
  wanted: number,
  random: RandomStream,
  engine: Engine,
  signal?: AbortSignal,
): Promise<Float64Array[]> {
  const count = first.length;
  const breather = new Breather();
  const basis: Float64Array[] = [first];
  const diagonal: number[] = [];
  const beside: number[] = [];
  const clean = async (x: Float64Array) => {
    // Twice is enough (Kahan): what is left of the others is rounding.
    for (let round = 0; round < 2; round++) {
      for (const other of basis) {
        subtract(x, other, dot(x, other));
        await breather.breathe(signal);
      }
    }
  };
  let next: Float64Array = Float64Array.from({ length: count }, () => random.normal());
  await clean(next);
  const most = Math.min(MOST_STEPS, count - 1);
  for (let step = 1; ; step++) {
    const current = unit(next);
    basis.push(current);
    next = await multiply(current);
    diagonal.push(dot(next, current));
    await clean(next);
    const length = Math.sqrt(dot(next, next));
    const ended = step === most || length < 1e-10;
    if (ended || step % LOOK === 0) {
      const ritz = await ritzVectors(engine, diagonal, beside, signal);
      const rest = Array.from({ length: Math.min(wanted, step) }, (_, c) => {
        return length * Math.abs(ritz.vectors[c * step + step - 1]!);
      });
      if ((ended || rest.every((value) => value < TOLERANCE)) && step >= wanted) {
        return Array.from({ length: wanted }, (_, c) => {
          const vector = new Float64Array(count);
          for (let k = 0; k < step; k++) subtract(vector, basis[k + 1]!, -ritz.vectors[c * step + k]!);
          return vector;
        });
      }
      // The basis ends before there are enough directions: any other one goes on.
      if (ended) next = Float64Array.from({ length: count }, () => random.normal());
      if (ended) await clean(next);
    }
    beside.push(length < 1e-10 ? 0 : length);
  }
}

/** Eigenvectors of the tridiagonal matrix, the largest eigenvalue's first. */
function ritzVectors(engine: Engine, diagonal: readonly number[], beside: readonly number[], signal?: AbortSignal) {
  const size = diagonal.length;
  const matrix = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    matrix[k * size + k] = diagonal[k]!;
    if (k + 1 < size) matrix[k * size + k + 1] = matrix[(k + 1) * size + k] = beside[k]!;
  }
  return symmetricEigen(engine, matrix, size, signal);
}

function dot(a: Float64Array, b: Float64Array): number {
  // Four sums, so that none waits for the one before.
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 4 <= a.length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

function subtract(from: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < from.length; i++) from[i] = from[i]! - factor * other[i]!;
}

function unit(x: Float64Array): Float64Array<ArrayBuffer> {
  const length = Math.sqrt(dot(x, x));
  return Float64Array.from(x, (value) => value / length);
}
