import { blockSum } from '../../engine/block-sums.js';
import { DesignMatrix } from '../../engine/descent/design-matrix.js';
import { LinearProblem } from '../../engine/descent/linear-problem.js';
import type { Engine } from '../../engine/engine.js';
import { powerOfTwo, timesPowerOfTwo } from '../../engine/linear-algebra/double-double.js';
import { LanewiseError } from '../../errors.js';
import type { RegisterColumn } from '../../table/columns.js';
import { type Unit, unitOf } from '../../table/unit.js';
import type { Target } from '../features.js';

const MOST = 1e300;

/** The rows of one class, in the units of the analysis. */
export interface ClassMoments {
  readonly label: string;
  readonly rows: number;
  /** Sum of the weights, of which the mean over all rows is 1. */
  readonly weight: number;
  readonly weights: Float64Array | undefined;
  readonly mean: Float64Array;
  /** The columns less their means. */
  readonly centred: readonly Float64Array[];
}

/** Columns that vary, each in a unit of its own: (x − shift) / 2^exponent. */
export interface Analysis {
  /** Indices of the columns that vary. */
  readonly active: readonly number[];
  /** Of every column. */
  readonly units: readonly Unit[];
  readonly classes: readonly ClassMoments[];
  /** By class; sums to 1. */
  readonly priors: Float64Array;
  readonly rowCount: number;
}

/**
 * Means of the classes and what is left of the columns without them. Rows of weight 0 do not count.
 * @throws LanewiseError `usage` for priors that are not one a class or sum to 0; `data` where fewer than two classes have
 * rows that count, or numbers are beyond ±1e300
 */
export function analyse(
  features: readonly RegisterColumn[],
  target: Target,
  weights: Float64Array | undefined,
  priors: readonly number[] | null,
): Analysis {
  refuseHuge(features);
  const columns = features.map(({ values }) => values);
  const counted = Uint32Array.from(target.values.keys()).filter((row) => !weights || weights[row]! > 0);
  const units = columns.map((values) =>
    unitOf(
      Float64Array.from(counted, (row) => values[row]!),
      true,
    ),
  );
  const active = units.flatMap(({ exponent, shift }, j) => (varies(columns[j]!, counted, shift, exponent) ? [j] : []));
  const total = weights ? blockSum(counted.length, (i) => weights[counted[i]!]!) / counted.length : 1;
  const rowsOf = target.classes!.map((_, k) => counted.filter((row) => target.values[row] === k));
  const classes = rowsOf.map((rows, k): ClassMoments => {
    const own = weights && Float64Array.from(rows, (row) => weights[row]! / total);
    const weight = own ? blockSum(own.length, (i) => own[i]!) : rows.length;
    const centred = active.map((j) => {
      const { shift, inverse } = units[j]!;
      return Float64Array.from(rows, (row) => (columns[j]![row]! - shift) * inverse[0] * inverse[1]);
    });
    const mean = Float64Array.from(centred, (values) =>
      rows.length === 0 ? 0 : blockSum(rows.length, (i) => (own ? own[i]! : 1) * values[i]!) / weight,
    );
    centred.forEach((values, j) => {
      for (let i = 0; i < values.length; i++) values[i] = values[i]! - mean[j]!;
    });
    return { label: target.classes![k]!, rows: rows.length, weight, weights: own, mean, centred };
  });
  const present = classes.filter(({ rows }) => rows > 0);
  if (present.length < 2) {
    throw new LanewiseError('data', 'Expected rows of at least two classes that weigh something but there are of one');
  }
  return { active, units, classes, priors: checkPriors(priors, classes, counted.length), rowCount: counted.length };
}

/** Differences of larger numbers are beyond the range of numbers. */
function refuseHuge(features: readonly RegisterColumn[]): void {
  for (const { name, values } of features) {
    if (values.every((value) => Math.abs(value) <= MOST)) continue;
    throw new LanewiseError('data', `Expected numbers within ±1e300 in column "${name}" but there are larger ones`, {
      column: name,
      hint: 'Measure the column in other units, or clip it.',
    });
  }
}

function varies(values: Float64Array, rows: Uint32Array, shift: number, exponent: number): boolean {
  // A column in which only the last places differ holds rounding, not information.
  const spread = timesPowerOfTwo(1, exponent);
  return rows.some((row) => values[row] !== values[rows[0]!]) && spread > 2 ** -50 * Math.abs(shift);
}

