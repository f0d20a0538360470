import type { Engine } from '../../engine/engine.js';
import { cholesky, choleskySolve } from '../../engine/linear-algebra/cholesky.js';
import { symmetricEigen } from '../../engine/linear-algebra/symmetric-eigen.js';
import { LanewiseError } from '../../errors.js';
import { type Analysis, scatterOf } from './class-moments.js';

/** Solutions for each right side, and the directions that were left out of them. */
export interface Solutions {
  readonly directions: readonly Float64Array[];
  readonly left: number;
}

/**
 * By the pooled covariance within classes, divided by the rows. Where it is singular, by its pseudo-inverse on
 * columns scaled to unit deviation: directions whose deviation is at most `tol` are left out.
 * @throws LanewiseError `data` where there are no more rows than classes
 */
export async function solveWithin(
  engine: Engine,
  { classes, rowCount }: Analysis,
  rights: readonly Float64Array[],
  tol: number,
  signal?: AbortSignal,
): Promise<Solutions> {
  if (rowCount <= classes.filter(({ rows }) => rows > 0).length) {
    throw new LanewiseError('data', `Expected more rows than classes but there are ${rowCount} rows, each of a class`, {
      hint: 'The variance within classes is what discriminants are measured by.',
    });
  }
  const size = rights[0]!.length;
  // Row by row, times the roots of the weights: what varies within classes, whatever the class.
  const within = Array.from({ length: size }, (_, j) => {
    const out = new Float64Array(rowCount);
    let at = 0;
    for (const { centred, weights } of classes) {
      for (let i = 0; i < centred[j]!.length; i++) out[at++] = centred[j]![i]! * (weights ? Math.sqrt(weights[i]!) : 1);
    }
    return out;
  });
  const scales = Float64Array.from(within, (values) => {
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / rowCount);
    return deviation > 0 ? deviation : 1;
  });
  const factor = 1 / Math.sqrt(rowCount);
  within.forEach((values, j) => {
    for (let i = 0; i < rowCount; i++) values[i] = (values[i]! / scales[j]!) * factor;
  });
  const scaled = rights.map((right) => right.map((value, j) => value / scales[j]!));
  const unscale = (solution: Float64Array) => solution.map((value, j) => value / scales[j]!);
  if (size <= rowCount) {
    const matrix = await scatterOf(engine, { centred: within, weights: undefined }, signal);
    const lower = await cholesky(engine, matrix, size, { tolerance: Math.max(tol * tol, 1e-14), signal });
    if (lower) return { directions: scaled.map((right) => unscale(choleskySolve(lower, right))), left: 0 };
    const { values, vectors } = await symmetricEigen(engine, matrix, size, signal);
    const kept = keptOf(values, tol);
    const directions = scaled.map((right) => unscale(projected(vectors, values, kept, right)));
    return { directions, left: size - kept.length };
  }
  // More columns than rows: the same by the rows' inner products.
  const products = await rowProducts(engine, within, signal);
  const { values, vectors } = await symmetricEigen(engine, products, rowCount, signal);
  const kept = keptOf(values, tol);
  const squares = values.map((value) => value * value);
  const directions = scaled.map((right) => {
    const rows = new Float64Array(rowCount);
    within.forEach((column, j) => {
      for (let i = 0; i < rowCount; i++) rows[i]! += column[i]! * right[j]!;
    });
    const solved = projected(vectors, squares, kept, rows);
    return unscale(
      Float64Array.from(within, (column) => column.reduce((sum, value, i) => sum + value * solved[i]!, 0)),
    );
  });
  return { directions, left: size - kept.length };
}

function keptOf(values: Float64Array, tol: number): number[] {
  return Array.from(values.keys()).filter((e) => values[e]! > Math.max(tol * tol, 1e-14));
}

/** Σ of the kept eigenvectors v·(v·right)/value. */
function projected(vectors: Float64Array, values: Float64Array, kept: readonly number[], right: Float64Array) {
  const size = right.length;
  const out = new Float64Array(size);
  for (const e of kept) {
    let share = 0;
    for (let i = 0; i < size; i++) share += vectors[e * size + i]! * right[i]!;
    share /= values[e]!;
    for (let i = 0; i < size; i++) out[i]! += share * vectors[e * size + i]!;
  }
  return out;
}

/** x·xᵀ of a matrix given by columns. */
async function rowProducts(engine: Engine, columns: readonly Float64Array[], signal?: AbortSignal) {
  const rowCount = columns[0]!.length;
  const rows = Array.from({ length: rowCount }, (_, i) => Float64Array.from(columns, (values) => values[i]!));
  return scatterOf(engine, { centred: rows, weights: undefined }, signal);
}

/**
 * By a covariance that is given; where it is singular, the shortest solutions, or with `regular` an error.
 * @throws LanewiseError `data`
 */
export async function solveCovariance(
  engine: Engine,
  covariance: Float64Array,
  rights: readonly Float64Array[],
  regular: boolean,
  signal?: AbortSignal,
): Promise<Solutions> {
  const size = rights[0]!.length;
  const lower = await cholesky(engine, covariance, size, { tolerance: 1e-14, signal });
  if (lower) return { directions: rights.map((right) => choleskySolve(lower, right)), left: 0 };
  if (regular) {
    throw new LanewiseError(
      'data',
      'Expected covariances that can be inverted for solver eigen but theirs is singular',
      {
        hint: 'Take solver svd or lsqr, or shrinkage: auto.',
      },
    );
  }
  const { values, vectors } = await symmetricEigen(engine, covariance, size, signal);
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  const kept = Array.from(values.keys()).filter((e) => values[e]! > 1e-12 * largest);
  return { directions: rights.map((right) => projected(vectors, values, kept, right)), left: size - kept.length };
}
