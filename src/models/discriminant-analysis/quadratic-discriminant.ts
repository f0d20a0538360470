import type { Table } from 'apache-arrow';
import { blockSum } from '../../engine/block-sums.js';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { cholesky } from '../../engine/linear-algebra/cholesky.js';
import { timesPowerOfTwo } from '../../engine/linear-algebra/double-double.js';
import { invertLower } from '../../engine/linear-algebra/invert-lower.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { GaussianOperation } from '../../scoring/program.js';
import type { Estimator, FitOptions, Model, TrainingWarning } from '../../table/interfaces.js';
import { featureColumns, inputsOf, requireFinite, targetOf, weightsOf } from '../features.js';
import { type Analysis, analyse, type ClassMoments, covarianceOf, exponentsOf, ledoitWolf } from './class-moments.js';
import { finishDiscriminant, softmaxOutputs } from './finish.js';
import { type QuadraticDiscriminantParameters, quadraticDiscriminantParameters } from './parameters.js';

/** The least share of a column's variance that the columns before it must leave: below, a covariance is singular. */
const SINGULAR = 1e-12;

/**
 * Quadratic discriminant analysis: classes are normal, each with its own covariance (Hastie, Tibshirani and Friedman, The
 * Elements of Statistical Learning, 4.3). A covariance that cannot be inverted is shrunk until it can, with a warning;
 * of more columns than rows, only the variances count. Weights are taken by their ratios.
 */
export class QuadraticDiscriminantAnalysis implements Estimator {
  readonly name = 'quadratic-discriminant-analysis';
  readonly task = 'classification';
  readonly declarations = quadraticDiscriminantParameters;
  readonly parameters: QuadraticDiscriminantParameters;

  constructor(parameters: Partial<QuadraticDiscriminantParameters> = {}) {
    this.parameters = checkParameters('QuadraticDiscriminantAnalysis', quadraticDiscriminantParameters, parameters);
    const { regParam, shrinkage } = this.parameters;
    if (regParam > 0 && shrinkage !== 'none') {
      throw new LanewiseError(
        'usage',
        `Expected regParam or shrinkage but received both, ${regParam} and ${shrinkage}`,
        {
          hint: 'Both draw covariances to something simpler: regParam to the identity, shrinkage to the mean variance.',
        },
      );
    }
  }

  with(parameters: Partial<QuadraticDiscriminantParameters>): QuadraticDiscriminantAnalysis {
    return new QuadraticDiscriminantAnalysis({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'classification');
    const weights = weightsOf(table, options);
    requireFinite(this.name, columns);
    const engine = options.engine ?? (await defaultEngine());
    const analysis = analyse(columns, target, weights, this.parameters.priors);
    for (const { rows, label } of analysis.classes) {
      if (rows !== 1) continue;
      throw new LanewiseError('data', `Expected two rows of each class or more but class "${label}" has one`, {
        hint: 'One row has no covariance; linear-discriminant-analysis shares one among the classes.',
      });
    }
    const { regParam, shrinkage } = this.parameters;
    const wide = analysis.active.length >= analysis.rowCount && regParam === 0 && shrinkage === 'none';
    const densities = wide
      ? diagonal(analysis, columns.length)
      : await this.#full(engine, analysis, columns.length, options);
    const builder = new ProgramBuilder(inputsOf(columns));
    const inputs = columns.map((_, j) => j);
    const first = builder.reserve(target.classes!.length);
    const outputs = target.classes!.map((_, k) => first + k);
    const { shrunk, ...operation } = densities;
    requireRange(operation);
    builder.emit({ op: 'gaussian', inputs, outputs, ...operation });
    const probabilities = softmaxOutputs(builder, outputs);
    const warnings = warningsOf(analysis, shrunk, wide);
    return finishDiscriminant(
      this,
      { builder, probabilities, target, columns, warnings, interpretability: 'medium' },
      table,
      options,
      engine,
    );
  }

  async #full(engine: Engine, analysis: Analysis, columnCount: number, { signal }: FitOptions): Promise<Densities> {
    const { active, classes } = analysis;
    const densities = emptyDensities(analysis, columnCount, 'full');
    for (const [k, moments] of classes.entries()) {
      if (moments.rows === 0 || active.length === 0) continue;
      const { factor, shrunk } = await this.#factorise(engine, analysis, moments, signal);
      if (shrunk) densities.shrunk.push(moments.label);
      const size = active.length;
      const inverse = await invertLower(factor, signal);
      const exponents = exponentsOf(analysis);
      for (let i = 0; i < size; i++) {
        const row = (k * columnCount + active[i]!) * columnCount;
        for (let j = 0; j <= i; j++) {
          densities.factors[row + active[j]!] = timesPowerOfTwo(inverse[i * size + j]!, -exponents[j]!);
        }
        // Every class has the units' logarithms in its density: they are left out.
        densities.offsets[k]! -= log(factor.lower[i * size + i]!);
      }
    }
    return densities;
  }