function checkPriors(
  given: readonly number[] | null,
  classes: readonly ClassMoments[],
  rowCount: number,
): Float64Array {
  if (given === null) return Float64Array.from(classes, ({ weight }) => weight / rowCount);
  const total = given.reduce((sum, value) => sum + value, 0);
  if (given.length === classes.length && total > 0) return Float64Array.from(given, (value) => value / total);
  throw new LanewiseError(
    'usage',
    `Expected ${classes.length} priors, one a class, that do not all vanish, but received ${given.length} of sum ${total}`,
    { hint: `The classes are, in this order: ${classes.map(({ label }) => label).join(', ')}` },
  );
}

/** Σ weights·centred·centredᵀ of one class or several, row-major, active × active. */
export async function scatterOf(
  engine: Engine,
  { centred, weights }: Pick<ClassMoments, 'centred' | 'weights'>,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const size = centred.length;
  const rows = centred[0]!.length;
  if (rows === 0) return new Float64Array(size * size);
  const scaling = { shifts: new Float64Array(size), scales: new Float64Array(size).fill(1) };
  using design = await DesignMatrix.of(engine, centred, { centred: false, scaling, signal });
  using problem = new LinearProblem(design, 'squared', new Float64Array(rows), { weights });
  return await problem.gram('weights', false, signal);
}

/** The shrinkage that Ledoit and Wolf (2004) find best for a class, on columns of unit deviation; 0 for one column. */
export function ledoitWolf({ centred, weights, weight, rows }: ClassMoments, covariance: Float64Array): number {
  const size = centred.length;
  if (size === 1) return 0;
  const deviations = Float64Array.from({ length: size }, (_, j) => Math.sqrt(covariance[j * size + j]!) || 1);
  let [trace, squares] = [0, 0];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const value = covariance[i * size + j]! / (deviations[i]! * deviations[j]!);
      squares += value * value;
      if (i === j) trace += value;
    }
  }
  const fourth = blockSum(rows, (row) => {
    let length = 0;
    for (let j = 0; j < size; j++) length += (centred[j]![row]! / deviations[j]!) ** 2;
    return (weights ? weights[row]! : 1) * length * length;
  });
  const mean = trace / size;
  const delta = (squares - 2 * mean * trace + size * mean * mean) / size;
  const beta = Math.min(delta, (fourth / weight - squares) / (size * rows));
  return beta > 0 ? beta / delta : 0;
}

/**
 * A class's covariance (divided by its weight), drawn towards the mean variance by `shrinkage`: in the units of the data
 * where it is a number, on columns of unit deviation where it is 'auto'.
 */
export async function covarianceOf(
  engine: Engine,
  analysis: Analysis,
  moments: ClassMoments,
  shrinkage: 'none' | 'auto' | number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const covariance = await scatterOf(engine, moments, signal);
  if (moments.weight > 0) for (let i = 0; i < covariance.length; i++) covariance[i]! /= moments.weight;
  if (shrinkage === 'none') return covariance;
  if (shrinkage === 'auto') return drawn(covariance, moments.mean.length, ledoitWolf(moments, covariance));
  return drawn(covariance, moments.mean.length, shrinkage, exponentsOf(analysis));
}

/** Of the active columns. */
export function exponentsOf({ active, units }: Analysis): number[] {
  return active.map((j) => units[j]!.exponent);
}

/** (1 − share)·covariance + share·mean variance: of unit deviations, or in the units that the exponents give. */
function drawn(covariance: Float64Array, size: number, share: number, exponents?: readonly number[]): Float64Array {
  const variances = Float64Array.from({ length: size }, (_, j) => covariance[j * size + j]!);
  const targets = exponents
    ? meanVariance(variances, exponents)
    : variances.map((variance) => (variance || 1) * meanShare(variances));
  const out = covariance.map((value) => (1 - share) * value);
  for (let j = 0; j < size; j++) out[j * size + j]! += share * targets[j]!;
  return out;
}

/** Columns of unit deviation have variance 1, constant ones 0. */
function meanShare(variances: Float64Array): number {
  return variances.reduce((sum, variance) => sum + (variance > 0 ? 1 : 0), 0) / variances.length;
}

/** The mean variance in the units of the data, in the unit of each column. */
function meanVariance(variances: Float64Array, exponents: readonly number[]): Float64Array {
  const largest = exponents.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const mean = variances.reduce((sum, value, j) => sum + timesPowerOfTwo(value, 2 * (exponents[j]! - largest)), 0);
  return Float64Array.from(exponents, (exponent) => {
    const [first, second] = powerOfTwo(2 * (largest - exponent));
    return (mean / variances.length) * first * second;
  });
}
