import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { type Scatter, scatterOf } from '../../engine/linear-algebra/scatter.js';
import { flipSigns, leadsNegative, randomizedSvd, type Svd, svd, symmetricEigen } from '../../engine/linear-algebra.js';
import { LanewiseError } from '../../errors.js';
import { checkParameters, defineParameters, type Parameters } from '../../parameters.js';
import type { Transformer, TransformerContext } from '../../table/interfaces.js';
import type { TransformerEntry } from '../../table/transformer.js';
import {
  type Components,
  FittedDecomposition,
  type Numbers,
  noComponents,
  numbersOf,
  numericColumns,
  sumOf,
  unitOfColumns,
} from './components.js';

const declarations = defineParameters({
  nComponents: {
    type: 'number',
    default: null,
    nullable: true,
    min: 0,
    above: true,
    meaning: 'how many components; below 1: as many as have more than this share of the variance; null: all',
  },
  whiten: { type: 'boolean', default: false, meaning: 'scores are divided by their deviations, so that all are 1' },
  svdSolver: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'full', 'covariance_eigh', 'randomized'],
    meaning:
      "full: singular values of the centred columns; covariance_eigh: eigenvalues of their covariance; randomized: the largest alone, by Halko's method; auto: by the shape, as scikit-learn",
  },
  iteratedPower: {
    type: 'integer',
    default: null,
    nullable: true,
    min: 0,
    meaning: 'power iterations of randomized; null: 7 for fewer than a tenth of all components, else 4',
  },
  nOversamples: { type: 'integer', default: 10, min: 0, meaning: 'directions of randomized beside those wanted' },
});

export type PCAParameters = Parameters<typeof declarations>;

/**
 * Principal component analysis: numbers become their scores along the directions in which they vary most, pca_1, pca_2, …
 * Centred, not scaled. Signs are such that the element of each component that is largest in size is positive. Missing and
 * infinite values count as the mean.
 */
export class PCA implements Transformer {
  readonly name = 'pca';
  readonly parameters: PCAParameters;

  constructor(parameters: Partial<PCAParameters> = {}) {
    this.parameters = checkParameters('PCA', declarations, parameters);
    const { nComponents, svdSolver } = this.parameters;
    if (nComponents !== null && nComponents > 1 && !Number.isInteger(nComponents)) {
      throw new LanewiseError('usage', `Expected PCA.nComponents below 1 or whole but received ${nComponents}`);
    }
    if (nComponents !== null && nComponents < 1 && svdSolver === 'randomized') {
      throw new LanewiseError(
        'usage',
        `Expected a number of components for svdSolver randomized but received a share, ${nComponents}`,
        { hint: 'Take svdSolver full or covariance_eigh: a share needs all singular values.' },
      );
    }
  }

  /** @param context its `columns`, by default all features, of which the numbers and booleans are taken */
  async fit(table: Table, context: Partial<TransformerContext> = {}): Promise<FittedDecomposition> {
    const engine = context.engine ?? (await defaultEngine());
    const work: Work = { engine, parameters: this.parameters, seed: context.seed ?? 0, signal: context.signal };
    const columns = numericColumns(table, context.columns);
    if (columns.length > 0 && table.numRows > 1) {
      const values = columns.map((column) => column.values);
      const scatter = await scatterOf(engine, values, context.signal);
      if (isOrdinary(scatter)) {
        const found = await principalComponents(work, values, scatter);
        return this.#finish({ columns, values, fills: scatter.means, replaced: 0 }, found);
      }
    }
    const numbers = numbersOf(table, context.columns, true);
    const usable = numbers.values.length > 0 && table.numRows > 1;
    return this.#finish(numbers, usable ? await inUnits(work, numbers.values) : noComponents(table.numRows));
  }

  #finish(numbers: Numbers, found: Components): FittedDecomposition {
    const { nComponents, whiten } = this.parameters;
    return new FittedDecomposition(this.name, numbers, found, whiten, nComponents ?? undefined);
  }
}

interface Work {
  readonly engine: Engine;
  readonly parameters: PCAParameters;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
}

export const pca: TransformerEntry = {
  name: 'pca',
  meaning: 'numbers become their principal components',
  declarations,
  create: (parameters = {}) => new PCA(parameters),
};

/** Were all values finite, and their squares within the range of numbers? Seen from the sums, at no cost. */
function isOrdinary({ means, products }: Scatter): boolean {
  return means.every((_, j) => {
    const square = products[j * (means.length + 1)]!;
    return square > 1e-200 && square < 1e200;
  });
}

