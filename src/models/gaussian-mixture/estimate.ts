import type { Densities, MixtureRows } from '../../engine/clustering/mixture-rows.js';
import type { Engine } from '../../engine/engine.js';
import { cholesky } from '../../engine/linear-algebra/cholesky.js';
import { invertLower } from '../../engine/linear-algebra/invert-lower.js';
import { LanewiseError } from '../../errors.js';
import { log } from '../../kernels/elementary.js';

export type CovarianceType = 'full' | 'tied' | 'diag' | 'spherical';

/** A mixture: weights sum to 1. */
export interface Mixture {
  readonly weights: Float64Array;
  /** components × dimension. */
  readonly means: Float64Array;
  /** full: components × d × d; tied: d × d; diag: components × d; spherical: components. */
  readonly covariances: Float64Array;
}

/** ½·log 2π. */
const HALF_LOG_TWO_PI = 0.9189385332046728;
/** So that a component of no rows has a mean. */
const LEAST_SHARE = 10 * 2.220446049250313e-16;

/** The mixture of the shares: the step of maximisation. */
export async function maximize(
  rows: MixtureRows,
  components: number,
  { covarianceType, regCovar }: { readonly covarianceType: CovarianceType; readonly regCovar: number },
  signal?: AbortSignal,
): Promise<Mixture> {
  const { dimension } = rows;
  const sums = await rows.moments('sums', undefined, signal);
  const totals = Float64Array.from(
    { length: components },
    (_, c) => sums[c * (dimension + 1) + dimension]! + LEAST_SHARE,
  );
  const means = new Float64Array(components * dimension);
  for (let c = 0; c < components; c++) {
    for (let j = 0; j < dimension; j++) means[c * dimension + j] = sums[c * (dimension + 1) + j]! / totals[c]!;
  }
  const total = totals.reduce((sum, value) => sum + value, 0);
  const weights = totals.map((value) => value / total);
  const products = covarianceType === 'full' || covarianceType === 'tied';
  const moments = await rows.moments(products ? 'products' : 'squares', means, signal);
  const length = moments.length / components;
  const own = moments.map((moment, at) => moment / totals[Math.floor(at / length)]!);
  const covariances = covariancesOf(covarianceType, { own, moments, total, components, dimension });
  addToDiagonals(covariances, covarianceType, dimension, regCovar);
  return { weights, means, covariances };
}

function covariancesOf(
  kind: CovarianceType,
  given: { own: Float64Array; moments: Float64Array; total: number; components: number; dimension: number },
): Float64Array {
  const { own, moments, total, components, dimension } = given;
  if (kind === 'full' || kind === 'diag') return own;
  if (kind === 'spherical') {
    return Float64Array.from({ length: components }, (_, c) => {
      let sum = 0;
      for (let j = 0; j < dimension; j++) sum += own[c * dimension + j]!;
      return sum / dimension;
    });
  }
  const tied = new Float64Array(dimension * dimension);
  for (let at = 0; at < moments.length; at++) tied[at % tied.length]! += moments[at]! / total;
  return tied;
}

function addToDiagonals(covariances: Float64Array, kind: CovarianceType, dimension: number, regCovar: number): void {
  if (kind === 'diag' || kind === 'spherical') {
    for (let at = 0; at < covariances.length; at++) covariances[at]! += regCovar;
    return;
  }
  for (let at = 0; at < covariances.length; at += dimension * dimension) {
    for (let j = 0; j < dimension; j++) covariances[at + j * (dimension + 1)]! += regCovar;
  }
}

/** @throws LanewiseError `data` where a covariance is singular */
export async function densitiesOf(
  engine: Engine,
  { weights, means, covariances }: Mixture,
  kind: CovarianceType,
  signal?: AbortSignal,
): Promise<Densities> {
  const count = weights.length;
  const dimension = means.length / count;
  const full = kind === 'full' || kind === 'tied';
  const size = full ? dimension * dimension : dimension;
  const factors = new Float64Array(count * size);
  const offsets = new Float64Array(count);
  for (let c = 0; c < count; c++) {
    if (full && !(kind === 'tied' && c > 0)) {
      const covariance = kind === 'tied' ? covariances : covariances.subarray(c * size, (c + 1) * size);
      factors.set(await factorOf(engine, covariance, dimension, c, signal), c * size);
    } else if (full) factors.copyWithin(c * size, 0, size);
    else {
      for (let j = 0; j < dimension; j++) {
        const variance = covariances[kind === 'spherical' ? c : c * dimension + j]!;
        if (!(variance > 0)) throw singular(c);
        factors[c * dimension + j] = 1 / Math.sqrt(variance);
      }
    }
    let determinant = 0;
    for (let j = 0; j < dimension; j++) determinant += log(factors[c * size + (full ? j * (dimension + 1) : j)]!);
    offsets[c] = log(weights[c]!) + determinant - dimension * HALF_LOG_TWO_PI;
  }
  return { count, means, factors, full, offsets };
}

async function factorOf(
  engine: Engine,
  covariance: Float64Array,
  size: number,
  component: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const lower = await cholesky(engine, covariance, size, { tolerance: 1e-15, ...(signal && { signal }) });
  if (!lower) throw singular(component);
  return invertLower(lower, signal);
}

function singular(component: number): LanewiseError {
  return new LanewiseError('data', `Expected covariances above 0 but that of component ${component} is singular`, {
    hint: 'Too few different rows are its own: ask for fewer components, raise regCovar, or take covarianceType diag.',
  });
}

/** Numbers that a mixture is free to choose. */
export function freeParameters(kind: CovarianceType, components: number, dimension: number): number {
  const triangle = (dimension * (dimension + 1)) / 2;
  const covariances = {
    full: components * triangle,
    tied: triangle,
    diag: components * dimension,
    spherical: components,
  }[kind];
  return covariances + components * dimension + components - 1;
}