  /** L·Lᵀ of a class's covariance, as the parameters have it; shrunk where that is singular. */
  async #factorise(engine: Engine, analysis: Analysis, moments: ClassMoments, signal?: AbortSignal) {
    const { regParam, shrinkage } = this.parameters;
    const size = analysis.active.length;
    const covariance = await covarianceOf(engine, analysis, moments, shrinkage, signal);
    if (regParam > 0) {
      exponentsOf(analysis).forEach((exponent, i) => {
        for (let j = 0; j < size; j++) covariance[i * size + j]! *= 1 - regParam;
        covariance[i * size + i]! += timesPowerOfTwo(regParam, -2 * exponent);
      });
    }
    const factor = await cholesky(engine, covariance, size, { tolerance: SINGULAR, signal });
    if (factor) return { factor, shrunk: false };
    const shrunk = shrinkSingular(analysis, moments, await covarianceOf(engine, analysis, moments, 'none', signal));
    const again = await cholesky(engine, shrunk, size, { tolerance: SINGULAR, signal });
    if (again) return { factor: again, shrunk: true };
    throw new LanewiseError(
      'data',
      `Expected a class whose columns vary but all rows of "${moments.label}" are alike`,
      {
        hint: 'Raise regParam, or leave the columns out that tell this class by themselves.',
      },
    );
  }
}

interface Densities extends Pick<GaussianOperation, 'covariance' | 'offsets' | 'means' | 'factors'> {
  /** Classes whose covariance was drawn to its diagonal. */
  readonly shrunk: string[];
}

/** Means in the units of the data; a class without rows has probability 0. */
function emptyDensities(analysis: Analysis, columnCount: number, covariance: 'full' | 'diagonal'): Densities {
  const { active, units, classes, priors } = analysis;
  const means = new Float64Array(classes.length * columnCount);
  classes.forEach(({ mean }, k) => {
    units.forEach(({ shift }, column) => {
      means[k * columnCount + column] = shift;
    });
    active.forEach((column, j) => {
      means[k * columnCount + column] = timesPowerOfTwo(mean[j]!, units[column]!.exponent) + units[column]!.shift;
    });
  });
  return {
    covariance,
    offsets: Float64Array.from(classes, ({ rows }, k) => (rows > 0 ? log(priors[k]!) : Number.NEGATIVE_INFINITY)),
    means,
    factors: new Float64Array(means.length * (covariance === 'full' ? columnCount : 1)),
    shrunk: [],
  };
}

/** Variances alone. A column that is constant in a class has there a share of its variance in all. */
function diagonal(analysis: Analysis, columnCount: number): Densities {
  const { active, units, classes } = analysis;
  const densities = emptyDensities(analysis, columnCount, 'diagonal');
  const pooled = pooledVariances(analysis);
  classes.forEach(({ rows, weight, weights, centred }, k) => {
    if (rows === 0) return;
    active.forEach((column, j) => {
      const values = centred[j]!;
      const own = blockSum(rows, (i) => (weights ? weights[i]! : 1) * values[i]! * values[i]!) / weight;
      const deviation = Math.sqrt(Math.max(own, pooled[j]! / (rows + 1)));
      densities.factors[k * columnCount + column] = timesPowerOfTwo(1 / deviation, -units[column]!.exponent);
      densities.offsets[k]! -= log(deviation);
    });
  });
  return densities;
}

/** Within classes; 1 (in the column's unit) where all classes are constant. */
function pooledVariances({ active, classes, rowCount }: Analysis): Float64Array {
  return Float64Array.from(active, (_, j) => {
    const squares = classes.reduce(
      (sum, { centred, weights }) =>
        sum + centred[j]!.reduce((part, value, i) => part + (weights ? weights[i]! : 1) * value * value, 0),
      0,
    );
    return squares > 0 ? squares / rowCount : 1;
  });
}

/** Drawn to the diagonal by the share that Ledoit and Wolf find, or one row's where that is more. */
function shrinkSingular(analysis: Analysis, moments: ClassMoments, covariance: Float64Array): Float64Array {
  const size = moments.mean.length;
  const share = Math.max(ledoitWolf(moments, covariance), 1 / (moments.rows + 1));
  const pooled = pooledVariances(analysis);
  const out = covariance.map((value) => (1 - share) * value);
  for (let j = 0; j < size; j++) {
    const own = covariance[j * size + j]!;
    out[j * size + j]! += share * Math.max(own, pooled[j]! / (moments.rows + 1));
  }
  return out;
}

function requireRange({ factors, means }: Pick<GaussianOperation, 'factors' | 'means'>): void {
  if (factors.every(Number.isFinite) && means.every(Number.isFinite)) return;
  throw new LanewiseError('data', 'Expected variances within the range of numbers but some are not', {
    hint: 'A column is very small or hardly varies; measure it in other units, or leave it out.',
  });
}

function warningsOf(analysis: Analysis, shrunk: readonly string[], wide: boolean): TrainingWarning[] {
  const counts = `${analysis.active.length} columns and ${analysis.rowCount} rows`;
  if (wide) {
    return [{ name: 'singular-covariance', message: `of ${counts}, only the variances of the columns count` }];
  }
  if (shrunk.length === 0) return [];
  const named = shrunk.slice(0, 5).map((label) => `"${label}"`);
  if (shrunk.length > named.length) named.push(`${shrunk.length - named.length} more`);
  const message = `the covariance of ${named.join(', ')} is singular and was drawn to its diagonal; set shrinkage or regParam`;
  return [{ name: 'singular-covariance', message }];
}