/** In units in which squares stay in the range of numbers. */
async function inUnits(work: Work, given: readonly Float64Array[]): Promise<Components> {
  const unit = unitOfColumns(given);
  const columns = given.map((column) => column.map((value) => value / unit));
  const found = await principalComponents(work, columns, await scatterOf(work.engine, columns, work.signal));
  return {
    ...found,
    means: found.means.map((value) => value * unit),
    explainedVariance: found.explainedVariance.map((value) => value * unit * unit),
    singularValues: found.singularValues.map((value) => value * unit),
    noiseVariance: found.noiseVariance * unit * unit,
  };
}

async function principalComponents(
  { engine, parameters, seed, signal }: Work,
  columns: readonly Float64Array[],
  scatter: Scatter,
): Promise<Components> {
  const solver = solverFor(parameters, columns[0]!.length, columns.length);
  return solver === 'covariance_eigh'
    ? byCovariance(engine, columns, scatter, parameters, signal)
    : byColumns(engine, columns, scatter, parameters, { solver, seed, signal });
}

function solverFor({ svdSolver, nComponents }: PCAParameters, rows: number, columns: number): string {
  if (svdSolver !== 'auto') return svdSolver;
  if (columns <= 1000 && rows >= 10 * columns) return 'covariance_eigh';
  if (Math.max(rows, columns) <= 500 || nComponents === null) return 'full';
  return nComponents >= 1 && nComponents < 0.8 * Math.min(rows, columns) ? 'randomized' : 'full';
}

async function byCovariance(
  engine: Engine,
  columns: readonly Float64Array[],
  { means, products }: Scatter,
  { nComponents }: PCAParameters,
  signal?: AbortSignal,
): Promise<Components> {
  const [rows, size] = [columns[0]!.length, columns.length];
  const covariance = products.map((value) => value / (rows - 1));
  const { values, vectors } = await symmetricEigen(engine, covariance, size, signal);
  const variances = values.map((value) => Math.max(0, value));
  for (let k = 0; k < size; k++) {
    const vector = vectors.subarray(k * size, (k + 1) * size);
    if (leadsNegative(vector)) for (let j = 0; j < size; j++) vector[j] = -vector[j]!;
  }
  return keep(nComponents, rows, { means, vectors, variances, solver: 'covariance_eigh', total: sumOf(variances) });
}

async function byColumns(
  engine: Engine,
  columns: readonly Float64Array[],
  { means, products }: Scatter,
  { nComponents, iteratedPower, nOversamples }: PCAParameters,
  { solver, seed, signal }: { solver: string; seed: number; signal?: AbortSignal },
): Promise<Components> {
  const [rows, size] = [columns[0]!.length, columns.length];
  const centred = new Float64Array(rows * size);
  columns.forEach((column, j) => {
    for (let i = 0; i < rows; i++) centred[j * rows + i] = column[i]! - means[j]!;
  });
  let found: Svd;
  if (solver === 'full') found = await svd(engine, centred, rows, size, signal);
  else {
    const options = { oversamples: nOversamples, iterations: iteratedPower ?? undefined, seed, signal };
    const count = Math.min(nComponents ?? Number.POSITIVE_INFINITY, rows, size);
    found = await randomizedSvd(engine, centred, rows, size, { count, ...options });
  }
  flipSigns(found);
  const variances = found.values.map((value) => (value * value) / (rows - 1));
  let total = 0;
  for (let j = 0; j < size; j++) total += products[j * (size + 1)]! / (rows - 1);
  const all = solver === 'full' ? sumOf(variances) : total;
  return keep(nComponents, rows, { means, vectors: found.right, variances, solver, total: all });
}

interface Found {
  readonly means: Float64Array;
  readonly vectors: Float64Array;
  /** Of the vectors that were found. */
  readonly variances: Float64Array;
  /** Of all directions. */
  readonly total: number;
  readonly solver: string;
}

function keep(
  nComponents: number | null,
  rows: number,
  { means, vectors, variances, total, solver }: Found,
): Components {
  const size = means.length;
  const most = Math.min(rows, size, variances.length);
  const ratios = variances.map((value) => (total > 0 ? value / total : 0));
  const count = Math.min(
    most,
    nComponents === null ? most : nComponents >= 1 ? nComponents : shareOf(ratios, nComponents),
  );
  const explainedVariance = variances.slice(0, count);
  const left = Math.min(rows, size) - count;
  return {
    rowCount: rows,
    means,
    components: vectors.slice(0, count * size),
    explainedVariance,
    explainedVarianceRatio: ratios.slice(0, count),
    singularValues: explainedVariance.map((value) => Math.sqrt(value * (rows - 1))),
    noiseVariance: left > 0 ? Math.max(0, total - sumOf(explainedVariance)) / left : 0,
    solver,
  };
}

/** How many components have more than this share of the variance together. */
function shareOf(ratios: Float64Array, share: number): number {
  let sum = 0;
  const found = ratios.findIndex((ratio) => (sum += ratio) > share);
  return found < 0 ? ratios.length : found + 1;
}
