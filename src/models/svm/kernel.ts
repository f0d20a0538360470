import { type KernelRows, PointRows, PrecomputedRows } from '../../engine/descent/kernel-rows.js';
import type { Engine } from '../../engine/engine.js';
import { type Points, pointsOf } from '../../engine/neighbors/points.js';
import type { KernelFunction } from '../../engine/scoring/kernel-expansion.js';
import { LanewiseError } from '../../errors.js';
import type { RegisterColumn } from '../../table/columns.js';
import { requireFinite } from '../features.js';
import type { KernelParameters } from './parameters.js';

/** Training rows under a kernel: of which any selection makes a kernel matrix. */
export interface KernelData {
  /** Undefined where the columns are the kernel matrix. */
  readonly kernel: KernelFunction | undefined;
  /** The rows themselves, or nothing where the kernel is precomputed. */
  readonly points: Points;
  select(rows: Uint32Array): KernelRows;
}

/**
 * @throws LanewiseError `data` for columns that are no finite numbers, for a precomputed kernel that is not square or not
 * symmetric, and for values so large that the kernel leaves the range of f64.
 */
export function kernelData(
  model: string,
  engine: Engine,
  columns: readonly RegisterColumn[],
  parameters: KernelParameters,
): KernelData {
  requireFinite(model, columns);
  const values = columns.map((column) => column.values);
  if (parameters.kernel === 'precomputed') {
    requireSymmetric(columns);
    const points = { values: new Float64Array(0), count: values[0]!.length, dimension: 0 };
    return { kernel: undefined, points, select: (rows) => inRange(model, new PrecomputedRows(values, rows)) };
  }
  const points = pointsOf(values);
  const { kernel: kind, coef0, degree } = parameters;
  const kernel = { kind, gamma: gammaOf(model, parameters, points), coef0, degree };
  return { kernel, points, select: (rows) => inRange(model, new PointRows(engine, take(points, rows), kernel)) };
}

function take({ values, dimension }: Points, rows: Uint32Array): Points {
  const taken = new Float64Array(rows.length * dimension);
  rows.forEach((row, i) => {
    taken.set(values.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return { values: taken, count: rows.length, dimension };
}

function gammaOf(model: string, { gamma, kernel }: KernelParameters, { values, dimension }: Points): number {
  if (typeof gamma === 'number' || kernel === 'linear') return typeof gamma === 'number' ? gamma : 1;
  if (gamma === 'auto') return 1 / dimension;
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += values[i]! / values.length;
  let variance = 0;
  for (let i = 0; i < values.length; i++) variance += ((values[i]! - mean) * (values[i]! - mean)) / values.length;
  // scikit-learn's 1 is for values that are all the same, not for those whose squares vanish.
  const constant = values.every((value) => value === values[0]);
  const scaled = constant ? 1 : 1 / (dimension * variance);
  if (scaled > 0 && scaled < Number.POSITIVE_INFINITY) return scaled;
  throw new LanewiseError('data', `Expected features whose variance f64 can hold for ${model} but it is ${variance}`, {
    hint: 'Scale the features first (standard), or set gamma to a number.',
  });
}

/** @throws LanewiseError `data` where K(x, x) of some row is beyond f64. */
function inRange(model: string, rows: KernelRows): KernelRows {
  const diagonal = rows.diagonal();
  const wrong = diagonal.findIndex((value) => !(Math.abs(value) < LARGEST));
  if (wrong < 0) return rows;
  rows[Symbol.dispose]();
  throw new LanewiseError(
    'data',
    `Expected kernel values below ${LARGEST} for ${model} but a row's with itself is ${diagonal[wrong]}`,
    { hint: 'Scale the features first (standard): kernels compare rows by their distances and products.' },
  );
}

/** Beyond it, sums of three kernel values may be infinite. */
const LARGEST = 1e307;

function requireSymmetric(columns: readonly RegisterColumn[]): void {
  const rows = columns[0]!.values.length;
  if (columns.length !== rows) {
    const message = `Expected a column for each of the ${rows} training rows for a precomputed kernel but there are ${columns.length}`;
    throw new LanewiseError('data', message, { hint: 'The kernel of the training rows with each other is square.' });
  }
  columns.forEach(({ name, values }, column) => {
    for (let row = 0; row < column; row++) {
      const [value, mirrored] = [values[row]!, columns[row]!.values[column]!];
      const size = Math.max(Math.abs(value), Math.abs(mirrored));
      if (Math.abs(value - mirrored) <= 1e-9 * size) continue;
      const message = `Expected a symmetric kernel matrix but column "${name}" has ${value} where its mirror image has ${mirrored}`;
      throw new LanewiseError('data', message, { column: name, row: row + 1 });
    }
  });
}
